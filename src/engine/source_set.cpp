#include "engine/source_set.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/logging.h"
#include "codec/debezium_options.h"
#include "engine/format_notes.h"
#include "engine/source_factory.h"

namespace leat::engine {

namespace {

bool has_ended(const SourceRunner& runner) {
    auto state = runner.status().state;
    return state == SourceState::stopped || state == SourceState::failed;
}

std::unexpected<Error> needs_restart(std::string_view what) {
    return fail(ErrorCode::CONFIG_INVALID, fmt::format("{} cannot be changed while Leat runs", what),
                "Restart Leat to change it, or take it back and send SIGHUP again.");
}

}  // namespace

Result<std::unique_ptr<SourceRunner>> SourceSet::make_runner(const SourceConfig& source,
                                                             std::shared_ptr<const Config> config) const {
    LEAT_TRY(DebeziumOptions::parse(source.format_options));
    MemoryShare share{config->memory_bytes, std::max<size_t>(1, config->sources.size())};
    LEAT_ASSIGN(auto setup, make_source(source, config->secrets, share, spill_));
    LEAT_ASSIGN(auto url, resolve_url(source, config->secrets));
    FormatNotes notes{source.topic_prefix, url.database, source.format_options};
    auto open_log = [this, name = source.name, dir = config->log.dir,
                     notes]() -> Result<std::unique_ptr<ChangeLog>> {
        LEAT_ASSIGN(auto log, logs_->open_source(name));
        LEAT_TRY(save_format_notes(dir, name, notes));
        return log;
    };
    return std::make_unique<SourceRunner>(source.name, std::move(setup.source), open_log, setup.runner);
}

Status SourceSet::prepare(std::shared_ptr<const Config> config) {
    const std::string& dir = config->spill.dir;
    spill_ =
        std::make_shared<SpillSpace>(dir.empty() ? config->log.dir + "/spill" : dir, config->spill.bytes);
    for (const SourceConfig& source : config->sources) {
        LEAT_ASSIGN(auto runner, make_runner(source, config));
        add({source, std::move(runner)});
    }
    config_ = std::move(config);
    return {};
}

Status SourceSet::open(std::unique_ptr<EmbeddedLogs> logs) {
    logs_ = std::move(logs);
    return spill_->prepare();
}

void SourceSet::start() {
    for (Source& source : sources_) source.runner->start();
}

void SourceSet::add(Source source) {
    std::lock_guard lock(mutex_);
    sources_.push_back(std::move(source));
}

SourceSet::Source* SourceSet::find(const std::string& name) {
    auto found = std::ranges::find_if(sources_, [&](const Source& one) { return one.config.name == name; });
    return found == sources_.end() ? nullptr : &*found;
}

Status SourceSet::check_change(const Config& to) const {
    if (!(to.log == config_->log)) return needs_restart("log");
    if (!(to.spill == config_->spill)) return needs_restart("spill");
    if (!(to.server == config_->server)) return needs_restart("server");
    if (to.memory_bytes != config_->memory_bytes) return needs_restart("memory.bytes");
    for (const SourceConfig& now : to.sources)
        for (const Source& source : sources_) {
            const SourceConfig& was = source.config;
            if (was.name != now.name || was == now) continue;
            std::string prefix = fmt::format("sources.{}.", now.name);
            if (was.slot_name != now.slot_name) return needs_restart(prefix + "slot.name");
            if (was.publication_name != now.publication_name)
                return needs_restart(prefix + "publication.name");
            // It would be dropped in between, and what is committed then lost.
            if (was.drop_slot_on_stop)
                return needs_restart(fmt::format("source {}, whose slot.drop.on.stop is true,", now.name));
        }
    return {};
}

Status SourceSet::change(std::shared_ptr<const Config> to) {
    LEAT_TRY(check_change(*to));
    std::vector<Source> made;
    std::vector<std::string> leaving;
    for (const SourceConfig& now : to->sources) {
        Source* was = find(now.name);
        if (was && was->config == now && !has_ended(*was->runner)) continue;
        LEAT_ASSIGN(auto runner, make_runner(now, to));
        made.push_back({now, std::move(runner)});
        if (was) leaving.push_back(now.name);
    }
    for (const Source& source : sources_) {
        bool stays =
            std::ranges::any_of(to->sources, [&](auto& now) { return now.name == source.config.name; });
        if (stays) continue;
        leaving.push_back(source.config.name);
        log_event(LogLevel::warning, source.config.name,
                  fmt::format(
                      "the source is no longer in the configuration. Its replication slot {} stays, and "
                      "keeps WAL; if the source is not coming back:\nSELECT pg_drop_replication_slot('{}');",
                      source.config.slot_name, source.config.slot_name));
    }
    for (const std::string& name : leaving) find(name)->runner->request_stop();
    for (const std::string& name : leaving) {
        find(name)->runner->join();
        std::lock_guard lock(mutex_);
        std::erase_if(sources_, [&](const Source& one) { return one.config.name == name; });
    }
    configure_logging(to->logging.format, to->logging.level);
    log_event(
        LogLevel::info, "",
        fmt::format("configuration taken: {} sources go on as they were, {} are started, {} were stopped",
                    sources_.size(), made.size(), leaving.size()));
    config_ = std::move(to);
    for (Source& source : made) {
        source.runner->start();
        add(std::move(source));
    }
    return {};
}

bool SourceSet::ended() const {
    return std::ranges::all_of(sources_, [](const Source& source) { return has_ended(*source.runner); });
}

Status SourceSet::stop() {
    for (Source& source : sources_) source.runner->request_stop();
    Status outcome;
    for (Source& source : sources_) {
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
    std::lock_guard lock(mutex_);
    sources_.clear();
    return outcome;
}

}  // namespace leat::engine
