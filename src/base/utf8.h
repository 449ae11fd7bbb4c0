// Characters as UTF-8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace leat {

// Any code point that UTF-8 can hold; whether it may occur is the caller's to know.
inline void append_utf8(uint32_t code, std::string& to) {
    auto put = [&](uint32_t byte) { to += static_cast<char>(byte); };
    auto tail = [&](int shift) { put(0x80 | ((code >> shift) & 0x3F)); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0 | (code >> 6));
        tail(0);
    } else if (code < 0x10000) {
        put(0xE0 | (code >> 12));
        tail(6), tail(0);
    } else {
        put(0xF0 | (code >> 18));
        tail(12), tail(6), tail(0);
    }
}

// How many bytes the character at the start takes; 0 if there is none that is well-formed (RFC 3629).
inline size_t utf8_character(std::string_view text) {
    if (text.empty()) return 0;
    auto byte = [&](size_t at) { return static_cast<uint8_t>(text[at]); };
    uint8_t first = byte(0);
    if (first < 0x80) return 1;
    size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < size) return 0;
    for (size_t i = 1; i < size; ++i)
        if ((byte(i) & 0xC0) != 0x80) return 0;
    // Overlong forms, surrogates, and what is beyond U+10FFFF.
    if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) ||
        (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F))
        return 0;
    return size;
}

}  // namespace leat
