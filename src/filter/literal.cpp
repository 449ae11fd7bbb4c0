#include "filter/literal.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace leat {
namespace {

// As many digits as PostgreSQL's numeric has on either side of the point.
constexpr int64_t digits_max = 131072, fraction_max = 16383;

std::unexpected<LiteralFault> is_not(std::string_view what) {
    return std::unexpected(fmt::format("is not {}", what));
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return result;
}

Literal parse_boolean(std::string_view text) {
    std::string word = lower(text);
    auto begins = [&](std::string_view whole, size_t least) {
        return word.size() >= least && whole.starts_with(word);
    };
    if (begins("true", 1) || begins("yes", 1) || word == "on" || word == "1") return Value::of_number(1);
    if (begins("false", 1) || begins("no", 1) || begins("off", 2) || word == "0") return Value::of_number(0);
    return is_not("a boolean");
}

bool take_sign(std::string_view& text) {
    bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    return negative;
}

std::string_view take_digits(std::string_view& text) {
    size_t count = 0;
    while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
    std::string_view digits = text.substr(0, count);
    text.remove_prefix(count);
    return digits;
}

std::string_view without_leading_zeros(std::string_view digits) {
    return digits.substr(std::min(digits.find_first_not_of('0'), digits.size()));
}

// Any integer that 64 bits hold, and more: a column's range does not matter for comparing.
Literal parse_integer(std::string_view text) {
    bool negative = take_sign(text);
    std::string_view digits = take_digits(text);
    if (digits.empty() || !text.empty()) return is_not("an integer");
    digits = without_leading_zeros(digits);
    if (digits.size() > 37) return std::unexpected("is too large for an integer");
    Integer number = 0;
    for (char digit : digits) number = number * 10 + (digit - '0');
    return Value::of_number(negative ? -number : number);
}

std::optional<Value> decimal_word(std::string_view text) {
    std::string word = lower(text);
    bool negative = word.starts_with('-');
    if (negative || word.starts_with('+')) word.erase(0, 1);
    if (word == "nan") return decimal_value("NaN");
    if (word == "infinity" || word == "inf") return decimal_value(negative ? "-Infinity" : "Infinity");
    return std::nullopt;
}

// digits[.digits][e[±]digits], written out without an exponent.
Literal parse_decimal(std::string_view text, LiteralStorage& storage) {
    if (auto word = decimal_word(text)) return *word;
    bool negative = take_sign(text);
    std::string digits(take_digits(text));
    auto point = static_cast<int64_t>(digits.size());
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        digits += take_digits(text);
    }
    if (digits.empty()) return is_not("a number");
    if (!text.empty()) {
        if (text[0] != 'e' && text[0] != 'E') return is_not("a number");
        text.remove_prefix(1);
        bool below = take_sign(text);
        std::string_view exponent = take_digits(text);
        int64_t value = 0;
        auto [end, error] = std::from_chars(exponent.data(), exponent.data() + exponent.size(), value);
        if (exponent.empty() || !text.empty()) return is_not("a number");
        if (error != std::errc() || value > 2 * digits_max)
            return std::unexpected("has too large an exponent");
        point += below ? -value : value;
    }
    auto size = static_cast<int64_t>(digits.size());
    if (point > digits_max || size - point > digits_max + fraction_max)
        return std::unexpected("has more digits than a number can have");
    if (point <= 0) digits.insert(0, static_cast<size_t>(1 - point), '0'), point = 1;
    if (point > size) digits.append(static_cast<size_t>(point - size), '0');
    if (point < static_cast<int64_t>(digits.size())) digits.insert(static_cast<size_t>(point), 1, '.');
    if (negative) digits.insert(0, 1, '-');
    return decimal_value(storage.emplace_back(std::move(digits)));
}

template <class T>
Literal parse_real(std::string_view text) {
    if (auto word = decimal_word(text)) return Value::of_real(decimal_to_real(*word));
    if (text.starts_with('+')) text.remove_prefix(1);
    T real = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), real);
    bool begins = !text.empty() && std::string_view("-.0123456789").find(text[0]) != std::string_view::npos;
    if (!begins || end != text.data() + text.size()) return is_not("a number");
    if (error == std::errc::result_out_of_range) return std::unexpected("is out of range");
    if (error != std::errc()) return is_not("a number");
    return Value::of_real(static_cast<double>(real));
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

Literal parse_uuid(std::string_view text, LiteralStorage& storage) {
    bool braces = text.starts_with('{') && text.ends_with('}') && text.size() > 1;
    if (braces) text = text.substr(1, text.size() - 2);
    std::string bytes;
    size_t digits = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        // A hyphen may stand after each group of four digits.
        if (text[i] == '-' && digits > 0 && digits < 32 && digits % 4 == 0 && text[i - 1] != '-') continue;
        int digit = hex_digit(text[i]);
        if (digit < 0 || digits == 32) return is_not("a uuid");
        if (digits++ % 2 == 0)
            bytes += static_cast<char>(digit << 4);
        else
            bytes.back() = static_cast<char>(bytes.back() | digit);
    }
    if (digits != 32) return is_not("a uuid");
    return Value::of_text(storage.emplace_back(std::move(bytes)));
}

Literal parse_hex_bytes(std::string_view text, LiteralStorage& storage) {
    std::string bytes;
    for (size_t i = 0; i < text.size();) {
        if (std::string_view(" \n\t\r").find(text[i]) != std::string_view::npos) {
            ++i;
            continue;
        }
        int high = hex_digit(text[i]), low = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
        if (high < 0 || low < 0) return is_not("bytea");
        bytes += static_cast<char>(high << 4 | low);
        i += 2;
    }
    return Value::of_text(storage.emplace_back(std::move(bytes)));
}

// \x…, or text in which \\ is a backslash and \ooo a byte.
Literal parse_bytes(std::string_view text, LiteralStorage& storage) {
    if (text.starts_with("\\x")) return parse_hex_bytes(text.substr(2), storage);
    std::string bytes;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            bytes += text[i];
            continue;
        }
        auto octal = [&](size_t at, char most) {
            return at < text.size() && text[at] >= '0' && text[at] <= most;
        };
        if (i + 1 < text.size() && text[i + 1] == '\\') {
            bytes += '\\';
            ++i;
        } else if (octal(i + 1, '3') && octal(i + 2, '7') && octal(i + 3, '7')) {
            bytes +=
                static_cast<char>((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 | (text[i + 3] - '0'));
            i += 3;
        } else {
            return is_not("bytea");
        }
    }
    return Value::of_text(storage.emplace_back(std::move(bytes)));
}

}  // namespace

std::string_view trim_blanks(std::string_view text) {
    constexpr std::string_view blanks = " \t\n\r\v\f";
    size_t begin = std::min(text.find_first_not_of(blanks), text.size());
    size_t end = text.find_last_not_of(blanks);
    return text.substr(begin, end == std::string_view::npos ? 0 : end + 1 - begin);
}

Literal parse_bits(std::string_view text, LiteralStorage& storage) {
    bool hex = text.starts_with('x') || text.starts_with('X');
    if (hex || text.starts_with('b') || text.starts_with('B')) text.remove_prefix(1);
    std::string written;
    for (char c : text) {
        int digit = hex_digit(c);
        if (digit < 0 || (!hex && digit > 1)) return is_not("a bit string");
        for (int bit = hex ? 3 : 0; bit >= 0; --bit) written += static_cast<char>('0' + ((digit >> bit) & 1));
    }
    std::string& value = storage.emplace_back(4 + (written.size() + 7) / 8, '\0');
    auto count = static_cast<uint32_t>(written.size());
    store(reinterpret_cast<uint8_t*>(value.data()), count);
    for (uint32_t i = 0; i < count; ++i)
        if (written[count - 1 - i] == '1')
            value[4 + i / 8] = static_cast<char>(value[4 + i / 8] | 1 << (i % 8));
    return Value::of_text(value);
}

Literal parse_literal(const ValueType& type, std::string_view text, LiteralStorage& storage) {
    std::string_view trimmed = trim_blanks(text);
    switch (type.of) {
        case Class::boolean:
            return parse_boolean(trimmed);
        case Class::integer:
            return parse_integer(trimmed);
        case Class::decimal:
            return parse_decimal(trimmed, storage);
        case Class::real:
            return parse_real<double>(trimmed);
        case Class::real4:
            return parse_real<float>(trimmed);
        case Class::text:
        case Class::padded:
            return Value::of_text(storage.emplace_back(text));
        case Class::bytes:
            return parse_bytes(text, storage);
        case Class::uuid:
            return parse_uuid(text, storage);
        case Class::bits:
            return parse_bits(text, storage);
        case Class::enumeration: {
            auto& labels = *type.labels;
            if (std::find(labels.begin(), labels.end(), text) == labels.end())
                return is_not(fmt::format("a label of {}", type.name));
            return Value::of_text(storage.emplace_back(text));
        }
        case Class::interval:
            return parse_interval_literal(trimmed);
        default:
            return parse_temporal(type.of, trimmed);
    }
}

Literal parse_number(std::string_view text, LiteralStorage& storage, Class& of) {
    if (auto integer = parse_integer(text); integer &&
                                            integer->number >= std::numeric_limits<int64_t>::min() &&
                                            integer->number <= std::numeric_limits<int64_t>::max()) {
        of = Class::integer;
        return integer;
    }
    of = Class::decimal;
    return parse_decimal(text, storage);
}

Value integer_to_decimal(Integer number, char* room) {
    char* end = room + integer_text_max;
    char* at = end;
    bool negative = number < 0;
    for (auto rest = static_cast<unsigned __int128>(negative ? -number : number); rest; rest /= 10)
        *--at = static_cast<char>('0' + static_cast<int>(rest % 10));
    Value value;
    value.known = Known::value;
    value.text = {at, static_cast<size_t>(end - at)};
    value.rank = number == 0 ? rank_zero : negative ? rank_negative : rank_positive;
    return value;
}

}  // namespace leat
