// What the server tells, as tables for people.
#include <fmt/core.h>

#include <cmath>

#include "base/text.h"
#include "cli/remote_commands.h"

namespace leat::cli {

namespace {

using json::Value;

double number(const Value* value) {
    return value && value->is(Value::Kind::number) ? std::strtod(value->text.c_str(), nullptr) : 0;
}

const Value* at(const Value& value, std::string_view first, std::string_view second) {
    const Value* inner = value.member(first);
    return inner && inner->is(Value::Kind::object) ? inner->member(second) : nullptr;
}

std::string count(const Value* value) {
    if (!value || !value->is(Value::Kind::number)) return "-";
    std::string digits = value->text.substr(0, value->text.find('.')), out;
    for (size_t i = 0; i < digits.size(); ++i) {
        if (i && (digits.size() - i) % 3 == 0) out += ',';
        out += digits[i];
    }
    return out;
}

std::string duration(double seconds) {
    if (seconds < 10) return fmt::format("{:.3f}s", seconds);
    if (seconds < 600) return fmt::format("{:.0f}s", seconds);
    if (seconds < 36000) return fmt::format("{:.0f}m", seconds / 60);
    if (seconds < 864000) return fmt::format("{:.0f}h", seconds / 3600);
    return fmt::format("{:.0f}d", seconds / 86400);
}

// "2026-11-21T10:15:30.123456Z" to the second.
std::string moment(const Value* value) {
    if (!value || !value->is(Value::Kind::text)) return "-";
    std::string text = value->text.substr(0, 19);
    if (text.size() > 10) text[10] = ' ';
    return text;
}

std::string error_code(const Value& of) {
    const Value* error = of.member("error");
    return error && error->is(Value::Kind::object) ? error->text_of("code") : "";
}

// What is wrong, below the table, with what to do.
std::string errors(const Value& list, std::string_view id) {
    std::string out;
    for (const Value& one : list.items) {
        const Value* error = one.member("error");
        if (!error || !error->is(Value::Kind::object)) continue;
        out +=
            fmt::format("\n{}: {}: {}\n", one.text_of(id), error->text_of("code"), error->text_of("message"));
        std::string action = error->text_of("action");
        for (std::string_view line : split(action, '\n'))
            if (!line.empty()) out += fmt::format("  {}\n", line);
    }
    return out;
}

}  // namespace

std::string joined(const Value* list) {
    std::string out;
    if (!list) return out;
    for (const Value& item : list->items) {
        if (!out.empty()) out += ", ";
        out += item.text;
    }
    return out;
}

std::string sources_table(const Value& sources) {
    TextTable table(
        {"SOURCE", "STATE", ">LAG", ">CHANGES/S", ">CHANGES", "LAST CHANGE (UTC)", ">LOG", "FROM", "ERROR"});
    for (const Value& one : sources.items) {
        const Value* last = one.member("last_captured_timestamp");
        bool any = last && last->is(Value::Kind::text);
        table.add({one.text_of("source_id"), one.text_of("status"),
                   any ? duration(number(one.member("lag_seconds"))) : "-",
                   fmt::format("{:.1f}", number(one.member("changes_per_second"))),
                   count(at(one, "log", "last_seq")), moment(last),
                   human_bytes(static_cast<uint64_t>(number(at(one, "log", "bytes")))), one.text_of("origin"),
                   error_code(one)});
    }
    return table.empty() ? "There are no sources.\n" : table.render() + errors(sources, "source_id");
}

std::string consumers_table(const Value& consumers) {
    TextTable table(
        {"CONSUMER", "SOURCE", "TYPE", "STATE", ">BEHIND", ">LAG", ">DELIVERED", ">DEAD", "FROM", "ERROR"});
    for (const Value& one : consumers.items)
        table.add({one.text_of("consumer_id"), one.text_of("source_id"), one.text_of("type"),
                   one.text_of("status"), count(one.member("lag_changes")),
                   duration(number(one.member("lag_seconds"))), count(one.member("changes")),
                   count(one.member("dead_letters")), one.text_of("origin"), error_code(one)});
    return table.empty() ? "There are no consumers.\n" : table.render() + errors(consumers, "consumer_id");
}

}  // namespace leat::cli
