#include "snapshot/signal.h"

#include <fmt/core.h>

#include <regex>

#include "base/utf8.h"
namespace leat {

namespace {

constexpr size_t data_bytes_max = 1 << 20;
constexpr int depth_max = 16;

std::unexpected<Error> refuse(std::string what) {
    return fail(ErrorCode::CONFIG_INVALID, std::move(what), "Send another signal; this one did nothing.");
}

// What signals need of JSON: objects, arrays and strings; other values are passed over.
struct Json {
    enum class Kind : uint8_t { other, text, array, object };
    Kind kind = Kind::other;
    std::string_view raw;  // as it was written
    std::string text;
    std::vector<Json> items;         // of an array, or the values of an object
    std::vector<std::string> names;  // of an object

    const Json* member(std::string_view name) const {
        for (size_t i = 0; i < names.size(); ++i)
            if (names[i] == name) return &items[i];
        return nullptr;
    }
};

class JsonReader {
  public:
    explicit JsonReader(std::string_view text) : text_(text) {}

    bool read(Json& to) {
        bool good = value(to, 0);
        space();
        return good && at_ == text_.size();
    }

  private:
    void space() {
        while (at_ < text_.size() &&
               (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
            ++at_;
    }
    bool take(char c) {
        space();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    bool value(Json& to, int depth) {
        space();
        if (at_ >= text_.size() || depth > depth_max) return false;
        const size_t begin = at_;
        bool good = some_value(to, depth);
        to.raw = text_.substr(begin, at_ - begin);
        return good;
    }
    bool some_value(Json& to, int depth) {
        switch (text_[at_]) {
            case '"':
                to.kind = Json::Kind::text;
                return string(to.text);
            case '{':
            case '[':
                return list(to, depth, text_[at_] == '{');
            default:
                return literal();
        }
    }
    bool list(Json& to, int depth, bool object) {
        to.kind = object ? Json::Kind::object : Json::Kind::array;
        char end = object ? '}' : ']';
        ++at_;
        if (take(end)) return true;
        do {
            if (object) {
                space();
                if (!string(to.names.emplace_back()) || !take(':')) return false;
            }
            if (!value(to.items.emplace_back(), depth + 1)) return false;
        } while (take(','));
        return take(end);
    }
    // null, true, a number: not looked at.
    bool literal() {
        size_t begin = at_;
        while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) ||
                                      text_[at_] == '-' || text_[at_] == '+' || text_[at_] == '.'))
            ++at_;
        return at_ > begin;
    }
    bool string(std::string& to) {
        if (at_ >= text_.size() || text_[at_] != '"') return false;
        for (++at_; at_ < text_.size(); ++at_) {
            char c = text_[at_];
            if (c == '"') {
                ++at_;
                return true;
            }
            if (c != '\\') {
                to += c;
                continue;
            }
            if (++at_ >= text_.size() || !escape(to)) return false;
        }
        return false;
    }
    bool escape(std::string& to) {
        static constexpr std::string_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
        size_t known = letters.find(text_[at_]);
        if (known != std::string_view::npos) {
            to += meanings[known];
            return true;
        }
        if (text_[at_] != 'u' || at_ + 4 >= text_.size()) return false;
        uint32_t code = 0;
        for (int i = 1; i <= 4; ++i) {
            char c = text_[at_ + static_cast<size_t>(i)];
            int digit = c >= '0' && c <= '9'                 ? c - '0'
                        : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                             : -1;
            if (digit < 0) return false;
            code = code * 16 + static_cast<uint32_t>(digit);
        }
        at_ += 4;
        // Pairs of surrogates do not occur in names and conditions that PostgreSQL's own functions write.
        if (code >= 0xD800 && code < 0xE000) return false;
        append_utf8(code, to);
        return true;
    }

    std::string_view text_;
    size_t at_ = 0;
};

std::string text_of(const Json& object, std::string_view name) {
    const Json* found = object.member(name);
    return found && found->kind == Json::Kind::text ? found->text : std::string();
}

Status read_collections(const Json& data, Signal& signal) {
    const Json* list = data.member("data-collections");
    if (!list) return {};
    if (list->kind != Json::Kind::array) return refuse("data-collections is no array");
    for (const Json& item : list->items) {
        if (item.kind != Json::Kind::text) return refuse("data-collections has something that is no string");
        signal.collections.push_back(item.text);
    }
    return {};
}

Status read_conditions(const Json& data, Signal& signal) {
    const Json* list = data.member("additional-conditions");
    if (list && list->kind != Json::Kind::array) return refuse("additional-conditions is no array");
    if (list)
        for (const Json& item : list->items) {
            Signal::Condition condition{text_of(item, "data-collection"), text_of(item, "filter")};
            if (condition.collection.empty() || condition.filter.empty())
                return refuse("an additional condition needs data-collection and filter");
            signal.conditions.push_back(std::move(condition));
        }
    // Debezium's older form, of all collections.
    if (std::string filter = text_of(data, "additional-condition"); !filter.empty())
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
    Json json;
    if (data.size() > data_bytes_max) return refuse("the signal's data is too long");
    bool readable = data.empty() || JsonReader(data).read(json);
    if (!readable || (!data.empty() && json.kind != Json::Kind::object))
        return refuse("the signal's data is no JSON object");
    signal.message = text_of(json, "message");
    std::string how = text_of(json, "type");
    for (char& c : how) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    signal.blocking = how == "blocking";
    if (!how.empty() && how != "incremental" && how != "blocking")
        return refuse(fmt::format("there is no snapshot of the type \"{}\"", how));
    LEAT_TRY(read_collections(json, signal));
    LEAT_TRY(read_conditions(json, signal));
    if (signal.kind == Signal::Kind::execute && signal.collections.empty())
        return refuse("execute-snapshot needs data-collections");
    return signal;
}

Result<NamedSignal> parse_signal_line(std::string_view line) {
    Json json;
    if (line.size() > data_bytes_max) return refuse("the signal is too long");
    if (!JsonReader(line).read(json) || json.kind != Json::Kind::object)
        return refuse("the signal is no JSON object");
    const Json* data = json.member("data");
    std::string_view text;
    if (data) text = data->kind == Json::Kind::text ? std::string_view(data->text) : data->raw;
    if (text == "null") text = {};
    LEAT_ASSIGN(auto signal, parse_signal(text_of(json, "type"), text));
    return NamedSignal{text_of(json, "id"), std::move(signal)};
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
