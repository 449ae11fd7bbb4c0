#include <fmt/core.h>

#include <set>

#include "base/text.h"
#include "base/utf8.h"
#include "config/connector_file.h"
#include "config/secret.h"

namespace leat {

namespace {

// Reads the one shape that a connector's file has. Nothing nests deeper than its `config`.
class JsonReader {
  public:
    JsonReader(std::string_view text, const std::string& path) : text_(text), path_(path) {
        if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;  // a byte order mark
    }

    Result<std::vector<Setting>> read() {
        LEAT_TRY(read_object(true));
        skip_space();
        if (at_ < text_.size()) return invalid("something follows the closing brace");
        if (!has_config_) return std::move(outer_);
        for (const Setting& setting : outer_) {
            if (setting.key == "name") {
                if (inner_keys_.contains("name")) continue;
                inner_.push_back(setting);
                continue;
            }
            line_ = setting.line;
            return invalid(
                fmt::format("{} stands beside config; options belong inside of it", redact_key(setting.key)));
        }
        return std::move(inner_);
    }

  private:
    std::unexpected<Error> invalid(std::string_view what) const {
        return fail(ErrorCode::CONFIG_INVALID, fmt::format("{}:{}: {}", path_, line_, what),
                    "The file is a JSON object: {\"name\": ..., \"config\": {...}}, or the inner one alone.");
    }

    void skip_space() {
        for (; at_ < text_.size(); ++at_) {
            char c = text_[at_];
            if (c == '\n') ++line_;
            if (c != ' ' && c != '\t' && c != '\n' && c != '\r') return;
        }
    }

    bool take(char c) {
        skip_space();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }

    Status read_object(bool outer) {
        if (!take('{')) return invalid("not JSON: '{' is missing");
        std::set<std::string>& keys = outer ? outer_keys_ : inner_keys_;
        if (take('}')) return {};
        do {
            skip_space();
            int line = line_;
            LEAT_ASSIGN(std::string key, read_string());
            if (!keys.insert(key).second)
                return invalid(fmt::format("{} stands here a second time", redact_key(key)));
            if (!take(':')) return invalid("not JSON: ':' is missing");
            skip_space();
            bool nested = at_ < text_.size() && text_[at_] == '{';
            if (nested && outer && key == "config") {
                has_config_ = true;
                LEAT_TRY(read_object(false));
                continue;
            }
            if (nested || (at_ < text_.size() && text_[at_] == '['))
                return invalid(
                    fmt::format("{} is a list or an object; options are plain values", redact_key(key)));
            LEAT_ASSIGN(Setting setting, read_value(std::move(key), line));
            if (setting.kind != Setting::Kind::none) (outer ? outer_ : inner_).push_back(std::move(setting));
        } while (take(','));
        if (!take('}')) return invalid("not JSON: ',' or '}' is missing");
        return {};
    }

    Result<Setting> read_value(std::string key, int line) {
        Setting setting{std::move(key), Setting::Kind::scalar, {}, line};
        if (at_ < text_.size() && text_[at_] == '"') {
            LEAT_ASSIGN(std::string value, read_string());
            setting.values.push_back(std::move(value));
            return setting;
        }
        size_t begin = at_;
        while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) ||
                                      text_[at_] == '-' || text_[at_] == '+' || text_[at_] == '.'))
            ++at_;
        std::string_view word = text_.substr(begin, at_ - begin);
        bool number = !word.empty() && word.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
        if (word == "null")
            setting.kind = Setting::Kind::none;
        else if (number || word == "true" || word == "false")
            setting.values.emplace_back(word);
        else
            return invalid("not JSON: a value is neither text, number, true, false nor null");
        return setting;
    }

    Result<std::string> read_string() {
        if (!take('"')) return invalid("not JSON: '\"' is missing");
        std::string out;
        while (at_ < text_.size()) {
            char c = text_[at_++];
            if (c == '"') return out;
            if (static_cast<unsigned char>(c) < 0x20) break;
            if (c != '\\')
                out += c;
            else if (!read_escape(out))
                return invalid("not JSON: an escape in a text is none");
        }
        return invalid("not JSON: a text does not end");
    }

    bool read_escape(std::string& to) {
        if (at_ >= text_.size()) return false;
        char c = text_[at_++];
        constexpr std::string_view from = "\"\\/bfnrt", plain = "\"\\/\b\f\n\r\t";
        if (size_t found = from.find(c); found != std::string_view::npos) {
            to += plain[found];
            return true;
        }
        uint32_t code = 0, low = 0;
        if (c != 'u' || !read_hex(code)) return false;
        if (code >= 0xDC00 && code < 0xE000) return false;
        if (code >= 0xD800 && code < 0xDC00) {  // the first of two
            if (!text_.substr(at_).starts_with("\\u")) return false;
            at_ += 2;
            if (!read_hex(low) || low < 0xDC00 || low >= 0xE000) return false;
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        }
        append_utf8(code, to);
        return true;
    }

    bool read_hex(uint32_t& code) {
        if (text_.size() - at_ < 4) return false;
        auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + at_ + 4, code, 16);
        if (error != std::errc() || end != text_.data() + at_ + 4) return false;
        at_ += 4;
        return true;
    }

    std::string_view text_;
    const std::string& path_;
    size_t at_ = 0;
    int line_ = 1;
    bool has_config_ = false;
    std::vector<Setting> outer_, inner_;
    std::set<std::string> outer_keys_, inner_keys_;
};

}  // namespace

Result<std::vector<Setting>> parse_connector_json(std::string_view text, const std::string& path) {
    return JsonReader(text, path).read();
}

Result<std::vector<Setting>> parse_connector_file(std::string_view text, const std::string& path) {
    std::string_view content = text;
    if (content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);
    return trim(content).starts_with('{') ? parse_connector_json(text, path) : parse_properties(text, path);
}

}  // namespace leat
