#include <fmt/core.h>

#include "base/text.h"
#include "config/connector_file.h"
#include "config/secret.h"
#include "json/json_value.h"

namespace leat {

namespace {

using Kind = json::Value::Kind;

std::unexpected<Error> invalid(const std::string& path, int line, std::string_view what) {
    return fail(ErrorCode::CONFIG_INVALID, fmt::format("{}:{}: {}", path, line, what),
                "The file is a JSON object: {\"name\": ..., \"config\": {...}}, or the inner one alone.");
}

// Nothing nests deeper than the outer object's `config`.
Result<std::vector<Setting>> settings_of(const json::Value& object, const std::string& path, bool outer) {
    std::vector<Setting> settings;
    for (size_t i = 0; i < object.items.size(); ++i) {
        const std::string& key = object.names[i];
        const json::Value& value = object.items[i];
        if (outer && key == "config" && value.is(Kind::object)) continue;
        if (value.is(Kind::null)) continue;
        if (!value.scalar())
            return invalid(
                path, value.line,
                fmt::format("{} is a list or an object; options are plain values", redact_key(key)));
        settings.push_back({key, Setting::Kind::scalar, {value.text}, value.line});
    }
    return settings;
}

}  // namespace

Result<std::vector<Setting>> parse_connector_json(std::string_view text, const std::string& path) {
    auto file = json::parse(text, {.bytes = SIZE_MAX});
    if (!file) return invalid(path, file.error().line, "not JSON: " + file.error().reason);
    if (!file->is(Kind::object)) return invalid(path, file->line, "not a JSON object");
    LEAT_ASSIGN(auto outer, settings_of(*file, path, true));
    const json::Value* config = file->member("config");
    if (!config || !config->is(Kind::object)) return outer;
    LEAT_ASSIGN(auto inner, settings_of(*config, path, false));
    for (const Setting& setting : outer) {
        if (setting.key != "name")
            return invalid(
                path, setting.line,
                fmt::format("{} stands beside config; options belong inside of it", redact_key(setting.key)));
        if (!config->member("name")) inner.push_back(setting);
    }
    return inner;
}

Result<std::vector<Setting>> parse_connector_file(std::string_view text, const std::string& path) {
    std::string_view content = text;
    if (content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);
    return trim(content).starts_with('{') ? parse_connector_json(text, path) : parse_properties(text, path);
}

}  // namespace leat
