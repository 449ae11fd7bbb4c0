#include "source/postgres/values/binary_text.h"

namespace leat::pg {

namespace {

constexpr std::array<int8_t, 256> nibbles = [] {
    std::array<int8_t, 256> table{};
    table.fill(-1);
    for (int i = 0; i < 10; ++i) table[static_cast<size_t>('0' + i)] = static_cast<int8_t>(i);
    for (int i = 0; i < 6; ++i)
        table[static_cast<size_t>('a' + i)] = table[static_cast<size_t>('A' + i)] =
            static_cast<int8_t>(10 + i);
    return table;
}();

int nibble_of(char c) { return nibbles[static_cast<unsigned char>(c)]; }

size_t first_not_hex(std::string_view text) {
    for (size_t i = 0; i < text.size(); ++i)
        if (nibble_of(text[i]) < 0) return i;
    return text.size();
}

// Bad digits are only looked for once the whole is known to have one: the loop has no branch.
Fault decode_hex(std::string_view digits, uint8_t* to) {
    int seen = 0;
    for (size_t i = 0; i + 1 < digits.size(); i += 2) {
        int high = nibble_of(digits[i]), low = nibble_of(digits[i + 1]);
        seen |= high | low;
        to[i / 2] = static_cast<uint8_t>((high & 15) << 4 | (low & 15));
    }
    if (seen < 0 || digits.size() % 2 != 0) return Fault::malformed(first_not_hex(digits));
    return Fault::none();
}

Fault append_escaped_bytea(std::string_view text, ByteBuffer& to) {
    uint8_t* begin = to.prepare(text.size());
    uint8_t* out = begin;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            *out++ = static_cast<uint8_t>(text[i]);
        } else if (i + 1 < text.size() && text[i + 1] == '\\') {
            *out++ = '\\';
            ++i;
        } else {
            if (text.size() - i < 4) return Fault::malformed(i);
            unsigned a = digit_of(text[i + 1]), b = digit_of(text[i + 2]), c = digit_of(text[i + 3]);
            if (a > 3 || b > 7 || c > 7) return Fault::malformed(i);
            *out++ = static_cast<uint8_t>(a << 6 | b << 3 | c);
            i += 3;
        }
    }
    to.commit(static_cast<size_t>(out - begin));
    return Fault::none();
}

}  // namespace

Fault append_hex(std::string_view text, ByteBuffer& to) { return decode_hex(text, to.grow(text.size() / 2)); }

Fault append_bytea(std::string_view text, ByteBuffer& to) {
    if (!text.starts_with("\\x")) return append_escaped_bytea(text, to);
    return append_hex(text.substr(2), to).inside(2);
}

Fault append_bits(std::string_view text, ByteBuffer& to) {
    to.put(static_cast<uint32_t>(text.size()));
    size_t bytes = (text.size() + 7) / 8;
    if (bytes == 0) return Fault::none();
    uint8_t* value = to.grow(bytes);
    std::memset(value, 0, bytes);
    for (size_t i = 0; i < text.size(); ++i) {
        unsigned bit = digit_of(text[i]);
        if (bit > 1) return Fault::malformed(i);
        size_t place = text.size() - 1 - i;
        value[place / 8] |= static_cast<uint8_t>(bit << (place % 8));
    }
    return Fault::none();
}

Fault parse_uuid(std::string_view text, Uuid& value) {
    // Where each of the five groups begins in the text, and in the value.
    struct Group {
        size_t text, digits, byte;
    };
    static constexpr Group groups[] = {{0, 8, 0}, {9, 4, 4}, {14, 4, 6}, {19, 4, 8}, {24, 12, 10}};
    if (text.size() != 36) return Fault::malformed(text.size());
    for (const Group& group : groups) {
        if (group.text > 0 && text[group.text - 1] != '-') return Fault::malformed(group.text - 1);
        Fault fault = decode_hex(text.substr(group.text, group.digits), value.data() + group.byte);
        if (fault) return fault.inside(group.text);
    }
    return Fault::none();
}

}  // namespace leat::pg
