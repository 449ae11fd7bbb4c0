#include "engine/source_set.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/logging.h"
#include "codec/debezium_options.h"
#include "engine/format_notes.h"
#include "engine/source_factory.h"

namespace leat::engine {

using server::DesiredState;

namespace {

std::unexpected<Error> needs_restart(std::string_view what) {
    return fail(ErrorCode::CONFIG_INVALID, fmt::format("{} cannot be changed while Leat runs", what),
                "Restart Leat to change it, or take it back and send SIGHUP again.");
}

std::unexpected<Error> made_by_rest(const std::string& name) {
    return fail(
        ErrorCode::CONFIG_INVALID, fmt::format("the source {} of the file was made by REST already", name),
        fmt::format("Choose another name, or remove the other first: DELETE /api/v1/sources/{}", name));
}

}  // namespace

void SourceSet::tell_of_slot(const SourceConfig& source) {
    log_event(LogLevel::warning, source.name,
              fmt::format("the source is no longer defined. Its replication slot {} stays, and keeps WAL; if "
                          "the source is not coming back:\nSELECT pg_drop_replication_slot('{}');",
                          source.slot_name, source.slot_name));
}

// What of a source cannot change while there is a slot; empty: nothing is different in this.
std::string SourceSet::unchangeable(const SourceConfig& was, const SourceConfig& now) {
    if (was.slot_name != now.slot_name) return "slot.name";
    if (was.publication_name != now.publication_name) return "publication.name";
    // It would be dropped in between, and what is committed then lost.
    return was.drop_slot_on_stop ? "slot.drop.on.stop" : "";
}

std::shared_ptr<const Config> SourceSet::config() const {
    std::lock_guard lock(mutex_);
    return config_;
}

Result<std::unique_ptr<SourceRunner>> SourceSet::make_runner(const SourceConfig& source,
                                                             const Config& config) const {
    LEAT_TRY(DebeziumOptions::parse(source.format_options));
    size_t count = std::max(config.sources.size(), sources_.size());
    MemoryShare share{config.memory_bytes, std::max<size_t>(1, count)};
    LEAT_ASSIGN(auto setup, make_source(source, config.secrets, share, spill_));
    LEAT_ASSIGN(auto url, resolve_url(source, config.secrets));
    FormatNotes notes{source.topic_prefix, url.database, source.format_options};
    auto open_log = [this, name = source.name, dir = log_dir_,
                     notes]() -> Result<std::unique_ptr<ChangeLog>> {
        LEAT_ASSIGN(auto log, logs_->open_source(name));
        LEAT_TRY(save_format_notes(dir, name, notes));
        return log;
    };
    return std::make_unique<SourceRunner>(source.name, std::move(setup.source), open_log, setup.runner);
}

Status SourceSet::prepare(std::shared_ptr<const Config> config) {
    log_dir_ = config->log.dir;
    const std::string& dir = config->spill.dir;
    spill_ =
        std::make_shared<SpillSpace>(dir.empty() ? config->log.dir + "/spill" : dir, config->spill.bytes);
    for (const SourceConfig& source : config->sources) {
        LEAT_ASSIGN(auto runner, make_runner(source, *config));
        Source made;
        made.config = source;
        made.runner = std::move(runner);
        add(std::move(made));
    }
    config_ = std::move(config);
    return {};
}

Status SourceSet::open(std::unique_ptr<EmbeddedLogs> logs, std::shared_ptr<db::Database> database) {
    starting_.emplace(control_);
    logs_ = std::move(logs);
    definitions_.emplace(std::move(database));
    LEAT_TRY(load_definitions());
    return spill_->prepare();
}

void SourceSet::start_all() {
    for (Source& source : sources_)
        if (source.runner) {
            source.runner->pause(source.desired == DesiredState::paused);
            source.runner->start();
        }
    starting_.reset();
}

void SourceSet::add(Source source) {
    std::lock_guard lock(mutex_);
    sources_.push_back(std::move(source));
}

Status SourceSet::check_change(const Config& to) const {
    if (!(to.log == config_->log)) return needs_restart("log");
    if (!(to.spill == config_->spill)) return needs_restart("spill");
    if (!(to.server == config_->server)) return needs_restart("server");
    if (to.memory_bytes != config_->memory_bytes) return needs_restart("memory.bytes");
    for (const SourceConfig& now : to.sources)
        for (const Source& source : sources_) {
            if (source.config.name != now.name || source.config == now) continue;
            if (!source.from_file) return made_by_rest(now.name);
            std::string key = unchangeable(source.config, now);
            if (!key.empty()) return needs_restart(fmt::format("sources.{}.{}", now.name, key));
        }
    return {};
}

// What leaves is stopped first, all at once; its threads may take a while.
void SourceSet::take_away(const std::vector<std::string>& leaving) {
    for (const std::string& name : leaving)
        if (Source* source = find(name); source->runner) source->runner->request_stop();
    for (const std::string& name : leaving) {
        Source old;  // goes without the lock
        if (Source* source = find(name); source->runner) source->runner->join();
        std::lock_guard lock(mutex_);
        auto found = std::ranges::find_if(sources_, [&](auto& one) { return one.config.name == name; });
        old = std::move(*found);
        sources_.erase(found);
    }
}

Status SourceSet::change(std::shared_ptr<const Config> to) {
    LEAT_ASSIGN(auto lock, control());
    LEAT_TRY(check_change(*to));
    std::vector<Source> made;
    std::vector<std::string> leaving;
    for (const SourceConfig& now : to->sources) {
        Source* was = find(now.name);
        if (was && !was->from_file) return made_by_rest(now.name);
        LEAT_TRY(check_unshared_with_rest(now));
        Source next;
        if (was) next.desired = was->desired;
        bool rests = next.desired == DesiredState::stopped;
        if (was && was->config == now && (rests || !was->ended())) continue;
        LEAT_ASSIGN(next.runner, make_runner(now, *to));
        next.config = now;
        if (rests) {
            next.runner.reset();
            next.resting.state = SourceState::stopped;
        }
        made.push_back(std::move(next));
        if (was) leaving.push_back(now.name);
    }
    for (const Source& source : sources_) {
        if (!source.from_file) continue;
        bool stays =
            std::ranges::any_of(to->sources, [&](auto& now) { return now.name == source.config.name; });
        if (stays) continue;
        leaving.push_back(source.config.name);
        tell_of_slot(source.config);
    }
    take_away(leaving);
    configure_logging(to->logging.format, to->logging.level);
    log_event(
        LogLevel::info, "",
        fmt::format("configuration taken: {} sources go on as they were, {} are started, {} were stopped",
                    sources_.size(), made.size(), leaving.size()));
    {
        std::lock_guard states(mutex_);
        config_ = std::move(to);
    }
    for (Source& source : made) {
        if (source.runner) {
            source.runner->pause(source.desired == DesiredState::paused);
            source.runner->start();
        }
        add(std::move(source));
    }
    return {};
}

// Whoever makes sources by REST, or stops them, wants the server to stay.
bool SourceSet::ended() const {
    std::lock_guard lock(mutex_);
    return !sources_.empty() && std::ranges::all_of(sources_, [](const Source& source) {
        return source.from_file && source.ended() && source.desired != DesiredState::stopped;
    });
}

Status SourceSet::stop_all() {
    Control lock(control_);
    for (Source& source : sources_)
        if (source.runner) source.runner->request_stop();
    Status outcome;
    for (Source& source : sources_) {
        if (!source.runner) continue;
        source.runner->join();
        auto status = source.runner->status();
        if (status.state != SourceState::failed || !outcome) continue;
        Error error = std::move(*status.error);
        error.message = fmt::format("source {}: {}", source.config.name, error.message);
        outcome = fail(std::move(error));
    }
    for (Source& source : sources_) {
        source.runner.reset();
        static_cast<void>(logs_->remove_if_empty(source.config.name, {format_notes_file}));
    }
    std::lock_guard states(mutex_);
    sources_.clear();
    return outcome;
}

}  // namespace leat::engine
