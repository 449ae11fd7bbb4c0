#include "source/postgres/values/number_text.h"

#include <charconv>
#include <limits>

namespace leat::pg {

namespace {

// 19 digits always fit a uint64_t, so the loop needs no overflow check; no type here has more.
template <class T>
Fault parse_signed(std::string_view text, T& value) {
    const char* p = text.data();
    const char* end = p + text.size();
    bool negative = p != end && *p == '-';
    p += negative;
    if (p == end || end - p > 19) return Fault::malformed(text.size());
    uint64_t magnitude = 0;
    for (; p != end; ++p) {
        unsigned digit = digit_of(*p);
        if (digit > 9) [[unlikely]]
            return Fault::malformed(static_cast<size_t>(p - text.data()));
        magnitude = magnitude * 10 + digit;
    }
    if (magnitude > static_cast<uint64_t>(std::numeric_limits<T>::max()) + negative)
        return Fault::malformed(text.size());
    value = static_cast<T>(negative ? 0 - magnitude : magnitude);
    return Fault::none();
}

template <class T>
Fault parse_with_from_chars(std::string_view text, T& value) {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    size_t read = static_cast<size_t>(end - text.data());
    if (error != std::errc()) return Fault::malformed(0);
    return read == text.size() ? Fault::none() : Fault::malformed(read);
}

size_t skip_digits(std::string_view text, size_t from) {
    while (from < text.size() && digit_of(text[from]) <= 9) ++from;
    return from;
}

}  // namespace

Fault parse_boolean(std::string_view text, uint8_t& value) {
    if (text.size() != 1 || (text[0] != 't' && text[0] != 'f')) return Fault::malformed(0);
    value = text[0] == 't';
    return Fault::none();
}

Fault parse_int16(std::string_view text, int16_t& value) { return parse_signed(text, value); }
Fault parse_int32(std::string_view text, int32_t& value) { return parse_signed(text, value); }
Fault parse_int64(std::string_view text, int64_t& value) { return parse_signed(text, value); }
Fault parse_uint64(std::string_view text, uint64_t& value) { return parse_with_from_chars(text, value); }
// from_chars also knows "NaN", "Infinity" and "-Infinity".
Fault parse_float32(std::string_view text, float& value) { return parse_with_from_chars(text, value); }
Fault parse_float64(std::string_view text, double& value) { return parse_with_from_chars(text, value); }

Fault check_decimal(std::string_view text) {
    size_t start = text.starts_with('-');
    size_t end = skip_digits(text, start);
    if (end == start) {
        bool special = text == "NaN" || text.substr(start) == "Infinity";
        return special ? Fault::none() : Fault::malformed(start);
    }
    if (end < text.size() && text[end] == '.') {
        size_t fraction = end + 1;
        end = skip_digits(text, fraction);
        if (end == fraction) return Fault::malformed(end);
    }
    return end == text.size() ? Fault::none() : Fault::malformed(end);
}

Fault append_money(std::string_view text, ByteBuffer& to) {
    TextScanner from(text);
    bool parentheses = from.take('(');
    if (from.take('-') || parentheses) to.put_char('-');
    from.take('$');
    if (digit_of(from.peek()) > 9) return from.malformed();
    bool fraction = false;
    for (; !from.at_end() && from.peek() != ')'; from.skip(1)) {
        char c = from.peek();
        if (c == ',' && !fraction) continue;
        bool point = c == '.' && !fraction && from.remaining() > 1;
        if (digit_of(c) > 9 && !point) return from.malformed();
        fraction |= point;
        to.put_char(c);
    }
    if (parentheses && !from.take(')')) return from.malformed();
    return from.end_fault();
}

}  // namespace leat::pg
