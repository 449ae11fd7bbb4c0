#include "snapshot/signal.h"

#include <fmt/core.h>

#include <regex>

#include "json/json_value.h"

namespace leat {

namespace {

constexpr size_t data_bytes_max = 1 << 20;

std::unexpected<Error> refuse(std::string what) {
    return fail(ErrorCode::CONFIG_INVALID, std::move(what), "Send another signal; this one did nothing.");
}

Status read_collections(const json::Value& data, Signal& signal) {
    const json::Value* list = data.member("data-collections");
    if (!list) return {};
    if (!list->is(json::Value::Kind::array)) return refuse("data-collections is no array");
    for (const json::Value& item : list->items) {
        if (!item.is(json::Value::Kind::text))
            return refuse("data-collections has something that is no string");
        signal.collections.push_back(item.text);
    }
    return {};
}

Status read_conditions(const json::Value& data, Signal& signal) {
    const json::Value* list = data.member("additional-conditions");
    if (list && !list->is(json::Value::Kind::array)) return refuse("additional-conditions is no array");
    if (list)
        for (const json::Value& item : list->items) {
            Signal::Condition condition{item.text_of("data-collection"), item.text_of("filter")};
            if (condition.collection.empty() || condition.filter.empty())
                return refuse("an additional condition needs data-collection and filter");
            signal.conditions.push_back(std::move(condition));
        }
    // Debezium's older form, of all collections.
    if (std::string filter = data.text_of("additional-condition"); !filter.empty())
        signal.conditions.push_back({".*", filter});
    return {};
}

}  // namespace

Result<Signal> parse_signal(std::string_view type, std::string_view data) {
    Signal signal;
    if (type == "execute-snapshot")
        signal.kind = Signal::Kind::execute;
    else if (type == "stop-snapshot")
        signal.kind = Signal::Kind::stop;
    else if (type == "pause-snapshot")
        signal.kind = Signal::Kind::pause;
    else if (type == "resume-snapshot")
        signal.kind = Signal::Kind::resume;
    else if (type != "log")
        return refuse(fmt::format("signals of the type \"{}\" are not supported", type));
    auto json = json::read(data.empty() ? "{}" : data, {.bytes = data_bytes_max});
    if (!json) return refuse("the signal's data is no JSON object: " + json.error().message);
    if (!json->is(json::Value::Kind::object)) return refuse("the signal's data is no JSON object");
    signal.message = json->text_of("message");
    std::string how = json->text_of("type");
    for (char& c : how) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    signal.blocking = how == "blocking";
    if (!how.empty() && how != "incremental" && how != "blocking")
        return refuse(fmt::format("there is no snapshot of the type \"{}\"", how));
    LEAT_TRY(read_collections(*json, signal));
    LEAT_TRY(read_conditions(*json, signal));
    if (signal.kind == Signal::Kind::execute && signal.collections.empty())
        return refuse("execute-snapshot needs data-collections");
    return signal;
}

Result<NamedSignal> parse_signal_line(std::string_view line) {
    auto json = json::read(line, {.bytes = data_bytes_max});
    if (!json) return refuse("the signal is no JSON object: " + json.error().message);
    if (!json->is(json::Value::Kind::object)) return refuse("the signal is no JSON object");
    const json::Value* data = json->member("data");
    std::string text;
    if (data && !data->is(json::Value::Kind::null))
        text = data->is(json::Value::Kind::text) ? data->text : json::to_text(*data);
    LEAT_ASSIGN(auto signal, parse_signal(json->text_of("type"), text));
    return NamedSignal{json->text_of("id"), std::move(signal)};
}

Result<bool> matches_any(const std::vector<std::string>& expressions, const std::string& name) {
    for (const std::string& expression : expressions) {
        // A name as it is usually given is its own expression; quotes around its parts are taken off.
        std::string pattern;
        for (char c : expression)
            if (c != '"') pattern += c;
        try {
            if (std::regex_match(name, std::regex(pattern, std::regex::ECMAScript | std::regex::icase)))
                return true;
        } catch (const std::regex_error& error) {
            return refuse(fmt::format("\"{}\" is no regular expression: {}", expression, error.what()));
        }
    }
    return false;
}

}  // namespace leat
