#include "server/request_body.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"

namespace leat::server {

namespace {

using Kind = json::Value::Kind;

std::unexpected<Error> wrong(std::string_view name, std::string_view what) {
    return fail(ErrorCode::CONFIG_INVALID, fmt::format("request: {}: {}", name, what));
}

constexpr std::pair<std::string_view, std::string_view> operation_words[] = {
    {"insert", "c"}, {"create", "c"},   {"update", "u"},   {"delete", "d"},
    {"read", "r"},   {"snapshot", "r"}, {"truncate", "t"}, {"message", "m"}};

std::optional<uint64_t> whole_number(const json::Value& value) {
    const std::string& text = value.text;
    uint64_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    bool whole = value.is(Kind::number) && error == std::errc() && end == text.data() + text.size();
    return whole ? std::optional<uint64_t>(number) : std::nullopt;
}

std::string lower(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return text;
}

}  // namespace

Result<RequestBody> RequestBody::read(const http::Request& request) {
    if (trim(request.body).empty()) {
        json::Value empty;
        empty.kind = Kind::object;
        return RequestBody(std::move(empty));
    }
    auto value = json::read(request.body);
    if (!value) return fail(ErrorCode::API_BODY, "the body is not JSON: " + value.error().message);
    if (!value->is(Kind::object)) return fail(ErrorCode::API_BODY, "the body is not a JSON object");
    return RequestBody(std::move(*value));
}

const json::Value* RequestBody::take(std::string_view name) {
    asked_.emplace_back(name);
    const json::Value* found = object_.member(name);
    return found && !found->is(Kind::null) ? found : nullptr;
}

bool RequestBody::has(std::string_view name) const {
    const json::Value* found = object_.member(name);
    return found && !found->is(Kind::null);
}

Result<std::optional<std::string>> RequestBody::text(std::string_view name) {
    const json::Value* value = take(name);
    if (!value) return std::nullopt;
    if (!value->is(Kind::text)) return wrong(name, "it is a text");
    return std::optional<std::string>(value->text);
}

Result<std::optional<bool>> RequestBody::flag(std::string_view name) {
    const json::Value* value = take(name);
    if (!value) return std::nullopt;
    if (!value->is(Kind::boolean)) return wrong(name, "it is true or false");
    return std::optional<bool>(value->text == "true");
}

Result<std::optional<uint64_t>> RequestBody::number(std::string_view name) {
    const json::Value* value = take(name);
    if (!value) return std::nullopt;
    auto number = whole_number(*value);
    if (!number) return wrong(name, "it is a whole number from 0 on");
    return number;
}

Result<std::vector<uint64_t>> RequestBody::numbers(std::string_view name) {
    const json::Value* value = take(name);
    std::vector<uint64_t> out;
    if (!value) return out;
    if (!value->is(Kind::array)) return wrong(name, "it is a list of whole numbers");
    for (const json::Value& item : value->items) {
        auto number = whole_number(item);
        if (!number) return wrong(name, "it is a list of whole numbers");
        out.push_back(*number);
    }
    return out;
}

Result<std::vector<std::string>> RequestBody::list(std::string_view name) {
    const json::Value* value = take(name);
    if (!value) return std::vector<std::string>();
    if (value->is(Kind::text)) return std::vector<std::string>{value->text};
    if (!value->is(Kind::array)) return wrong(name, "it is a list of texts");
    std::vector<std::string> out;
    for (const json::Value& item : value->items) {
        if (!item.is(Kind::text) || trim(item.text).empty()) return wrong(name, "it is a list of texts");
        out.push_back(item.text);
    }
    return out;
}

Result<SettingGroup> RequestBody::rest(const std::string& name) const {
    SettingGroup group;
    group.name = name;
    for (size_t i = 0; i < object_.names.size(); ++i) {
        if (std::ranges::find(asked_, object_.names[i]) != asked_.end()) continue;
        LEAT_TRY(add_setting(object_.names[i], object_.items[i], group));
    }
    return group;
}

Status RequestBody::end() const {
    for (const std::string& key : object_.names) {
        if (std::ranges::find(asked_, key) != asked_.end()) continue;
        std::vector<std::string_view> names(asked_.begin(), asked_.end());
        auto near = nearest(key, names);
        return fail(ErrorCode::CONFIG_UNKNOWN_KEY,
                    fmt::format("request: {}: {}", key,
                                near ? fmt::format("unknown; did you mean {}?", *near) : "unknown"),
                    "/api/v1/docs says what a request may have.");
    }
    return {};
}

Status apply_aliases(SettingGroup& group, std::span<const Alias> aliases) {
    for (const Alias& one : aliases) {
        auto with = [&](std::string_view key) {
            return std::ranges::find_if(group.settings, [&](const Setting& s) { return s.key == key; });
        };
        auto found = with(one.alias);
        if (found == group.settings.end()) continue;
        if (with(one.key) != group.settings.end())
            return wrong(one.alias, fmt::format("{} is there too, which means the same", one.key));
        found->key = one.key;
    }
    return {};
}

Status translate_operations(SettingGroup& group) {
    auto found = std::ranges::find_if(group.settings, [](const Setting& s) { return s.key == "ops"; });
    if (found == group.settings.end()) return {};
    for (std::string& value : found->values) {
        std::string out;
        for (std::string_view part : split(value, ',')) {
            std::string word = lower(std::string(trim(part)));
            auto known = std::ranges::find_if(operation_words, [&](auto& one) { return one.first == word; });
            if (!out.empty()) out += ',';
            out += known == std::end(operation_words) ? word : std::string(known->second);
        }
        value = std::move(out);
    }
    return {};
}

}  // namespace leat::server
