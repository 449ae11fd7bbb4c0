#include <fmt/core.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cstdio>

#include "base/logging.h"
#include "base/text.h"
#include "cli/commands.h"
#include "engine/format_notes.h"
#include "engine/source_set.h"
#include "log/embedded/embedded_logs.h"

namespace leat::cli {

using namespace engine;

using namespace std::chrono_literals;

namespace {

std::string short_time(int64_t time_us) {
    return time_us ? format_time_us(time_us).substr(0, 19) + "Z" : std::string("-");
}

Status list_sources(const EmbeddedLogs& logs) {
    LEAT_ASSIGN(auto sources, logs.sources());
    if (sources.empty()) {
        fmt::print("The change log has no sources yet.\n");
        return {};
    }
    size_t width = 6;
    for (auto& source : sources) width = std::max(width, source.size());
    fmt::print("{:<{}}  {:>12}  {:>12}  {:<20}  {:<20}  {:>10}  {:>8}\n", "SOURCE", width, "FROM SEQ",
               "TO SEQ", "FROM TIME", "TO TIME", "SIZE", "SEGMENTS");
    for (auto& source : sources) {
        LEAT_ASSIGN(auto range, logs.range(source));
        bool empty = range.first_seq == range.next_seq;
        fmt::print("{:<{}}  {:>12}  {:>12}  {:<20}  {:<20}  {:>10}  {:>8}\n", source, width,
                   empty ? "-" : std::to_string(range.first_seq.value),
                   empty ? "-" : std::to_string(range.next_seq.value - 1), short_time(range.first_time_us),
                   short_time(range.last_time_us), human_bytes(range.bytes), range.segments);
    }
    return {};
}

std::optional<uint64_t> parse_seq(std::string_view text) {
    uint64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::unexpected<Error> bad_place(std::string_view option, std::string_view text) {
    return fail(ErrorCode::USAGE, fmt::format("{} takes a sequence or a time, not \"{}\"", option, text),
                "For example 1200, 2026-11-21, \"2026-11-21 10:15\" or 2026-11-21T10:15:30Z.");
}

Status parse_bounds(const LogCommand& command, Bounds& bounds, ReadFrom& from) {
    if (command.from) {
        if (auto seq = parse_seq(*command.from)) {
            bounds.from_seq = *seq;
            from = Seq(std::max<uint64_t>(1, *seq));
        } else if (auto time = parse_time_us(*command.from)) {
            bounds.from_time_us = *time;
            from = FromTime{*time};
        } else {
            return bad_place("--from", *command.from);
        }
    }
    if (command.to) {
        if (auto seq = parse_seq(*command.to))
            bounds.to_seq = *seq;
        else if (auto time = parse_time_us(*command.to))
            bounds.to_time_us = *time;
        else
            return bad_place("--to", *command.to);
    }
    return {};
}

Status print_all(LogReader& reader, Printer& printer, bool follow) {
    while (!printer.finished()) {
        LEAT_ASSIGN(auto block, reader.next(0ms));
        if (!block) {
            LEAT_TRY(printer.flush());
            if (!follow || printer.idle_too_long()) return {};
            LEAT_ASSIGN(block, reader.next(100ms));
        }
        if (block) LEAT_TRY(printer.print(*block, reader.schemas()));
    }
    return {};
}

// What belongs to the changes of one source was given, and no source.
Status check_listing(const LogCommand& command) {
    const OutputOptions& output = command.output;
    bool of_changes = command.from || command.to || command.follow || output.limit ||
                      !output.tables.empty() || !output.ops.empty() || !output.where.empty() ||
                      !output.columns.empty() || !output.format.empty();
    if (!of_changes) return {};
    return fail(ErrorCode::USAGE, "these options are for the changes of one source: --source NAME is missing",
                fmt::format("leat log --data-dir {} lists the sources.", command.data_dir));
}

Status no_source(const EmbeddedLogs& logs, Error error) {
    if (auto sources = logs.sources(); sources && !sources->empty())
        error.action = fmt::format("It has: {}.", fmt::join(*sources, ", "));
    return fail(std::move(error));
}

Status read_source(const EmbeddedLogs& logs, const LogCommand& command) {
    FormatNotes notes = load_format_notes(command.data_dir, command.source);
    LEAT_TRY(apply_settings(command.output.settings, notes.options));
    LEAT_ASSIGN(auto debezium, parse_format_options(command.output, std::move(notes.options)));
    debezium.topic_prefix = notes.topic_prefix;
    debezium.database = notes.database;
    LEAT_ASSIGN(auto printer, Printer::make(command.output, std::move(debezium)));
    Bounds bounds;
    ReadFrom from = FromEarliest{};
    LEAT_TRY(parse_bounds(command, bounds, from));
    printer->set_bounds(bounds);
    // What retention has removed is no error here, unless it was asked for by its sequence.
    auto opened = logs.read(command.source, from);
    if (!opened && opened.error().code == ErrorCode::LOG_NO_SOURCE)
        return no_source(logs, std::move(opened.error()));
    LEAT_ASSIGN(auto reader, std::move(opened));
    if (!command.output.columns.empty()) {
        LEAT_ASSIGN(auto last, read_last(logs, command.source));
        LEAT_TRY(printer->check_columns(last->schemas()));
    }
    Status status = print_all(*reader, *printer, command.follow);
    // What stands before a damaged place is shown.
    LEAT_TRY(printer->flush());
    printer->tell_left_out();
    return status;
}

}  // namespace

int run_log(const LogCommand& command) {
    configure_logging(LogFormat::text, LogLevel::warning);
    if (auto usage = command.source.empty() ? check_listing(command) : Status{}; !usage)
        return report(usage.error());
    auto logs = EmbeddedLogs::open_read_only(command.data_dir);
    if (!logs) return report(logs.error());
    auto status = command.source.empty() ? list_sources(**logs) : read_source(**logs, command);
    return status ? 0 : report(status.error());
}

}  // namespace leat::cli
