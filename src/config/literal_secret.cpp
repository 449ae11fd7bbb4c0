#include "config/literal_secret.h"

#include <fmt/core.h>

#include "config/mask_option.h"
#include "config/secret.h"

namespace leat {

namespace {

// The text without its references; an escaped one ($${) is no reference.
std::string without_references(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        bool escaped = text.starts_with("$${");
        size_t end = !escaped && text.starts_with("${") ? text.find('}') : std::string_view::npos;
        if (end != std::string_view::npos) {
            text.remove_prefix(end + 1);
            continue;
        }
        size_t taken = escaped ? 3 : 1;
        out += text.substr(0, taken);
        text.remove_prefix(taken);
    }
    return out;
}

bool ends_with_any(std::string_view key, std::initializer_list<std::string_view> endings) {
    return std::ranges::any_of(endings, [&](std::string_view ending) { return key.ends_with(ending); });
}

}  // namespace

// Where it is unclear what a part is, redact_url() hides it: then it is taken for a secret here too. What is
// left of a password that is all reference is an empty one, which is none.
bool holds_literal_secret(std::string_view url) {
    std::string rest = without_references(url);
    for (size_t at; (at = rest.find(":@")) != std::string::npos;) rest.erase(at, 1);
    for (std::string_view empty : {"password=&", "sslpassword=&"})
        for (size_t at; (at = rest.find(empty)) != std::string::npos;) rest.erase(at, empty.size());
    if (rest.ends_with("password=")) rest.erase(rest.find_last_of("?&"));
    return redact_url(rest) != rest;
}

Status check_no_literal_secret(const Setting& setting) {
    constexpr std::string_view action =
        "Write ${env:NAME} or ${file:PATH} in its place: what is sent here is kept in Leat's data directory.";
    auto refused = [&](std::string_view what) {
        return fail(ErrorCode::CONFIG_SECRET, fmt::format("request: {}: {}", redact_key(setting.key), what),
                    std::string(action));
    };
    if (auto mask = parse_mask_option(setting.key); mask && *mask && !(*mask)->salt.empty())
        if (!without_references((*mask)->salt).empty()) return refused("the key holds a salt literally");
    bool is_url = setting.key == "url" || setting.key.ends_with(".url");
    bool is_secret = ends_with_any(setting.key, {".secret", "password", ".token"});
    bool is_header = setting.key.find(".headers") != std::string::npos;
    for (const std::string& value : setting.values) {
        if (is_url && holds_literal_secret(value)) return refused("the URL holds a password literally");
        if (is_secret && !without_references(value).empty())
            return refused("it is a secret, and written literally");
        if (is_header && value.find("${") == std::string::npos &&
            setting.key.find("uthorization") != std::string::npos)
            return refused("it is a secret, and written literally");
    }
    return {};
}

}  // namespace leat
