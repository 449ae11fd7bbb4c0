#include <fmt/core.h>

#include "base/logging.h"
#include "cli/commands.h"
#include "config/debezium_config.h"
#include "engine/consumer_set.h"
#include "engine/http_service.h"
#include "engine/job_set.h"
#include "engine/source_set.h"
#include "log/embedded/embedded_logs.h"

namespace leat::cli {

using namespace engine;

using namespace std::chrono_literals;

namespace {

LogOptions log_options(const LogConfig& config) {
    LogOptions options;
    options.fsync = config.fsync == FsyncMode::always     ? FsyncPolicy::always
                    : config.fsync == FsyncMode::interval ? FsyncPolicy::interval
                                                          : FsyncPolicy::never;
    options.fsync_interval = config.fsync_interval;
    options.segment_bytes = config.segment_bytes;
    options.retention_age = config.retention_age.value_or(0ms);
    options.retention_bytes = config.retention_bytes.value_or(0);
    options.created_by = "leat " LEAT_VERSION;
    return options;
}

Result<Config> load_files(const RunCommand& command) {
    if (command.debezium_paths.empty()) return load_config(command.config_path);
    return load_debezium_config({command.debezium_paths, command.data_dir, command.settings});
}

Result<Config> load(const RunCommand& command) {
    LEAT_ASSIGN(auto config, load_files(command));
    if (command.listen.empty()) return config;
    config.server.listen = command.listen;
    config.server.enabled = command.listen != "off";
    if (config.sources.empty() && !config.server.enabled)
        return fail(ErrorCode::CONFIG_INVALID,
                    fmt::format("{}: there are no sources, and no server by which they could be made",
                                command.config_path),
                    "Name at least one, or leave --listen off away.");
    return config;
}

// SIGHUP: the files are read again. What cannot be taken leaves everything as it was.
void reload(SourceSet& sources, ConsumerSet& consumers, const RunCommand& command) {
    auto config = load(command);
    Status status;
    if (!config) {
        status = fail(std::move(config.error()));
    } else {
        auto now = std::make_shared<Config>(std::move(*config));
        status = consumers.check_change(*now);
        if (status) status = sources.change(now);
        if (status) consumers.change(now);
    }
    if (!status)
        log_error(LogLevel::error, "", "the configuration is not taken; what runs goes on as it was",
                  status.error());
}

void reload_certificates(HttpService* service) {
    if (!service) return;
    if (auto loaded = service->reload_certificates(); !loaded)
        log_error(LogLevel::error, "", "the certificate is not taken; the one before stays in use",
                  loaded.error());
}

Status serve(std::shared_ptr<const Config> config, const RunCommand& command) {
    SourceSet sources;
    LEAT_TRY(sources.prepare(config));
    LEAT_ASSIGN(auto logs, EmbeddedLogs::open(config->log.dir, log_options(config->log)));
    LEAT_ASSIGN(auto database, db::Database::open(config->log.dir));
    EmbeddedLogs& shared_logs = *logs;
    LEAT_TRY(sources.open(std::move(logs), database));
    log_event(LogLevel::info, "",
              fmt::format("leat {} captures {} sources into {}", LEAT_VERSION, sources.names().size(),
                          config->log.dir));
    ConsumerSet consumers(sources, shared_logs, database);
    LEAT_TRY(consumers.open(config));
    JobSet jobs(consumers, database);
    LEAT_ASSIGN(auto service,
                HttpService::open(config->server, database, sources, sources, &consumers, &jobs));
    sources.start_all();
    consumers.start_all();
    LEAT_TRY(jobs.open());
    while (!wait_for_signal(100ms) && (!sources.ended() || consumers.delivering())) {
        if (reload_was_asked_for()) {
            reload(sources, consumers, command);
            reload_certificates(service.get());
        }
        if (service) service->tick();
        sources.measure();
        consumers.measure();
        jobs.measure();
    }
    service.reset();
    jobs.stop_all();
    consumers.stop_all();
    return sources.stop_all();
}

}  // namespace

int run_server(const RunCommand& command) {
    if (command.config_path.empty() && command.debezium_paths.empty())
        return report({ErrorCode::USAGE, "a configuration is needed: -c FILE or --debezium FILE",
                       "See leat run --help."});
    prepare_reload_signal();
    auto config = load(command);
    if (!config) return report(config.error());
    configure_logging(config->logging.format, config->logging.level);
    for (const std::string& notice : config->notices) log_event(LogLevel::info, "", notice);
    auto status = serve(std::make_shared<Config>(std::move(*config)), command);
    return status ? 0 : report(status.error());
}

}  // namespace leat::cli
