#include "json/json_text.h"

#include <emmintrin.h>

#include <array>
#include <bit>
#include <charconv>
#include <string>

#include "base/utf8.h"

namespace leat::json {
namespace {

// Per byte: 0 passes, 'u' needs \u00XX, any other is the letter after the backslash.
constexpr std::array<char, 256> escapes = [] {
    std::array<char, 256> table{};
    for (size_t i = 0; i < 0x20; ++i) table[i] = 'u';
    table['\b'] = 'b', table['\f'] = 'f', table['\n'] = 'n', table['\r'] = 'r', table['\t'] = 't';
    table['"'] = '"', table['\\'] = '\\';
    return table;
}();

constexpr char hex_digits[] = "0123456789abcdef";

// How many bytes from the start need no escape.
size_t plain_run(const uint8_t* from, size_t size) {
    size_t i = 0;
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1f);
    for (; i + 16 <= size; i += 16) {
        __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i));
        __m128i special = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
        // Unsigned bytes <= 0x1f are those that the maximum with 0x1f leaves at 0x1f.
        special = _mm_or_si128(special, _mm_cmpeq_epi8(_mm_max_epu8(bytes, control), control));
        auto mask = static_cast<unsigned>(_mm_movemask_epi8(special));
        if (mask) return i + static_cast<size_t>(std::countr_zero(mask));
    }
    while (i < size && !escapes[from[i]]) ++i;
    return i;
}

void put_escape(ByteBuffer& to, uint8_t c) {
    char letter = escapes[c];
    if (letter != 'u') {
        uint8_t* at = to.grow(2);
        at[0] = '\\', at[1] = static_cast<uint8_t>(letter);
        return;
    }
    uint8_t* at = to.grow(6);
    std::memcpy(at, "\\u00", 4);
    at[4] = static_cast<uint8_t>(hex_digits[c >> 4]), at[5] = static_cast<uint8_t>(hex_digits[c & 15]);
}

constexpr std::array<char, 200> digit_pairs = [] {
    std::array<char, 200> table{};
    for (size_t i = 0; i < 100; ++i)
        table[2 * i] = static_cast<char>('0' + i / 10), table[2 * i + 1] = static_cast<char>('0' + i % 10);
    return table;
}();

void write_pair(uint8_t* at, uint32_t value) { std::memcpy(at, &digit_pairs[2 * value], 2); }

uint8_t* write_eight(uint8_t* at, uint32_t value) {
    uint32_t high = value / 10000, low = value % 10000;
    write_pair(at, high / 100), write_pair(at + 2, high % 100);
    write_pair(at + 4, low / 100), write_pair(at + 6, low % 100);
    return at + 8;
}

// Up to eight digits, without leading zeros.
uint8_t* write_short(uint8_t* at, uint32_t value) {
    uint8_t digits[16];  // eight are used; the copy below reads past them
    write_eight(digits, value);
    size_t skip = 7 - (value >= 10) - (value >= 100) - (value >= 1000) - (value >= 10000) -
                  (value >= 100000) - (value >= 1000000) - (value >= 10000000);
    std::memcpy(at, digits + skip, 8);  // the caller has room for what is written too much
    return at + (8 - skip);
}

// Eight digits at a time: most numbers of a change are times and positions of sixteen, and this takes half
// the time of std::to_chars for them. Writes up to 28 bytes.
uint8_t* write_unsigned(uint8_t* at, uint64_t value) {
    constexpr uint64_t eight = 100000000;
    if (value < eight) return write_short(at, static_cast<uint32_t>(value));
    uint64_t high = value / eight;
    auto low = static_cast<uint32_t>(value % eight);
    if (high < eight) return write_eight(write_short(at, static_cast<uint32_t>(high)), low);
    at = write_short(at, static_cast<uint32_t>(high / eight));
    return write_eight(write_eight(at, static_cast<uint32_t>(high % eight)), low);
}

template <class T>
void put_floating(ByteBuffer& to, T value) {
    auto* start = reinterpret_cast<char*>(to.prepare(40));
    auto end = std::to_chars(start, start + 36, value).ptr;
    std::string_view text(start, static_cast<size_t>(end - start));
    if (text.find_first_of(".e") == std::string_view::npos) *end++ = '.', *end++ = '0';
    to.commit(static_cast<size_t>(end - start));
}

void put_base64_with(ByteBuffer& to, Bytes bytes, const char* alphabet) {
    uint8_t* at = to.grow((bytes.size() + 2) / 3 * 4 + 2);
    *at++ = '"';
    size_t i = 0;
    auto letter = [&](uint32_t bits) { *at++ = static_cast<uint8_t>(alphabet[bits & 63]); };
    for (; i + 3 <= bytes.size(); i += 3) {
        uint32_t group = uint32_t{bytes[i]} << 16 | uint32_t{bytes[i + 1]} << 8 | bytes[i + 2];
        letter(group >> 18), letter(group >> 12), letter(group >> 6), letter(group);
    }
    if (size_t rest = bytes.size() - i) {
        uint32_t group = uint32_t{bytes[i]} << 16 | (rest == 2 ? uint32_t{bytes[i + 1]} << 8 : 0);
        letter(group >> 18), letter(group >> 12);
        if (rest == 2)
            letter(group >> 6);
        else
            *at++ = '=';
        *at++ = '=';
    }
    *at = '"';
}

}  // namespace

void put_escaped(ByteBuffer& to, std::string_view text) {
    auto* from = reinterpret_cast<const uint8_t*>(text.data());
    size_t left = text.size();
    while (left) {
        size_t run = plain_run(from, left);
        if (run) std::memcpy(to.grow(run), from, run);
        if (run == left) return;
        put_escape(to, from[run]);
        from += run + 1, left -= run + 1;
    }
}

void put_string(ByteBuffer& to, std::string_view text) {
    to.put_char('"');
    put_escaped(to, text);
    to.put_char('"');
}

std::string quoted(std::string_view text) {
    ByteBuffer buffer;
    buffer.put_char('"');
    while (!text.empty()) {
        size_t good = 0;
        while (size_t size = utf8_character(text.substr(good))) good += size;
        put_escaped(buffer, text.substr(0, good));
        text.remove_prefix(good);
        if (text.empty()) break;
        buffer.put_text("\xEF\xBF\xBD");
        text.remove_prefix(1);
    }
    buffer.put_char('"');
    return std::string(buffer.text());
}

void put_int(ByteBuffer& to, int64_t value) {
    uint8_t* start = to.prepare(32);
    uint8_t* at = start;
    auto magnitude = static_cast<uint64_t>(value);
    if (value < 0) *at++ = '-', magnitude = 0 - magnitude;
    to.commit(static_cast<size_t>(write_unsigned(at, magnitude) - start));
}
void put_uint(ByteBuffer& to, uint64_t value) {
    uint8_t* start = to.prepare(32);
    to.commit(static_cast<size_t>(write_unsigned(start, value) - start));
}
void put_double(ByteBuffer& to, double value) { put_floating(to, value); }
void put_float(ByteBuffer& to, float value) { put_floating(to, value); }

void put_base64(ByteBuffer& to, Bytes bytes) {
    put_base64_with(to, bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
}
void put_base64_url(ByteBuffer& to, Bytes bytes) {
    put_base64_with(to, bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
}
void put_hex(ByteBuffer& to, Bytes bytes) {
    uint8_t* at = to.grow(bytes.size() * 2 + 2);
    *at++ = '"';
    for (uint8_t byte : bytes) {
        *at++ = static_cast<uint8_t>(hex_digits[byte >> 4]);
        *at++ = static_cast<uint8_t>(hex_digits[byte & 15]);
    }
    *at = '"';
}

}  // namespace leat::json
