#include "log/embedded/embedded_logs.h"

#include <fmt/core.h>

#include <filesystem>

#include "log/embedded/embedded_log.h"
#include "log/embedded/embedded_reader.h"
#include "log/embedded/log_range.h"

namespace leat {

EmbeddedLogs::EmbeddedLogs(std::string data_directory, LogOptions options,
                           std::shared_ptr<const WriterLock> lock)
    : data_directory_(std::move(data_directory)), options_(std::move(options)), lock_(std::move(lock)) {}

Result<std::unique_ptr<EmbeddedLogs>> EmbeddedLogs::open(const std::string& data_directory,
                                                         const LogOptions& options) {
    LEAT_ASSIGN(auto lock, open_data_directory(data_directory, options.created_by));
    return std::unique_ptr<EmbeddedLogs>(new EmbeddedLogs(data_directory, options, std::move(lock)));
}

Result<std::unique_ptr<EmbeddedLogs>> EmbeddedLogs::open_read_only(const std::string& data_directory) {
    LEAT_TRY(check_data_directory(data_directory));
    return std::unique_ptr<EmbeddedLogs>(new EmbeddedLogs(data_directory, {}, nullptr));
}

Result<std::vector<std::string>> EmbeddedLogs::sources() const {
    std::vector<std::string> sources;
    LEAT_ASSIGN(auto names, list_directory(sources_directory(data_directory_)));
    for (std::string& name : names) {
        if (!check_source_name(name)) continue;
        LEAT_ASSIGN(auto segments, SourcePaths(data_directory_, name).segments());
        if (!segments.empty()) sources.push_back(std::move(name));
    }
    std::ranges::sort(sources);
    return sources;
}

Result<std::unique_ptr<ChangeLog>> EmbeddedLogs::open_source(const std::string& source) {
    LEAT_ASSERT(lock_);
    LEAT_TRY(check_source_name(source));
    LEAT_ASSIGN(auto claim, claim_source(source));
    SourcePaths paths(data_directory_, source);
    std::error_code error;
    if (std::filesystem::create_directory(paths.directory(), error))
        LEAT_TRY(sync_directory(sources_directory(data_directory_)));
    if (error) return fail(io_error("create", paths.directory(), error.value()));
    LogOptions options = options_;
    options.holds = retention_holds(source);
    LEAT_ASSIGN(auto log, EmbeddedLog::open(data_directory_, std::move(paths), std::move(claim), options));
    return log;
}

Status EmbeddedLogs::remove_if_empty(const std::string& source, const std::vector<std::string>& more) {
    SourcePaths paths(data_directory_, source);
    LEAT_ASSIGN(auto segments, paths.segments());
    if (segments.size() != 1 || segments[0].first_seq != Seq(1)) return {};
    LEAT_ASSIGN(auto log, open_source(source));
    if (!log->position().empty()) return {};
    log.reset();
    std::vector<std::string> files = {paths.segment(Seq(1)), paths.index(Seq(1)), paths.tail()};
    for (const std::string& name : more) files.push_back(paths.directory() + "/" + name);
    std::error_code error;  // what cannot be removed does no harm
    for (const std::string& file : files) std::filesystem::remove(file, error);
    std::filesystem::remove(paths.directory(), error);
    return {};
}

// Under a name that is no source's first: what a crash leaves of it is removed the next time.
Status EmbeddedLogs::remove(const std::string& source) {
    LEAT_ASSERT(lock_);
    LEAT_TRY(check_source_name(source));
    LEAT_ASSIGN(auto claim, claim_source(source));
    SourcePaths paths(data_directory_, source);
    std::string removed = sources_directory(data_directory_) + "/.removed-" + source;
    std::error_code error;
    std::filesystem::remove_all(removed, error);
    if (!std::filesystem::exists(paths.directory())) return {};
    std::filesystem::rename(paths.directory(), removed, error);
    if (error) return fail(io_error("remove", paths.directory(), error.value()));
    LEAT_TRY(sync_directory(sources_directory(data_directory_)));
    std::filesystem::remove_all(removed, error);
    return {};
}

// Two writers of one source in this process would be as bad as in two.
Result<WriterClaim> EmbeddedLogs::claim_source(const std::string& source) {
    std::lock_guard lock(open_sources_->mutex);
    if (!open_sources_->names.insert(source).second)
        return fail(ErrorCode::LOG_LOCKED, fmt::format("the log of \"{}\" is open already", source));
    auto open_sources = open_sources_;
    std::shared_ptr<const void> release(nullptr, [open_sources, source](const void*) {
        std::lock_guard closing(open_sources->mutex);
        open_sources->names.erase(source);
    });
    return WriterClaim{lock_, std::move(release)};
}

std::shared_ptr<RetentionHolds> EmbeddedLogs::retention_holds(const std::string& source) const {
    std::lock_guard lock(holds_mutex_);
    auto& holds = holds_[source];
    if (!holds) holds = std::make_shared<RetentionHolds>();
    return holds;
}

Result<std::string> EmbeddedLogs::identity() const { return data_directory_identity(data_directory_); }

Result<std::unique_ptr<LogReader>> EmbeddedLogs::read(const std::string& source, ReadFrom from) const {
    LEAT_TRY(check_source_name(source));
    return EmbeddedReader::open(data_directory_, SourcePaths(data_directory_, source), from);
}

Result<std::vector<LoggedSchema>> EmbeddedLogs::schema_versions(const std::string& source) const {
    LEAT_TRY(check_source_name(source));
    return read_schema_history(data_directory_, SourcePaths(data_directory_, source));
}

Result<LogRange> EmbeddedLogs::range(const std::string& source) const {
    LEAT_TRY(check_source_name(source));
    return read_range(data_directory_, SourcePaths(data_directory_, source));
}

}  // namespace leat
