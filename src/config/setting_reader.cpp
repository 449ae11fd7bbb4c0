#include "config/setting_reader.h"

#include <fmt/format.h>

#include <charconv>
#include <regex>

#include "base/text.h"
#include "config/units.h"

namespace leat {

std::string directory_of(const std::string& path) {
    size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

namespace {

constexpr size_t shown_bytes_max = 80;

// The value as the file has it: of a reference, only its name. One that looks like a URL is redacted, in case
// it stands under the wrong key.
std::string shown(const std::string& raw) {
    std::string text = redact_url(raw);
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    if (text.size() > shown_bytes_max) text = text.substr(0, shown_bytes_max) + "...";
    return "\"" + text + "\"";
}

std::string lower(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return text;
}

std::vector<std::string> split_regexes(std::string_view text) {
    std::vector<std::string> parts(1);
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == ',')
            parts.back() += text[++i];
        else if (text[i] == ',')
            parts.emplace_back();
        else
            parts.back() += text[i];
    }
    std::vector<std::string> out;
    for (const std::string& part : parts)
        if (std::string_view trimmed = trim(part); !trimmed.empty()) out.emplace_back(trimmed);
    return out;
}

}  // namespace

std::string SettingReader::where(const Setting& setting) const {
    std::string line = setting.line ? fmt::format("{}:", setting.line) : std::string();
    return fmt::format("{}:{} {}{}", path_, line, prefix_, redact_key(setting.key));
}

std::unexpected<Error> SettingReader::invalid(const Setting& setting, std::string_view what,
                                              std::string action) const {
    return fail(ErrorCode::CONFIG_INVALID, fmt::format("{}: {}", where(setting), what), std::move(action));
}

std::unexpected<Error> SettingReader::invalid_at(int line, std::string_view what, std::string action) const {
    return fail(ErrorCode::CONFIG_INVALID, fmt::format("{}:{}: {}", path_, line, what), std::move(action));
}

std::unexpected<Error> SettingReader::not_allowed(const Setting& setting, std::string_view allowed) const {
    return invalid(setting, fmt::format("{} is not allowed; {}", shown(setting.value()), allowed));
}

std::unexpected<Error> SettingReader::at(const Setting& setting, Error error) const {
    error.message = fmt::format("{}: {}", where(setting), error.message);
    return fail(std::move(error));
}

std::unexpected<Error> SettingReader::unknown(const Setting& setting,
                                              std::span<const std::string_view> known) const {
    auto near = nearest(setting.key, known);
    return fail(ErrorCode::CONFIG_UNKNOWN_KEY,
                near ? fmt::format("{}: unknown key; did you mean {}{}?", where(setting), prefix_, *near)
                     : fmt::format("{}: unknown key", where(setting)),
                "docs/configuration.md lists every key.");
}

Result<std::string> SettingReader::raw_text(const Setting& setting) const {
    if (setting.kind == Setting::Kind::none) return invalid(setting, "has no value");
    if (setting.kind != Setting::Kind::scalar) return invalid(setting, "is a list; it takes one value");
    if (trim(setting.value()).empty()) return invalid(setting, "is empty");
    return setting.value();
}

Result<std::string> SettingReader::text(const Setting& setting) const {
    LEAT_ASSIGN(std::string raw, raw_text(setting));
    auto value = secrets_.resolve(raw);
    if (!value) return at(setting, value.error());
    if (value->empty()) return invalid(setting, "is empty");
    return std::move(*value);
}

Result<std::vector<std::string>> SettingReader::list(const Setting& setting) const {
    if (setting.kind == Setting::Kind::none) return invalid(setting, "has no value");
    std::vector<std::string> out;
    for (const std::string& raw : setting.values) {
        auto value = secrets_.resolve(raw);
        if (!value) return at(setting, value.error());
        if (trim(*value).empty()) return invalid(setting, "has an empty item");
        out.emplace_back(trim(*value));
    }
    if (out.empty()) return invalid(setting, "is an empty list");
    return out;
}

Result<std::vector<std::string>> SettingReader::regex_list(const Setting& setting) const {
    LEAT_ASSIGN(std::vector<std::string> patterns, list(setting));
    if (setting.kind == Setting::Kind::scalar) patterns = split_regexes(patterns.front());
    if (patterns.empty()) return invalid(setting, "is an empty list");
    for (const std::string& pattern : patterns) {
        try {
            std::regex check(pattern, std::regex::ECMAScript);
        } catch (const std::regex_error& error) {
            return invalid(setting,
                           fmt::format("{} is not a regular expression: {}", shown(pattern), error.what()));
        }
    }
    return patterns;
}

Result<bool> SettingReader::boolean(const Setting& setting) const {
    LEAT_ASSIGN(std::string value, text(setting));
    value = lower(value);
    if (value == "true") return true;
    if (value == "false") return false;
    return not_allowed(setting, "it is true or false");
}

Result<uint64_t> SettingReader::number(const Setting& setting, uint64_t from, uint64_t to) const {
    LEAT_ASSIGN(std::string value, text(setting));
    uint64_t number = 0;
    auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size() || number < from || number > to)
        return not_allowed(setting, fmt::format("it is a number from {} to {}", from, to));
    return number;
}

Result<uint64_t> SettingReader::bytes(const Setting& setting, uint64_t from) const {
    LEAT_ASSIGN(std::string value, text(setting));
    auto bytes = parse_bytes(value);
    if (!bytes || *bytes < from)
        return not_allowed(setting, fmt::format("it is a size like 64MB, 64MiB or 64000000, at least {}",
                                                human_bytes(from)));
    return *bytes;
}

Result<std::chrono::milliseconds> SettingReader::duration(const Setting& setting,
                                                          std::chrono::milliseconds from) const {
    LEAT_ASSIGN(std::string value, text(setting));
    auto duration = parse_duration(value);
    if (!duration || *duration < from)
        return not_allowed(setting,
                           fmt::format("it is a duration like 500ms, 90s, 12h or 7d, or plain milliseconds, "
                                       "at least {}ms",
                                       from.count()));
    return *duration;
}

Result<size_t> SettingReader::choice(const Setting& setting, std::span<const std::string_view> names) const {
    LEAT_ASSIGN(std::string value, text(setting));
    value = lower(std::string(trim(value)));
    for (size_t i = 0; i < names.size(); ++i)
        if (value == names[i]) return i;
    return not_allowed(setting, fmt::format("it is one of {}", fmt::join(names, ", ")));
}

}  // namespace leat
