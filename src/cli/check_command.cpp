#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>

#include "cli/commands.h"
#include "cli/source_factory.h"

namespace leat::cli {

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

}  // namespace

int run_check(const CheckCommand& command) {
    SourceConfig config = default_source("leat_check", SecretString(command.url));
    config.tables = command.tables;
    auto setup = make_source(config, SecretResolver(), 64 << 20);
    if (!setup) return report(setup.error());
    auto findings = setup->source->check();
    if (!findings) return report(findings.error());
    bool color = use_color(command.color, STDOUT_FILENO);
    int errors = 0, warnings = 0;
    const Error* first = nullptr;
    Error error;
    for (const Finding& finding : *findings) {
        print(finding, color);
        if (finding.level == Finding::Level::warning) ++warnings;
        if (finding.level != Finding::Level::error) continue;
        if (errors++ == 0) {
            error = {finding.code, fmt::format("{}: {}", finding.subject, finding.message), {}};
            first = &error;
        }
    }
    if (first) {
        fmt::print("\n{} to mend before Leat can capture. Nothing was changed.\n", errors);
        std::fflush(stdout);
        return report(*first);
    }
    fmt::print("\nLeat can capture from this database{}. Nothing was changed.\n",
               warnings ? ", with the limits above" : "");
    return 0;
}

}  // namespace leat::cli
