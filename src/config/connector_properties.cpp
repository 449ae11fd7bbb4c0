#include <fmt/core.h>

#include <map>

#include "base/utf8.h"
#include "config/connector_file.h"
#include "config/secret.h"

namespace leat {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\f'; }

// One line of a properties file, with those that continue it.
struct LogicalLine {
    std::string text;
    int number = 0;  // of its first
};

// Takes lines one by one; blank ones and comments are left out.
class LineReader {
  public:
    explicit LineReader(std::string_view text) : text_(text) {
        if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
    }

    bool next(LogicalLine& line) {
        line.text.clear();
        while (!text_.empty()) {
            bool first = line.text.empty() && !continued_;
            std::string_view raw = take_line();
            while (!raw.empty() && is_space(raw.front())) raw.remove_prefix(1);
            if (first) {
                if (raw.empty() || raw.front() == '#' || raw.front() == '!') continue;
                line.number = number_;
            }
            size_t backslashes = raw.size() - (raw.find_last_not_of('\\') + 1);
            continued_ = backslashes % 2 == 1;
            if (continued_) raw.remove_suffix(1);
            line.text += raw;
            if (!continued_) return true;
        }
        bool last = continued_;
        continued_ = false;
        return last && !line.text.empty();
    }

  private:
    std::string_view take_line() {
        ++number_;
        size_t end = text_.find_first_of("\r\n");
        std::string_view line = text_.substr(0, end);
        if (end == std::string_view::npos) {
            text_ = {};
        } else {
            bool pair = text_.substr(end).starts_with("\r\n");
            text_.remove_prefix(end + (pair ? 2 : 1));
        }
        return line;
    }

    std::string_view text_;
    int number_ = 0;
    bool continued_ = false;
};

// False: a \u without four hexadecimal digits.
bool unescape(std::string_view text, std::string& to) {
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            to += text[i];
            continue;
        }
        char c = text[++i];
        constexpr std::string_view from = "tnrf", plain = "\t\n\r\f";
        if (size_t found = from.find(c); found != std::string_view::npos) {
            to += plain[found];
        } else if (c == 'u') {
            uint32_t code = 0;
            if (text.size() - i - 1 < 4) return false;
            const char* digits = text.data() + i + 1;
            auto [end, error] = std::from_chars(digits, digits + 4, code, 16);
            if (error != std::errc() || end != digits + 4 || (code >= 0xD800 && code < 0xE000)) return false;
            i += 4;
            append_utf8(code, to);
        } else {
            to += c;
        }
    }
    return true;
}

struct Property {
    std::string key, value;
};

bool split_property(std::string_view line, Property& to) {
    size_t end = 0;
    while (end < line.size() && line[end] != '=' && line[end] != ':' && !is_space(line[end]))
        end += line[end] == '\\' && end + 1 < line.size() ? 2 : 1;
    std::string_view rest = line.substr(end);
    while (!rest.empty() && is_space(rest.front())) rest.remove_prefix(1);
    if (!rest.empty() && (rest.front() == '=' || rest.front() == ':')) rest.remove_prefix(1);
    while (!rest.empty() && is_space(rest.front())) rest.remove_prefix(1);
    to.key.clear(), to.value.clear();
    return unescape(line.substr(0, end), to.key) && unescape(rest, to.value);
}

}  // namespace

Result<std::vector<Setting>> parse_properties(std::string_view text, const std::string& path) {
    std::vector<Setting> settings;
    std::map<std::string, int> seen;
    LineReader lines(text);
    LogicalLine line;
    Property property;
    while (lines.next(line)) {
        auto invalid = [&](std::string_view what) {
            return fail(ErrorCode::CONFIG_INVALID, fmt::format("{}:{}: {}", path, line.number, what),
                        "A line is key=value; \\ escapes a character, \\uXXXX names one.");
        };
        if (!split_property(line.text, property)) return invalid("a \\u escape is not of four digits");
        if (property.key.empty()) return invalid("a value without a key");
        auto [first, is_new] = seen.emplace(property.key, line.number);
        if (!is_new)
            return invalid(fmt::format("{} stands here a second time; the first is in line {}",
                                       redact_key(property.key), first->second));
        settings.push_back({property.key, Setting::Kind::scalar, {property.value}, line.number});
    }
    return settings;
}

Result<std::string> property_value(std::string_view text, std::string_view key) {
    LineReader lines(text);
    LogicalLine line;
    Property property;
    while (lines.next(line))
        if (split_property(line.text, property) && property.key == key) return property.value;
    return fail(ErrorCode::CONFIG_SECRET, fmt::format("the properties file has no key {}", key),
                "Add it to the file, or correct the reference.");
}

}  // namespace leat
