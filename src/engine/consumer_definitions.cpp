// ConsumerSet: the consumers that are made by REST, and kept in the store.
#include <fmt/core.h>

#include <filesystem>

#include "base/file.h"
#include "base/logging.h"
#include "base/text.h"
#include "config/json_settings.h"
#include "config/literal_secret.h"
#include "engine/consumer_factory.h"
#include "engine/consumer_set.h"

namespace leat::engine {

namespace {

Status made_by_rest(bool from_file) {
    if (!from_file) return {};
    return fail(ErrorCode::CONSUMER_FROM_FILE, "the consumer is defined in the configuration file",
                "Change the file and send SIGHUP. Stopping, starting, pausing and resuming work here too.");
}

// The directory of a file; those of the configuration file make theirs themselves.
Status make_room(const ConsumerConfig& config) {
    if (config.type != ConsumerType::file) return {};
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(config.file.path).parent_path(), error);
    if (error) return fail(io_error("create", config.file.path, error.value()));
    return {};
}

}  // namespace

// What the file has meanwhile under the same name runs; the other is told, and left alone.
Status ConsumerSet::load_definitions(const Config& config) {
    LEAT_ASSIGN(auto definitions, definitions_.list(db::DefinitionKind::consumer));
    for (const db::Definition& definition : definitions) {
        if (find(definition.name)) {
            log_error(LogLevel::error, definition.name, "the consumer made by REST does not run",
                      {ErrorCode::CONSUMER_EXISTS, "the configuration file has one of the same name",
                       "Rename one of the two."});
            continue;
        }
        auto consumer = std::make_shared<Consumer>();
        consumer->from_file = false;
        consumer->json = definition.json;
        consumer->revision = definition.revision;
        consumer->config.name = definition.name;
        auto parsed = [&]() -> Result<ConsumerConfig> {
            LEAT_ASSIGN(auto group, settings_of_json(definition.json, definition.name));
            return parse_definition(group, config);
        }();
        if (parsed)
            consumer->config = std::move(*parsed);
        else
            rest(*consumer, ConsumerState::failed, std::move(parsed.error()));
        add(std::move(consumer));
    }
    return {};
}

Result<ConsumerConfig> ConsumerSet::parse_definition(const SettingGroup& group, const Config& config) const {
    SettingGroup named = group;
    if (named.path.empty()) named.path = "request";
    LEAT_ASSIGN(auto parsed, parse_consumer(named, named.path, config.secrets));
    if (parsed.type != ConsumerType::file) return parsed;
    // Whoever may use the API is not to write wherever this process may.
    bool inside = !parsed.file.path.starts_with('/') && parsed.file.path.find("..") == std::string::npos;
    if (!inside)
        return fail(ErrorCode::CONFIG_INVALID,
                    "file.path: a consumer made by REST writes below the directory \"files\" of the data "
                    "directory; the path is relative to it, without \"..\"",
                    "Write:  orders.ndjson; or define the consumer in the configuration file.");
    parsed.file.path = config.log.dir + "/files/" + parsed.file.path;
    return parsed;
}

Status ConsumerSet::check_source(const ConsumerConfig& config) const {
    if (sources_.view(config.source)) return {};
    auto names = sources_.names();
    std::vector<std::string_view> known(names.begin(), names.end());
    auto near = nearest(config.source, known);
    return fail(ErrorCode::CONFIG_INVALID, fmt::format("source: there is no source \"{}\"", config.source),
                near ? fmt::format("Did you mean {}?", *near) : "GET /api/v1/sources lists them.");
}

// All that can be found wrong with a definition before it is kept.
Status ConsumerSet::check_usable(const ConsumerConfig& config, const SecretResolver& secrets) const {
    LEAT_TRY(check_definition(config, false));
    LEAT_TRY(check_source(config));
    LEAT_ASSIGN(auto spec, feed_spec(config));
    spec.refuse_unknown = true;
    // Before its first attempt a source has no log to compare with.
    if (auto feed = sources_.feed(spec); !feed && feed.error().code != ErrorCode::LOG_NO_SOURCE)
        return fail(std::move(feed.error()));
    if (config.type != ConsumerType::subscription) LEAT_TRY(make_sink(config, {}, secrets));
    return {};
}

Result<server::ConsumerView> ConsumerSet::create(const SettingGroup& group, const std::string& json) {
    std::lock_guard control(control_);
    for (const Setting& setting : group.settings) LEAT_TRY(check_no_literal_secret(setting));
    auto config = this->config();
    LEAT_ASSIGN(auto parsed, parse_definition(group, *config));
    if (find(parsed.name))
        return fail(ErrorCode::CONSUMER_EXISTS, fmt::format("there is a consumer {} already", parsed.name),
                    "Give it another name.");
    LEAT_TRY(check_usable(parsed, config->secrets));
    auto consumer = std::make_shared<Consumer>();
    consumer->config = parsed;
    consumer->from_file = false;
    consumer->json = json;
    LEAT_TRY(make_room(parsed));
    LEAT_TRY(cursors_.remove(parsed.name));  // of one of this name that the file had
    LEAT_TRY(place(*consumer));
    LEAT_ASSIGN(auto stored, definitions_.insert(db::DefinitionKind::consumer, parsed.name, json));
    consumer->revision = stored.revision;
    add(consumer);
    begin(*consumer);
    hold_retention();
    return view_of(*consumer);
}

Result<server::ConsumerView> ConsumerSet::update(const SettingGroup& group, const std::string& json,
                                                 std::optional<uint64_t> revision) {
    std::lock_guard control(control_);
    LEAT_ASSIGN(auto consumer, known(group.name));
    LEAT_TRY(made_by_rest(consumer->from_file));
    for (const Setting& setting : group.settings) LEAT_TRY(check_no_literal_secret(setting));
    auto config = this->config();
    LEAT_ASSIGN(auto parsed, parse_definition(group, *config));
    if (!consumer->config.source.empty() && parsed.source != consumer->config.source)
        return fail(ErrorCode::CONFIG_INVALID,
                    "source: it cannot be changed, since the cursor is of the log of another source",
                    "Create another consumer.");
    LEAT_TRY(check_usable(parsed, config->secrets));
    LEAT_TRY(make_room(parsed));
    LEAT_ASSIGN(auto stored, definitions_.update(db::DefinitionKind::consumer, parsed.name, json, revision));
    end(*consumer);
    {
        std::lock_guard lock(mutex_);
        consumer->config = parsed;
        consumer->json = json;
        consumer->revision = stored.revision;
        consumer->given_up = false;
    }
    LEAT_TRY(place(*consumer));
    begin(*consumer);
    hold_retention();
    return view_of(*consumer);
}

Status ConsumerSet::remove(const std::string& name, std::optional<uint64_t> revision) {
    std::lock_guard control(control_);
    LEAT_ASSIGN(auto consumer, known(name));
    LEAT_TRY(made_by_rest(consumer->from_file));
    if (revision && *revision != consumer->revision)
        return fail(ErrorCode::STORE_CHANGED,
                    fmt::format("the consumer {} was changed in the meantime", name),
                    "Read it again, and send the request with its new ETag.");
    take_away(consumer);
    LEAT_TRY(definitions_.remove(db::DefinitionKind::consumer, name));
    hold_retention();
    return {};
}

}  // namespace leat::engine
