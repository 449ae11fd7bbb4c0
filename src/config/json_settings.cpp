#include "config/json_settings.h"

#include <fmt/core.h>

#include <algorithm>

#include "config/secret.h"

namespace leat {

namespace {

using Kind = json::Value::Kind;

constexpr int depth_max = 8;

std::unexpected<Error> invalid(const std::string& key, std::string_view what) {
    return fail(ErrorCode::CONFIG_INVALID, fmt::format("request: {}: {}", redact_key(key), what));
}

Status add(const std::string& key, const json::Value& value, int depth, SettingGroup& to) {
    if (depth > depth_max) return invalid(key, "nested too deeply");
    if (value.is(Kind::object) && !value.names.empty()) {
        for (size_t i = 0; i < value.names.size(); ++i)
            LEAT_TRY(add(key + "." + value.names[i], value.items[i], depth + 1, to));
        return {};
    }
    bool there = std::ranges::any_of(to.settings, [&](const Setting& one) { return one.key == key; });
    if (there) return invalid(key, "stands there a second time");
    Setting setting{key, Setting::Kind::none, {}, 0};
    if (value.is(Kind::array)) {
        setting.kind = Setting::Kind::list;
        for (const json::Value& item : value.items) {
            if (!item.scalar()) return invalid(key, "an item of the list is not a plain value");
            setting.values.push_back(item.text);
        }
    } else if (value.scalar()) {  // as in YAML, all is text, and the parser of the key knows its type
        setting.kind = Setting::Kind::scalar;
        setting.values.push_back(value.text);
    }
    to.settings.push_back(std::move(setting));
    return {};
}

// Numbers and truth values are written as such: nobody wants to read "true" in quotes.
bool stands_bare(const std::string& text) {
    if (text == "true" || text == "false") return true;
    bool digits =
        !text.empty() && text.size() <= 15 && text.find_first_not_of("0123456789") == std::string::npos;
    return digits && (text == "0" || text[0] != '0');
}

}  // namespace

Status add_setting(const std::string& key, const json::Value& value, SettingGroup& to) {
    return add(key, value, 1, to);
}

Result<SettingGroup> settings_of_json(std::string_view text, const std::string& name) {
    LEAT_ASSIGN(auto object, json::read(text));
    SettingGroup group;
    group.name = name;
    if (!object.is(Kind::object)) return invalid(name, "the definition is not an object");
    for (size_t i = 0; i < object.names.size(); ++i)
        LEAT_TRY(add_setting(object.names[i], object.items[i], group));
    return group;
}

std::string to_json(const SettingGroup& group) {
    auto plain = [](const std::string& text, bool bare) {
        json::Value value;
        value.kind = !bare ? Kind::text : text == "true" || text == "false" ? Kind::boolean : Kind::number;
        value.text = text;
        return value;
    };
    json::Value object;
    object.kind = Kind::object;
    for (const Setting& setting : group.settings) {
        json::Value value;
        if (setting.kind == Setting::Kind::scalar) {
            value = plain(setting.value(), stands_bare(setting.value()));
        } else if (setting.kind == Setting::Kind::list) {
            value.kind = Kind::array;
            for (const std::string& item : setting.values) value.items.push_back(plain(item, false));
        }
        object.names.push_back(setting.key);
        object.items.push_back(std::move(value));
    }
    return json::to_text(object);
}

}  // namespace leat
