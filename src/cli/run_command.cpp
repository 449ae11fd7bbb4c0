#include <fmt/core.h>

#include "base/logging.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/format_notes.h"
#include "cli/source_factory.h"
#include "config/debezium_config.h"
#include "log/embedded/embedded_logs.h"

namespace leat::cli {

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

using Runners = std::vector<std::unique_ptr<SourceRunner>>;

// `logs` is filled in before the runners start: what the configuration says is checked before anything is
// made on disk.
Result<Runners> make_runners(const Config& config, const std::unique_ptr<EmbeddedLogs>& logs) {
    Runners runners;
    MemoryShare share{config.memory_bytes, std::max<size_t>(1, config.sources.size())};
    for (const SourceConfig& source : config.sources) {
        LEAT_TRY(DebeziumOptions::parse(source.format_options));
        LEAT_ASSIGN(auto setup, make_source(source, config.secrets, share));
        LEAT_ASSIGN(auto url, resolve_url(source, config.secrets));
        FormatNotes notes{source.topic_prefix, url.database, source.format_options};
        auto open_log = [&logs, &config, &source, notes]() -> Result<std::unique_ptr<ChangeLog>> {
            LEAT_ASSIGN(auto log, logs->open_source(source.name));
            LEAT_TRY(save_format_notes(config.log.dir, source.name, notes));
            return log;
        };
        runners.push_back(
            std::make_unique<SourceRunner>(source.name, std::move(setup.source), open_log, setup.runner));
    }
    return runners;
}

bool ended(const SourceRunner& runner) {
    auto state = runner.status().state;
    return state == SourceState::stopped || state == SourceState::failed;
}

// Until a signal comes or no source is left.
void wait_for_end(const Runners& runners) {
    while (!wait_for_signal(100ms))
        if (std::all_of(runners.begin(), runners.end(), [](auto& runner) { return ended(*runner); })) return;
}

Status serve(const Config& config) {
    std::unique_ptr<EmbeddedLogs> logs;
    LEAT_ASSIGN(auto runners, make_runners(config, logs));
    LEAT_ASSIGN(logs, EmbeddedLogs::open(config.log.dir, log_options(config.log)));
    log_event(
        LogLevel::info, "",
        fmt::format("leat {} captures {} sources into {}", LEAT_VERSION, runners.size(), config.log.dir));
    for (auto& runner : runners) runner->start();
    wait_for_end(runners);
    for (auto& runner : runners) runner->request_stop();
    Status outcome;
    for (auto& runner : runners) {
        runner->join();
        auto status = runner->status();
        if (status.state != SourceState::failed || !outcome) continue;
        Error error = std::move(*status.error);
        error.message = fmt::format("source {}: {}", runner->name(), error.message);
        outcome = fail(std::move(error));
    }
    runners.clear();
    for (const SourceConfig& source : config.sources)
        static_cast<void>(logs->remove_if_empty(source.name, {format_notes_file}));
    return outcome;
}

}  // namespace

int run_server(const RunCommand& command) {
    if (command.config_path.empty() && command.debezium_paths.empty())
        return report({ErrorCode::USAGE, "a configuration is needed: -c FILE or --debezium FILE",
                       "See leat run --help."});
    auto config = command.debezium_paths.empty()
                      ? load_config(command.config_path)
                      : load_debezium_config({command.debezium_paths, command.data_dir, command.settings});
    if (!config) return report(config.error());
    configure_logging(config->logging.format, config->logging.level);
    for (const std::string& notice : config->notices) log_event(LogLevel::info, "", notice);
    auto status = serve(*config);
    return status ? 0 : report(status.error());
}

}  // namespace leat::cli
