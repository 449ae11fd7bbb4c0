// SourceSet: sources that are made, changed and removed by REST.
#include <fmt/core.h>

#include "base/logging.h"
#include "config/json_settings.h"
#include "config/literal_secret.h"
#include "config/source_config.h"
#include "engine/format_notes.h"
#include "engine/source_factory.h"
#include "engine/source_set.h"

namespace leat::engine {

using namespace std::chrono_literals;
using db::DefinitionKind;
using server::DesiredState;
using server::SourceView;

namespace {

std::unexpected<Error> of_file(const std::string& name) {
    return fail(
        ErrorCode::API_STATE,
        fmt::format("the source {} is defined in the configuration file, and not to be changed here", name),
        "Change the file and send the process SIGHUP. Starting, stopping and pausing it is possible.");
}

std::unexpected<Error> exists(const std::string& name) {
    return fail(ErrorCode::API_EXISTS, fmt::format("request: source_id: there is a source {} already", name),
                fmt::format("Choose another name, or change it: PATCH /api/v1/sources/{}", name));
}

}  // namespace

// The same rules as in leat.yaml. Every message begins with "request: KEY: ".
Result<SourceConfig> SourceSet::parse_definition(const SettingGroup& group, const Config& config) const {
    for (const Setting& setting : group.settings) LEAT_TRY(check_no_literal_secret(setting));
    SettingGroup of_request = group;
    of_request.path = "request";
    return parse_source(of_request, "request", config.secrets);
}

Status SourceSet::check_unshared_with_rest(const SourceConfig& config) {
    auto status = check_unshared(config, [](const Source& other) { return !other.from_file; });
    if (status) return {};
    status.error().message = fmt::format("sources.{}.{}", config.name, status.error().message.substr(9));
    return status;
}

// Its slot and publication are nobody else's. With control_ held.
Status SourceSet::check_unshared(const SourceConfig& config,
                                 const std::function<bool(const Source&)>& concerns) {
    for (const Source& other : sources_) {
        if (other.config.name == config.name || other.broken || (concerns && !concerns(other))) continue;
        std::string shared = shared_between(other.config, config, config_->secrets);
        if (shared.empty()) continue;
        std::string_view key = shared.starts_with("slot") ? "slot.name" : "publication.name";
        return fail(ErrorCode::CONFIG_INVALID,
                    fmt::format("request: {}: the source {} uses the {} of this server already", key,
                                other.config.name, shared),
                    fmt::format("Give each its own {}.", key));
    }
    return {};
}

// What would make it fail at once is told before anything is made.
Status SourceSet::check_database(const SourceConfig& config, const Config& process) const {
    auto with_key = [](Error error) {
        bool tables = error.code == ErrorCode::PG_NO_TABLES || error.code == ErrorCode::PG_TOO_MANY_TABLES;
        error.message = fmt::format("request: {}: {}", tables ? "tables" : "url", error.message);
        return fail(std::move(error));
    };
    auto setup = make_source(config, process.secrets, MemoryShare{});
    if (!setup) return with_key(setup.error());
    auto findings = setup->source->check();
    if (!findings) return with_key(findings.error());
    for (Finding& finding : *findings)
        if (finding.level == Finding::Level::error)
            return with_key({finding.code, fmt::format("{}: {}", finding.subject, finding.message),
                             std::move(finding.action)});
    return {};
}

Result<SourceView> SourceSet::create(const server::SourceRequest& request) {
    const std::string& name = request.settings.name;
    auto process = this->config();
    LEAT_ASSIGN(auto config, parse_definition(request.settings, *process));
    {
        LEAT_ASSIGN(auto lock, control());  // told before the database is asked
        if (find(name)) return exists(name);
        LEAT_TRY(check_unshared(config));
    }
    if (request.check) LEAT_TRY(check_database(config, *process));

    LEAT_ASSIGN(auto lock, control());
    if (find(name)) return exists(name);
    LEAT_TRY(check_unshared(config));
    Source source;
    LEAT_ASSIGN(source.runner, make_runner(config, *config_));
    source.config = config;
    source.from_file = false;
    source.desired = request.start ? DesiredState::running : DesiredState::stopped;
    auto desired = request.start ? db::DesiredState::running : db::DesiredState::stopped;
    LEAT_ASSIGN(auto kept,
                definitions_->insert(DefinitionKind::source, name, to_json(request.settings), desired));
    source.revision = kept.revision;
    if (!request.start) {
        source.runner.reset();
        source.resting.state = SourceState::created;
    } else {
        source.runner->start();
    }
    add(std::move(source));
    log_event(LogLevel::info, name, "made by REST");
    if (request.start) await_state(*find(name));
    return view(name);
}

Result<SettingGroup> SourceSet::settings(const std::string& name) const {
    LEAT_ASSIGN(auto source, view(name));
    if (source.from_file) return of_file(name);
    LEAT_ASSIGN(auto kept, definitions_->find(DefinitionKind::source, name));
    if (!kept) return fail(ErrorCode::LOG_NO_SOURCE, "there is no source of this name");
    return settings_of_json(kept->json, name);
}

Result<SourceView> SourceSet::update(const SettingGroup& settings, std::optional<uint64_t> revision) {
    const std::string& name = settings.name;
    LEAT_ASSIGN(auto lock, control());
    LEAT_ASSIGN(Source * source, known(name));
    if (source->from_file) return of_file(name);
    if (revision && *revision != source->revision)
        return fail(ErrorCode::STORE_CHANGED, fmt::format("the source {} was changed meanwhile", name),
                    "Read it again, and change what is there now.");
    LEAT_ASSIGN(auto config, parse_definition(settings, *config_));
    std::string key = source->broken ? "" : unchangeable(source->config, config);
    if (!key.empty())
        return fail(ErrorCode::API_STATE,
                    fmt::format("request: {}: it cannot be changed while there is a slot", key),
                    "Remove the source with its slot, and make it anew.");
    LEAT_TRY(check_unshared(config));
    LEAT_ASSIGN(auto runner, make_runner(config, *config_));  // tells what is not valid
    LEAT_TRY(end_runner(*source));
    auto kept = definitions_->update(DefinitionKind::source, name, to_json(settings), revision);
    if (kept) {
        std::lock_guard states(mutex_);
        source->config = config;
        source->revision = kept->revision;
        source->broken = false;
    }
    bool runs = source->desired != DesiredState::stopped;
    if (runs) {
        // What was refused by the store goes on as it was.
        Status begun = begin_runner(*source);
        if (kept) LEAT_TRY(begun);
    }
    if (!kept) return fail(std::move(kept.error()));
    log_event(LogLevel::info, name, "changed by REST");
    if (runs) await_state(*source);
    return view(name);
}

// In this order, so that a kill in between leaves a stopped source that can be removed again.
Status SourceSet::remove(const std::string& name, const server::RemoveRequest& request) {
    LEAT_ASSIGN(auto lock, control());
    LEAT_ASSIGN(Source * source, known(name));
    if (source->from_file) return remove_shadowed(name, request);
    if (request.revision && *request.revision != source->revision)
        return fail(ErrorCode::STORE_CHANGED, fmt::format("the source {} was changed meanwhile", name),
                    "Read it again.");
    LEAT_TRY(set_desired(*source, DesiredState::stopped));
    LEAT_TRY(end_runner(*source));
    if (request.drop_slot) {
        LEAT_ASSIGN(auto setup, make_source(source->config, config_->secrets, MemoryShare{}));
        LEAT_TRY(setup.source->release({}));
    }
    if (request.drop_log)
        LEAT_TRY(logs_->remove(name));
    else
        static_cast<void>(logs_->remove_if_empty(name, {format_notes_file}));
    LEAT_TRY(definitions_->remove(DefinitionKind::source, name));
    if (!request.drop_slot) tell_of_slot(source->config);
    {
        std::lock_guard states(mutex_);
        std::erase_if(sources_, [&](const Source& one) { return one.config.name == name; });
    }
    log_event(LogLevel::info, name, "removed by REST");
    return {};
}

// One that the file has too: what goes is the definition made by REST, which is not used.
Status SourceSet::remove_shadowed(const std::string& name, const server::RemoveRequest& request) {
    LEAT_ASSIGN(auto kept, definitions_->find(DefinitionKind::source, name));
    if (!kept) return of_file(name);
    if (request.drop_slot || request.drop_log)
        return fail(ErrorCode::API_STATE,
                    fmt::format("the source {} of the configuration file uses this slot and log", name),
                    "Leave drop_slot and drop_log out: only the definition made by REST is removed then.");
    return definitions_->remove(DefinitionKind::source, name, request.revision);
}

// ---- at the start ----

// What cannot be made any more (a secret's file that is gone, say) is FAILED and stays, for somebody to mend:
// it keeps nothing else from running.
Status SourceSet::load_definitions() {
    LEAT_ASSIGN(auto kept, definitions_->list(DefinitionKind::source));
    for (Source& source : sources_) {
        LEAT_ASSIGN(source.desired, desired_of(source.config.name));
        if (source.desired != DesiredState::stopped) continue;
        source.runner.reset();  // it was made to see that its configuration is valid
        rest(source, {});
    }
    for (const db::Definition& definition : kept) {
        if (find(definition.name)) {
            log_error(LogLevel::error, definition.name, "two definitions",
                      {ErrorCode::CONFIG_INVALID,
                       fmt::format("the source {} stands in the configuration file and was made by REST too; "
                                   "the file's is used",
                                   definition.name),
                       fmt::format("Take it out of the file, or remove the other: DELETE /api/v1/sources/{}",
                                   definition.name)});
            continue;
        }
        Source source;
        source.from_file = false;
        source.revision = definition.revision;
        LEAT_ASSIGN(source.desired, desired_of(definition.name));
        load_definition(definition, source);
        add(std::move(source));
    }
    return {};
}

void SourceSet::load_definition(const db::Definition& definition, Source& source) {
    source.config = default_source(definition.name, SecretString());
    auto make = [&]() -> Status {
        LEAT_ASSIGN(auto settings, settings_of_json(definition.json, definition.name));
        LEAT_ASSIGN(auto config, parse_definition(settings, *config_));
        LEAT_TRY(check_unshared(config));
        LEAT_ASSIGN(source.runner, make_runner(config, *config_));
        source.config = std::move(config);
        return {};
    };
    auto made = make();
    if (!made) {
        log_error(LogLevel::error, definition.name, "FAILED", made.error());
        source.broken = true;
        source.resting.state = SourceState::failed;
        source.resting.error = std::move(made.error());
        return;
    }
    if (source.desired != DesiredState::stopped) return;
    source.runner.reset();
    source.resting.state = SourceState::stopped;
}

// Its definition is tried again: what it refers to may be there by now.
Status SourceSet::mend(Source& source) {
    LEAT_ASSIGN(auto kept, definitions_->find(DefinitionKind::source, source.config.name));
    LEAT_ASSIGN(auto settings, settings_of_json(kept ? kept->json : "{}", source.config.name));
    LEAT_ASSIGN(auto config, parse_definition(settings, *config_));
    LEAT_TRY(check_unshared(config));
    std::lock_guard states(mutex_);
    source.config = std::move(config);
    source.broken = false;
    return {};
}

}  // namespace leat::engine
