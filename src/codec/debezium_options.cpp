#include "codec/debezium_options.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <regex>

#include "base/text.h"

namespace leat {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::string_view decimal_names[] = {"precise", "double", "string"};
constexpr std::string_view time_names[] = {
    "adaptive",  "adaptive_time_microseconds", "connect", "isostring", "microseconds", "nanoseconds",
    "structured"};
constexpr std::string_view binary_names[] = {"bytes", "base64", "base64-url-safe", "hex"};
constexpr std::string_view hstore_names[] = {"json", "map"};
constexpr std::string_view interval_names[] = {"numeric", "string"};
constexpr std::string_view boolean_names[] = {"false", "true"};
constexpr std::string_view operation_names[] = {"c", "u", "d", "t", "none"};
constexpr std::string_view adjustment_names[] = {"none", "avro", "avro_unicode"};
constexpr std::string_view nonfinite_names[] = {"string", "null"};

constexpr std::string_view default_heartbeat_prefix = "__debezium-heartbeat";

constexpr DebeziumOption options[] = {
    {"decimal.handling.mode", decimal_names, "precise"},
    {"time.precision.mode", time_names, "adaptive"},
    {"binary.handling.mode", binary_names, "bytes"},
    {"hstore.handling.mode", hstore_names, "json"},
    {"interval.handling.mode", interval_names, "numeric"},
    {"money.fraction.digits", {}, "2"},
    {"unavailable.value.placeholder", {}, "__debezium_unavailable_value"},
    {"tombstones.on.delete", boolean_names, "true"},
    {"skipped.operations", operation_names, "none"},
    {"schemas.enable", boolean_names, "false"},
    {"key.converter.schemas.enable", boolean_names, "false"},
    {"value.converter.schemas.enable", boolean_names, "false"},
    {"skip.messages.without.change", boolean_names, "false"},
    {"field.name.adjustment.mode", adjustment_names, "none"},
    {"schema.name.adjustment.mode", adjustment_names, "none"},
    {"topic.transaction", {}, "transaction"},
    {"provide.transaction.metadata", boolean_names, "false"},
    {"extended.headers.enabled", boolean_names, "false"},
    {"headers.schemas.enable", boolean_names, "false"},
    {"topic.delimiter", {}, "."},
    {"heartbeat.interval.ms", {}, "0"},
    {"topic.heartbeat.prefix", {}, default_heartbeat_prefix},
    {"heartbeat.topics.prefix", {}, default_heartbeat_prefix},
    {"topic.heartbeat.name", {}, ""},
    {"message.prefix.include.list", {}, ""},
    {"message.prefix.exclude.list", {}, ""},
    {"message.key.columns", {}, ""},
    {"column.propagate.source.type", {}, ""},
    {"datatype.propagate.source.type", {}, ""},
    {"json.replace.null.with.default", boolean_names, "false"},
    {"float.nonfinite.handling.mode", nonfinite_names, "string"},
};

// Names of modes are taken in any case, as by Debezium.
bool same_word(std::string_view name, std::string_view value) {
    return std::ranges::equal(name, value,
                              [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
}

std::unexpected<Error> invalid(std::string_view option, std::string_view value, Names allowed) {
    auto near = nearest(value, allowed);
    return fail(ErrorCode::CONFIG_INVALID,
                fmt::format("{}: '{}' is not a value of this option", option, value),
                near ? fmt::format("did you mean '{}'? Allowed: {}", *near, fmt::join(allowed, ", "))
                     : fmt::format("allowed: {}", fmt::join(allowed, ", ")));
}

template <class T>
Status set(T& target, std::string_view option, std::string_view value, Names allowed) {
    auto found =
        std::find_if(allowed.begin(), allowed.end(), [&](auto name) { return same_word(name, value); });
    if (found == allowed.end()) return invalid(option, value, allowed);
    target = static_cast<T>(found - allowed.begin());
    return {};
}

Status set_digits(uint32_t& target, std::string_view option, std::string_view value) {
    auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), target);
    if (error != std::errc() || end != value.data() + value.size() || target > 10)
        return fail(ErrorCode::CONFIG_INVALID,
                    fmt::format("{}: '{}' is not a number from 0 to 10", option, value));
    return {};
}

Status set_milliseconds(uint64_t& target, std::string_view option, std::string_view value) {
    auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), target);
    if (error == std::errc() && end == value.data() + value.size()) return {};
    return fail(ErrorCode::CONFIG_INVALID,
                fmt::format("{}: '{}' is not a number of milliseconds", option, value));
}

Status set_operations(std::string& target, std::string_view option, std::string_view value) {
    target.clear();
    for (auto part : split(value, ',')) {
        auto name = trim(part);
        if (std::find(std::begin(operation_names), std::end(operation_names), name) ==
            std::end(operation_names))
            return invalid(option, name, operation_names);
        if (name != "none") target += name;
    }
    return {};
}

Status set_patterns(std::vector<std::string>& target, std::string_view option, std::string_view value) {
    target.clear();
    for (auto part : split(value, ',')) {
        auto pattern = trim(part);
        if (pattern.empty()) continue;
        try {
            std::regex compiled{std::string(pattern)};
        } catch (const std::regex_error& error) {
            return fail(ErrorCode::CONFIG_INVALID, fmt::format("{}: '{}' is not a regular expression: {}",
                                                               option, pattern, error.what()));
        }
        target.emplace_back(pattern);
    }
    return {};
}

// "table:column,column;table:column" as the patterns "table.column".
Status set_key_columns(std::vector<std::string>& target, std::string_view option, std::string_view value) {
    target.clear();
    for (std::string_view part : split(value, ';')) {
        if (trim(part).empty()) continue;
        auto halves = split(part, ':');
        if (halves.size() != 2 || trim(halves[0]).empty() || trim(halves[1]).empty())
            return fail(ErrorCode::CONFIG_INVALID,
                        fmt::format("{}: '{}' is not of the form table:column,column", option, part),
                        "For example public.orders:id,region;public.customers:email");
        std::vector<std::string> patterns;
        std::string joined;
        for (std::string_view column : split(halves[1], ','))
            joined += fmt::format("{}{}.{}", joined.empty() ? "" : ",", trim(halves[0]), trim(column));
        LEAT_TRY(set_patterns(patterns, option, joined));
        target.insert(target.end(), patterns.begin(), patterns.end());
    }
    return {};
}

Status set_text(std::string& target, std::string_view option, std::string_view value) {
    if (value.empty()) return fail(ErrorCode::CONFIG_INVALID, fmt::format("{}: must not be empty", option));
    target = value;
    return {};
}

Status set_option(DebeziumOptions& to, std::string_view name, std::string_view value) {
    if (name == "decimal.handling.mode") return set(to.decimal, name, value, decimal_names);
    if (name == "time.precision.mode") return set(to.time, name, value, time_names);
    if (name == "binary.handling.mode") return set(to.binary, name, value, binary_names);
    if (name == "hstore.handling.mode") return set(to.hstore, name, value, hstore_names);
    if (name == "interval.handling.mode") return set(to.interval, name, value, interval_names);
    if (name == "money.fraction.digits") return set_digits(to.money_fraction_digits, name, value);
    if (name == "unavailable.value.placeholder") return set_text(to.unavailable_value, name, value);
    if (name == "tombstones.on.delete") return set(to.tombstones, name, value, boolean_names);
    if (name == "skipped.operations") return set_operations(to.skipped_operations, name, value);
    if (name == "headers.schemas.enable") return set(to.header_schemas, name, value, boolean_names);
    if (name == "extended.headers.enabled") return set(to.context_headers, name, value, boolean_names);
    if (name == "schemas.enable") {
        LEAT_TRY(set(to.key_schemas, name, value, boolean_names));
        return set(to.schemas_enable, name, value, boolean_names);
    }
    if (name == "key.converter.schemas.enable") return set(to.key_schemas, name, value, boolean_names);
    if (name == "value.converter.schemas.enable") return set(to.schemas_enable, name, value, boolean_names);
    if (name == "skip.messages.without.change") return set(to.skip_unchanged, name, value, boolean_names);
    if (name == "field.name.adjustment.mode") return set(to.field_names, name, value, adjustment_names);
    if (name == "schema.name.adjustment.mode") return set(to.schema_names, name, value, adjustment_names);
    if (name == "topic.transaction") return set_text(to.topic_transaction, name, value);
    if (name == "provide.transaction.metadata")
        return set(to.transaction_metadata, name, value, boolean_names);
    if (name == "topic.delimiter") return set_text(to.topic_delimiter, name, value);
    if (name == "heartbeat.interval.ms") return set_milliseconds(to.heartbeat_interval_ms, name, value);
    if (name == "heartbeat.topics.prefix" || name == "topic.heartbeat.prefix") {
        // Two names of one option: a default of the one does not undo the other.
        if (value == default_heartbeat_prefix) return {};
        return set_text(to.heartbeat_prefix, name, value);
    }
    if (name == "topic.heartbeat.name") return to.heartbeat_topic = value, Status{};
    if (name == "message.prefix.include.list") return set_patterns(to.message_prefix_include, name, value);
    if (name == "message.prefix.exclude.list") return set_patterns(to.message_prefix_exclude, name, value);
    if (name == "message.key.columns") return set_key_columns(to.message_key_columns, name, value);
    if (name == "column.propagate.source.type") return set_patterns(to.source_type_columns, name, value);
    if (name == "datatype.propagate.source.type") return set_patterns(to.source_type_names, name, value);
    if (name == "json.replace.null.with.default")
        return set(to.replace_null_with_default, name, value, boolean_names);
    if (name == "float.nonfinite.handling.mode")
        return set(to.nonfinite_as_null, name, value, nonfinite_names);
    std::vector<std::string_view> names;
    for (auto& option : options) names.push_back(option.name);
    auto near = nearest(name, names);
    return fail(ErrorCode::CONFIG_UNKNOWN_KEY, fmt::format("{}: no such option", name),
                near ? fmt::format("did you mean {}?", *near) : "");
}

}  // namespace

Result<DebeziumOptions> DebeziumOptions::parse(const std::map<std::string, std::string>& values) {
    DebeziumOptions parsed;
    // The one for both comes first; those of key and value say more.
    constexpr std::string_view both = "schemas.enable";
    if (auto found = values.find(std::string(both)); found != values.end())
        LEAT_TRY(set_option(parsed, both, found->second));
    for (auto& [name, value] : values)
        if (name != both) LEAT_TRY(set_option(parsed, name, value));
    if (!parsed.message_prefix_include.empty() && !parsed.message_prefix_exclude.empty())
        return fail(ErrorCode::CONFIG_INVALID,
                    "message.prefix.include.list and message.prefix.exclude.list exclude each other");
    return parsed;
}

std::span<const DebeziumOption> debezium_option_list() { return options; }

}  // namespace leat
