// Characters as UTF-8.
#pragma once

#include <cstdint>
#include <string>

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

}  // namespace leat
