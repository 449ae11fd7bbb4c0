#include <fmt/core.h>
#include <unistd.h>

#include "base/logging.h"
#include "cli/commands.h"
#include "cli/tail_log.h"
#include "engine/source_factory.h"

namespace leat::cli {

using namespace engine;

using namespace std::chrono_literals;

namespace {

Status tail(const TailCommand& command) {
    SourceConfig config = default_source("tail", SecretString(command.url));
    config.tables = command.output.tables;
    SecretResolver secrets;
    LEAT_ASSIGN(auto url, resolve_argument(command.url, secrets));
    std::map<std::string, std::string> format_options;
    LEAT_TRY(apply_settings(command.output.settings, format_options));
    LEAT_ASSIGN(auto debezium, parse_format_options(command.output, std::move(format_options)));
    debezium.topic_prefix = debezium.database = url.database;
    OutputOptions output = command.output;
    output.tables.clear();  // the source selects them
    output.interruptible = true;
    LEAT_ASSIGN(auto printer, Printer::make(output, std::move(debezium)));
    LEAT_ASSIGN(auto setup, make_temporary_source(config, secrets, MemoryShare{}, command.snapshot));

    auto print = [&](const Block& block, SchemaSet& schemas) { return printer->print(block, schemas); };
    auto flush = [&] { return printer->flush(); };
    SourceRunner runner(
        "tail", std::move(setup.source),
        [&]() -> Result<std::unique_ptr<ChangeLog>> { return std::make_unique<TailLog>(print, flush); },
        setup.runner);
    runner.start();
    bool greeted = !isatty(STDERR_FILENO);
    while (true) {
        bool interrupted = wait_for_signal(20ms);
        auto status = runner.status();
        if (!greeted && status.state == SourceState::running) {
            fmt::print(stderr, "Showing what is committed in {} from now on. Ctrl-C ends.\n", url.display());
            greeted = true;
        }
        bool ended = status.state == SourceState::failed || status.state == SourceState::stopped;
        bool idle = status.state == SourceState::running && printer->idle_too_long();
        bool finished = printer->finished() || idle;
        if (!interrupted && !ended && !finished) continue;
        if (interrupted) printer->cancel();
        runner.request_stop();
        runner.join();
        printer->tell_left_out();
        status = runner.status();
        if (status.state == SourceState::failed && !finished && !interrupted)
            return fail(std::move(*status.error));
        return {};
    }
}

}  // namespace

int run_tail(const TailCommand& command) {
    // Only what a person at the terminal has to know: errors are reported once, at the end.
    configure_logging(LogFormat::text, LogLevel::warning);
    auto status = tail(command);
    return status ? 0 : report(status.error());
}

}  // namespace leat::cli
