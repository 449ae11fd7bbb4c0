#include "codec/default_value.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "codec/debezium_structured.h"
#include "codec/temporal.h"
#include "json/json_text.h"

namespace leat {
namespace {

std::string unquote(std::string_view literal) {
    std::string text;
    for (size_t i = 1; i + 1 < literal.size(); ++i) {
        if (literal[i] == '\'') ++i;
        text += literal[i];
    }
    return text;
}

// The end of the literal at the start of an expression; 0 if there is none.
size_t literal_end(std::string_view text) {
    if (text.starts_with('\'')) {
        for (size_t i = 1; i < text.size(); ++i) {
            if (text[i] != '\'') continue;
            if (i + 1 < text.size() && text[i + 1] == '\'')
                ++i;
            else
                return i + 1;
        }
        return 0;
    }
    return std::min(text.find("::"), text.size());
}

bool is_number_text(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    bool digits = !text.empty() && text.front() != '.' && text.back() != '.';
    return digits && text.find_first_not_of("0123456789.") == std::string_view::npos &&
           std::count(text.begin(), text.end(), '.') <= 1 &&
           !(text.size() > 1 && text[0] == '0' && text[1] != '.');
}

// Reads the server's text of dates and times in ISO style, field by field.
struct TextReader {
    std::string_view text;
    bool ok = true;

    bool take(char c) {
        if (!text.starts_with(c)) return false;
        text.remove_prefix(1);
        return true;
    }
    void expect(char c) { ok = take(c) && ok; }
    int64_t number() {
        int64_t value = 0;
        auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc()) return ok = false, 0;
        text.remove_prefix(static_cast<size_t>(end - text.data()));
        return value;
    }
    int64_t date() {
        int64_t year = number();
        expect('-');
        auto month = static_cast<uint32_t>(number());
        expect('-');
        auto day = static_cast<uint32_t>(number());
        ok = ok && year > 0 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
        return ok ? days_from_civil({year, month, day}) : 0;
    }
    int64_t time() {
        int64_t us = number() * 3600;
        expect(':');
        us += number() * 60;
        if (take(':')) us += number();
        us *= 1000000;
        if (!take('.')) return us;
        size_t digits = text.find_first_not_of("0123456789");
        digits = std::min(digits, text.size());
        int64_t fraction = number();
        for (size_t i = digits; i < 6; ++i) fraction *= 10;
        ok = ok && digits >= 1 && digits <= 6;
        return us + fraction;
    }
    // The offset from UTC of a text like +02, -03:30; seconds to the east.
    int32_t zone() {
        int32_t sign = take('-') ? -1 : (expect('+'), 1);
        auto seconds = static_cast<int32_t>(number() * 3600);
        if (take(':')) seconds += static_cast<int32_t>(number() * 60);
        return sign * seconds;
    }
    bool end() const { return ok && text.empty(); }
};

// The value's bytes as a block has them; none where the text is not read here.
bool read_temporal(std::string_view text, Kind kind, ByteBuffer& to) {
    TextReader from{text};
    switch (kind) {
        case Kind::date:
            to.put(static_cast<int32_t>(from.date()));
            break;
        case Kind::time:
            to.put(from.time());
            break;
        case Kind::time_tz: {
            int64_t us = from.time();
            to.put(us), to.put(from.zone());
            break;
        }
        default: {
            int64_t us = from.date() * day_us;
            if (!from.text.empty()) from.expect(' '), us += from.time();
            if (kind == Kind::timestamp_tz) us -= int64_t{from.zone()} * 1000000;
            to.put(us);
        }
    }
    return from.end();
}

// `1 year 2 mons 3 days -04:05:06.7`, as the server writes intervals in its own style.
bool read_interval(std::string_view text, ByteBuffer& to) {
    int64_t months = 0, days = 0, us = 0, number = 0;
    bool counted = false;  // the word before was a number
    for (std::string_view word : split(text, ' ')) {
        if (word.empty()) continue;
        TextReader from{word};
        if (word.find(':') != std::string_view::npos) {
            bool negative = from.take('-');
            us = (from.take('+'), from.time());
            if (negative) us = -us;
        } else if (!counted) {
            number = from.number();
            counted = true;
        } else {
            if (word.starts_with("year"))
                months += number * 12;
            else if (word.starts_with("mon"))
                months += number;
            else if (word.starts_with("day"))
                days += number;
            else
                return false;
            counted = false;
            continue;
        }
        if (!from.end()) return false;
    }
    to.put(static_cast<int32_t>(months)), to.put(static_cast<int32_t>(days)), to.put(us);
    return !counted;
}

bool read_uuid(std::string_view text, ByteBuffer& to) {
    std::string digits;
    std::copy_if(text.begin(), text.end(), std::back_inserter(digits), [](char c) { return c != '-'; });
    if (digits.size() != 32) return false;
    for (size_t i = 0; i < 32; i += 2) {
        uint8_t byte = 0;
        auto [end, error] = std::from_chars(&digits[i], &digits[i] + 2, byte, 16);
        if (error != std::errc() || end != &digits[i] + 2) return false;
        to.put(byte);
    }
    return true;
}

bool read_bits(std::string_view text, ByteBuffer& to) {
    if (text.find_first_not_of("01") != std::string_view::npos) return false;
    to.put(static_cast<uint32_t>(text.size()));
    for (size_t end = text.size(); end > 0; end -= std::min<size_t>(end, 8)) {
        uint8_t byte = 0;
        for (size_t i = end - std::min<size_t>(end, 8); i < end; ++i)
            byte = static_cast<uint8_t>(byte << 1 | (text[i] == '1'));
        to.put(byte);
    }
    return true;
}

bool read_value(std::string_view text, const Type& type, ByteBuffer& to) {
    switch (type.kind) {
        case Kind::decimal:
            if (!is_number_text(text)) return false;
            to.put_text(text);
            return true;
        case Kind::date:
        case Kind::time:
        case Kind::time_tz:
        case Kind::timestamp:
        case Kind::timestamp_tz:
            return read_temporal(text, type.kind, to);
        case Kind::interval:
            return read_interval(text, to);
        case Kind::uuid:
            return read_uuid(text, to);
        case Kind::bits:
            return read_bits(text, to);
        default:
            return false;
    }
}

std::string literal_json(std::string_view text, const Type& type, const DebeziumOptions& options) {
    switch (type.kind) {
        case Kind::boolean:
            return text == "true" || text == "false" ? std::string(text) : "";
        case Kind::int16:
        case Kind::int32:
        case Kind::int64:
        case Kind::uint64:
            return is_number_text(text) && text.find('.') == std::string_view::npos ? std::string(text) : "";
        case Kind::float32:
        case Kind::float64:
            return is_number_text(text) ? std::string(text) : "";
        case Kind::text:
        case Kind::json:
        case Kind::xml:
        case Kind::enumeration:
            return json::quoted(text);
        default:
            break;
    }
    ByteBuffer value, shown;
    if (!read_value(text, type, value)) return {};
    bool done = compile_value(type, options).write(value.view(), shown) == Written::ok;
    return done ? std::string(shown.text()) : std::string();
}

// `now()`, `nextval('s'::regclass)`, `CURRENT_DATE`.
bool calls_function(std::string_view text) {
    for (std::string_view name :
         {"CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP"})
        if (text.starts_with(name)) return true;
    size_t open = text.find('(');
    return open != std::string_view::npos && open > 0 &&
           std::all_of(text.begin(), text.begin() + static_cast<ptrdiff_t>(open), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '.' || c == '"';
           });
}

// What Debezium takes for the value of a function, as text of the type; none: such a default is left out.
std::optional<std::string> zero_text(Kind kind) {
    switch (kind) {
        case Kind::boolean:
            return "false";
        case Kind::json:
            return "{}";
        case Kind::text:
        case Kind::xml:
        case Kind::interval:
            return "";
        case Kind::uuid:
            return "00000000-0000-0000-0000-000000000000";
        case Kind::date:
            return "1970-01-01";
        case Kind::time:
            return "00:00";
        case Kind::timestamp:
            return "1970-01-01 00:00:00";
        case Kind::timestamp_tz:
            return "1970-01-01 00:00:00+00";
        case Kind::float32:
        case Kind::float64:
            return "0.0";
        case Kind::int16:
        case Kind::int32:
        case Kind::int64:
        case Kind::decimal:
        case Kind::bits:
            return "0";
        default:
            return std::nullopt;
    }
}

// Debezium has none for structures, and of the types that are text only for these.
bool can_have_default(const Type& type, const DebeziumOptions& options) {
    if (is_structured(type, options)) return false;
    if (type.kind == Kind::decimal)
        return options.decimal != DecimalMode::precise || !is_variable_scale(type);
    if (type.kind != Kind::text) return true;
    return type.native_name.empty() || type.native_name == "text" || type.native_name == "varchar" ||
           type.native_name == "bpchar";
}

}  // namespace

std::string default_json(const Column& column, const DebeziumOptions& options) {
    if (!column.default_expression || !can_have_default(column.type, options)) return {};
    std::string_view text = *column.default_expression;
    if (calls_function(text)) {
        auto zero = zero_text(column.type.kind);
        return zero ? literal_json(*zero, column.type, options) : "";
    }
    if (text.starts_with("B'")) text.remove_prefix(1);  // a bit string
    size_t end = literal_end(text);
    // After the literal only a cast may follow; anything else is an expression that the server evaluates.
    std::string_view rest = text.substr(end);
    if (end == 0 || (!rest.empty() && !rest.starts_with("::"))) return {};
    if (rest.find_first_of("|+-*/'") != std::string_view::npos) return {};
    std::string_view literal = text.substr(0, end);
    if (literal.starts_with('\'')) return literal_json(unquote(literal), column.type, options);
    if (column.type.kind == Kind::text || column.type.kind == Kind::json || column.type.kind == Kind::xml ||
        column.type.kind == Kind::enumeration)
        return {};
    return literal_json(literal, column.type, options);
}

}  // namespace leat
