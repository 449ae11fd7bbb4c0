#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>

#include "base/logging.h"
#include "cli/commands.h"
#include "config/debezium_config.h"
#include "engine/source_factory.h"

namespace leat::cli {

using namespace engine;

namespace {

struct Mark {
    const char *text, *color;
};
Mark mark(Finding::Level level) {
    switch (level) {
        case Finding::Level::ok:
            return {"ok", "\033[32m"};
        case Finding::Level::warning:
            return {"warning", "\033[33m"};
        case Finding::Level::error:
            return {"missing", "\033[31m"};
    }
    return {"", ""};
}

void print(const Finding& finding, bool color) {
    Mark m = mark(finding.level);
    fmt::print("{}{:<8}{} {:<18} {}\n", color ? m.color : "", m.text, color ? "\033[0m" : "", finding.subject,
               finding.level == Finding::Level::ok
                   ? finding.message
                   : fmt::format("{} ({})", finding.message, leat::name(finding.code)));
    if (finding.action.empty()) return;
    fmt::print("{:<28}", "");
    for (char c : finding.action) {
        if (c == '\n')
            fmt::print("\n{:<28}", "");
        else
            fmt::print("{}", c);
    }
    fmt::print("\n");
}

// The name that a source of this database is likely to get: it stands in the SQL that is printed.
std::string source_name(const std::string& url_text) {
    auto url = parse_postgres_url(url_text);
    std::string name;
    if (url)
        for (char c : url->database)
            name += std::isalnum(static_cast<unsigned char>(c)) ? static_cast<char>(std::tolower(c)) : '_';
    return name.empty() ? "source" : name;
}

// The first error, if there is one.
Result<std::optional<Error>> check_source(const SourceConfig& config, const SecretResolver& secrets,
                                          bool color) {
    LEAT_ASSIGN(auto setup, make_source(config, secrets, MemoryShare{}));
    LEAT_ASSIGN(auto findings, setup.source->check());
    std::optional<Error> first;
    size_t errors = 0, warnings = 0;
    for (const Finding& finding : findings) {
        print(finding, color);
        warnings += finding.level == Finding::Level::warning;
        if (finding.level != Finding::Level::error) continue;
        ++errors;
        if (!first) first = Error{finding.code, fmt::format("{}: {}", finding.subject, finding.message), {}};
    }
    if (errors)
        fmt::print("\n{} to mend before Leat can capture. Nothing was changed.\n", errors);
    else
        fmt::print("\nLeat can capture from this database{}. Nothing was changed.\n",
                   warnings ? ", with the limits above" : "");
    return first;
}

Status check_all(const CheckCommand& command) {
    Config config;
    bool from_file = !command.config_path.empty() || !command.debezium_paths.empty();
    if (!command.debezium_paths.empty()) {
        LEAT_ASSIGN(config, load_debezium_config({command.debezium_paths, {}, {}}));
    } else if (from_file) {
        LEAT_ASSIGN(config, load_config(command.config_path));
    } else {
        if (command.url.empty()) return fail(ErrorCode::USAGE, "a URL, -c FILE or --debezium FILE is needed");
        LEAT_TRY(resolve_argument(command.url, config.secrets));
        config.sources.push_back(default_source(source_name(command.url), SecretString(command.url)));
        config.sources.back().tables = command.tables;
    }
    std::optional<Error> first;
    for (const SourceConfig& source : config.sources) {
        if (from_file) fmt::print("{}:\n", source.name);
        auto outcome = check_source(source, config.secrets, use_color(command.color, STDOUT_FILENO));
        std::fflush(stdout);
        if (!outcome) outcome = std::optional<Error>(std::move(outcome.error()));
        if (*outcome && !first) first = std::move(*outcome);
        if (&source != &config.sources.back()) fmt::print("\n");
    }
    if (first) return fail(std::move(*first));
    return {};
}

}  // namespace

int run_check(const CheckCommand& command) {
    configure_logging(LogFormat::text, LogLevel::warning);
    auto status = check_all(command);
    return status ? 0 : report(status.error());
}

}  // namespace leat::cli
