// leat: the command line.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/remote_commands.h"
#include "cli/token_command.h"

namespace {

using namespace leat;
using namespace leat::cli;

void add_output_options(CLI::App& app, OutputOptions& output) {
    app.add_option("--table", output.tables,
                   "Only tables that match, as schema.table with * and ? (repeatable)")
        ->type_name("GLOB");
    app.add_option("--op", output.ops, "Only these operations: c u d r t m (repeatable, or comma-separated)")
        ->type_name("OP");
    app.add_option("--where", output.where,
                   "Only rows of which an SQL condition is true, e.g. \"status = 'paid' AND amount > 100\" "
                   "(docs/conditions.md)")
        ->type_name("CONDITION");
    app.add_option(
           "--leaving", output.leaving,
           "delete: a row that an update takes out of the condition is a delete, one that it brings in a "
           "create (default: ignore)")
        ->check(CLI::IsMember({"ignore", "delete"}));
    app.add_option(
           "--columns", output.columns,
           "Only these columns: schema.table.column, table.column or column, with * and ? (repeatable, "
           "or comma-separated). Keys stay whole")
        ->type_name("GLOB");
    app.add_option("--limit", output.limit, "End after so many records")
        ->check(CLI::NonNegativeNumber)
        ->type_name("N");
    app.add_option("--idle-exit", output.idle_exit_seconds, "End when nothing came for so long")
        ->check(CLI::NonNegativeNumber)
        ->type_name("SECONDS");
    app.add_option(
           "--format", output.format,
           "text: a readable line per change; or NDJSON, one record a line (docs/formats.md): debezium, "
           "flat, event, cloudevents, cloudevents-binary (default: text on a terminal, else debezium)")
        ->check(CLI::IsMember({"text", "debezium", "flat", "event", "cloudevents", "cloudevents-binary"}));
    app.add_option("--color", output.color, "auto, always or never")
        ->check(CLI::IsMember({"auto", "always", "never"}));
    app.add_option("--set", output.settings,
                   "A format option by Debezium's name, e.g. decimal.handling.mode=string (repeatable)")
        ->type_name("NAME=VALUE");
}

// What may have been meant by the first command or option that there is not. Empty: nothing near.
std::string nearest_word(const CLI::App& app, int argc, char** argv) {
    const CLI::App* within = nullptr;
    auto suggest = [](std::string_view word, const std::vector<std::string>& known) {
        std::vector<std::string_view> names(known.begin(), known.end());
        auto near = nearest(word, names);
        return near ? std::string(*near) : std::string();
    };
    for (int i = 1; i < argc; ++i) {
        std::string word(split(argv[i], '=')[0]);
        std::vector<std::string> names;
        if (!within) {
            for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
                if (command->get_name() == word) within = command;
                names.push_back(command->get_name());
            }
            if (within) continue;
            return word.starts_with("-") ? "" : suggest(word, names);
        }
        // `leat sources strat`: a command within a command.
        auto inner = within->get_subcommands([](const CLI::App*) { return true; });
        if (!inner.empty() && !word.starts_with("-")) {
            auto found = std::ranges::find(inner, word, &CLI::App::get_name);
            for (const CLI::App* command : inner) names.push_back(command->get_name());
            if (found == inner.end()) return suggest(word, names);
            within = *found;
            continue;
        }
        if (!word.starts_with("--")) continue;
        for (const CLI::Option* option : within->get_options())
            for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
        if (std::find(names.begin(), names.end(), word) == names.end()) return suggest(word, names);
    }
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app(
        "Leat reads the transaction log of a database and keeps every committed change in a durable change "
        "log.");
    app.set_version_flag("--version", "leat " LEAT_VERSION);
    app.require_subcommand(1);
    app.get_formatter()->column_width(34);

    TailCommand tail;
    auto* tail_app = app.add_subcommand(
        "tail", "Show the committed changes of a database, from now on; nothing to configure");
    tail_app->add_option("url", tail.url, "postgresql://user@host:port/database")
        ->required()
        ->type_name("URL");
    tail_app->add_flag("--snapshot", tail.snapshot, "First show the rows that are already there");
    add_output_options(*tail_app, tail.output);

    RunCommand run;
    auto* run_app =
        app.add_subcommand("run", "Capture the sources of a configuration file into the change log");
    auto* run_config =
        run_app->add_option("-c,--config", run.config_path, "The configuration file (docs/configuration.md)")
            ->type_name("FILE");
    auto* run_debezium = run_app
                             ->add_option("--debezium", run.debezium_paths,
                                          "Instead: the configuration of a Debezium connector, JSON or "
                                          ".properties (docs/compatibility.md; repeatable)")
                             ->type_name("FILE")
                             ->excludes(run_config);
    run_app
        ->add_option(
            "--listen", run.listen,
            "Where the HTTP server listens, in place of server.listen (127.0.0.1:8083); port 0: any, "
            "off: nowhere")
        ->type_name("HOST:PORT");
    run_app
        ->add_option("--data-dir", run.data_dir,
                     "With --debezium: the change log's directory (default: leat-data beside the file)")
        ->type_name("DIR")
        ->needs(run_debezium);
    run_app
        ->add_option("--set", run.settings,
                     "With --debezium: a key of docs/configuration.md outside of sources, e.g. "
                     "memory.bytes=256MB (repeatable)")
        ->type_name("KEY=VALUE")
        ->needs(run_debezium);

    LogCommand log;
    auto* log_app = app.add_subcommand("log", "Read a change log, whether a server is running on it or not");
    log_app->add_option("--data-dir", log.data_dir, "The log's directory (log.dir in the configuration)")
        ->required()
        ->type_name("DIR");
    log_app->add_option("--source", log.source, "Show this source's changes; without it, list the sources")
        ->type_name("NAME");
    log_app
        ->add_option("--from", log.from, "The first change: a sequence, or a time (UTC unless it has a zone)")
        ->type_name("SEQ|TIME");
    log_app->add_option("--to", log.to, "The last change, likewise")->type_name("SEQ|TIME");
    log_app->add_flag("--follow", log.follow, "Go on with what is appended from now on");
    add_output_options(*log_app, log.output);

    CheckCommand check;
    auto* check_app =
        app.add_subcommand("check", "Look at what capturing from a database needs, and say what mends it");
    auto* check_url =
        check_app->add_option("url", check.url, "postgresql://user@host:port/database")->type_name("URL");
    check_app
        ->add_option("-c,--config", check.config_path, "Check every source of a configuration file instead")
        ->type_name("FILE")
        ->excludes(check_url);
    check_app
        ->add_option("--debezium", check.debezium_paths,
                     "Check the configuration of a Debezium connector instead (repeatable)")
        ->type_name("FILE")
        ->excludes(check_url);
    check_app
        ->add_option("--table", check.tables,
                     "Only tables that match, as schema.table with * and ? (repeatable)")
        ->type_name("GLOB");
    check_app->add_option("--color", check.color, "auto, always or never")
        ->check(CLI::IsMember({"auto", "always", "never"}));

    OptionsCommand options;
    auto* options_app = app.add_subcommand(
        "options", "List the options of a source, Debezium's included, and what Leat does with each");
    options_app->add_flag("--markdown", options.markdown, "As docs/compatibility.md");

    RemoteCommands remote(app);
    TokenCommands tokens(app);

    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& success) {  // --help, --version
        return app.exit(success);
    } catch (const CLI::ParseError& error) {
        std::string help = "See leat --help, and leat COMMAND --help.";
        if (std::string near = nearest_word(app, argc, argv); !near.empty())
            help = "Did you mean " + near + "? " + help;
        return report({ErrorCode::USAGE, error.what(), help});
    }
    std::signal(SIGPIPE, SIG_IGN);
    if (*log_app) return run_log(log);
    if (*check_app) return run_check(check);
    if (*options_app) return run_options(options);
    if (auto status = remote.run()) return *status;
    if (auto status = tokens.run()) return *status;
    prepare_signals();
    return *tail_app ? run_tail(tail) : run_server(run);
}
