// SourceSet: what it tells the server that others read from.
#include <fmt/core.h>

#include "codec/format.h"
#include "engine/format_notes.h"
#include "engine/source_factory.h"
#include "engine/source_set.h"

namespace leat::engine {

namespace {
constexpr double rate_seconds = 5;  // about how long a rate remembers
}

void SourceSet::measure() {
    auto now = SteadyClock::now();
    double seconds = std::chrono::duration<double>(now - measured_).count();
    if (seconds < 1) return;
    bool first = measured_ == SteadyClock::time_point{};
    measured_ = now;
    std::lock_guard lock(mutex_);
    for (Source& source : sources_) {
        if (!source.runner) continue;
        uint64_t changes = source.runner->status().changes;
        double rate = first ? 0 : static_cast<double>(changes - source.measured_changes) / seconds;
        double weight = std::min(1.0, seconds / rate_seconds);
        source.changes_per_second += weight * (rate - source.changes_per_second);
        if (source.changes_per_second < 0.05) source.changes_per_second = 0;
        source.measured_changes = changes;
    }
}

std::vector<std::string> SourceSet::names() const {
    std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const Source& source : sources_) names.push_back(source.config.name);
    return names;
}

Result<server::SourceView> SourceSet::view(const std::string& name) const {
    server::SourceView view;
    view.name = name;
    {
        std::lock_guard lock(mutex_);
        LEAT_ASSIGN(auto* found, known(name));
        view.status = found->status();
        view.desired = found->desired;
        view.from_file = found->from_file;
        view.revision = found->revision;
        if (found->runner) view.checkpoint = found->runner->checkpoint();
        view.changes_per_second = found->changes_per_second;
    }
    // Before its first attempt a source has no log.
    if (auto range = logs_->range(name)) view.range = *range;
    return view;
}

std::vector<TableCounts::Count> SourceSet::table_counts(const std::string& name) const {
    std::lock_guard lock(mutex_);
    auto* found = find(name);
    if (!found || !found->runner) return {};
    return found->runner->table_counts();
}

Result<std::vector<Finding>> SourceSet::check(const std::string& name) const {
    SourceConfig config;
    {
        std::lock_guard lock(mutex_);
        auto* found = find(name);
        if (!found) return fail(ErrorCode::LOG_NO_SOURCE, "there is no source of this name");
        config = found->config;
    }
    auto process = this->config();
    LEAT_ASSIGN(auto setup, make_source(config, process->secrets, MemoryShare{}));
    return setup.source->check();
}

Result<std::vector<server::SchemaVersion>> SourceSet::schemas(const std::string& name) const {
    LEAT_TRY(check_known(name));
    std::vector<server::SchemaVersion> versions;
    auto found = logs_->schema_versions(name);
    if (!found && found.error().code == ErrorCode::LOG_NO_SOURCE) return versions;  // nothing captured yet
    if (!found) return fail(std::move(found.error()));
    for (auto& one : *found) versions.push_back({std::move(one.schema), one.since});
    return versions;
}

Result<std::unique_ptr<LogReader>> read_last(const EmbeddedLogs& logs, const std::string& source) {
    LEAT_ASSIGN(auto range, logs.range(source));
    LEAT_ASSIGN(auto reader, logs.read(source, Seq(std::max<uint64_t>(1, range.next_seq.value - 1))));
    LEAT_TRY(reader->next(std::chrono::milliseconds(0)));
    return reader;
}

Status SourceSet::check_selection(const FeedSpec& spec, ChangeSelection& selection) const {
    bool columns = spec.refuse_unknown && !spec.selection.columns.empty();
    if (spec.selection.where.empty() && !columns) return {};
    LEAT_ASSIGN(auto reader, read_last(*logs_, spec.source));
    if (columns) LEAT_TRY(selection.check_columns(reader->schemas()));
    return selection.check(reader->schemas());
}

Result<FeedSource> SourceSet::feed(const FeedSpec& spec) const {
    LEAT_TRY(check_known(spec.source));
    LEAT_ASSIGN(auto selection, ChangeSelection::make(spec.selection));
    LEAT_TRY(check_selection(spec, selection));
    FeedSource feed;
    feed.read = [this, name = spec.source](ReadFrom from) { return logs_->read(name, from); };
    feed.range = [this, name = spec.source] { return logs_->range(name); };
    feed.make_encoder = [dir = log_dir_, spec]() -> Result<std::unique_ptr<BlockEncoder>> {
        FormatNotes notes = load_format_notes(dir, spec.source);
        LEAT_ASSIGN(auto options, DebeziumOptions::parse(options_for(spec.format, std::move(notes.options))));
        options.topic_prefix = notes.topic_prefix;
        options.database = notes.database;
        options.version = LEAT_VERSION;
        options.replay = spec.replay;
        LEAT_ASSIGN(auto wanted, ChangeSelection::make(spec.selection));
        ColumnProjection columns(spec.selection.columns);
        return std::make_unique<BlockEncoder>(
            leat::make_encoder(spec.format, std::move(options), std::move(columns)), std::move(wanted),
            spec.framing);
    };
    return feed;
}

}  // namespace leat::engine
