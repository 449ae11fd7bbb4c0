#include "codec/terminal_text.h"

#include <cstdint>

namespace leat {
namespace {

struct CodePoint {
    char32_t value;
    size_t bytes;  // 0: not UTF-8
};

CodePoint decode(std::string_view text) {
    auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
    uint8_t first = byte(0);
    if (first < 0x80) return {first, 1};
    size_t count = first >= 0xf0 && first < 0xf5   ? 4
                   : first >= 0xe0 && first < 0xf0 ? 3
                   : first >= 0xc2 && first < 0xe0 ? 2
                                                   : 0;
    if (count == 0 || text.size() < count) return {0, 0};
    char32_t value = first & (0xff >> (count + 1));
    for (size_t i = 1; i < count; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return {0, 0};
        value = value << 6 | (byte(i) & 0x3f);
    }
    bool overlong = (count == 3 && value < 0x800) || (count == 4 && value < 0x10000);
    if (overlong || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return {0, 0};
    return {value, count};
}

bool in(char32_t c, char32_t from, char32_t to) { return c >= from && c <= to; }

bool is_unsafe(char32_t c) {
    return c < 0x20 || in(c, 0x7f, 0x9f) || in(c, 0x200e, 0x200f) || in(c, 0x2028, 0x202e) ||
           in(c, 0x2066, 0x2069) || c == 0x61c || c == 0xfeff || in(c, 0xe0000, 0xe007f);
}

size_t columns_of(char32_t c) {
    if (c < 0x300) return 1;
    if (in(c, 0x300, 0x36f) || in(c, 0x200b, 0x200d) || in(c, 0xfe00, 0xfe0f) || in(c, 0x20d0, 0x20ff))
        return 0;
    bool wide = in(c, 0x1100, 0x115f) || in(c, 0x2e80, 0xa4cf) || in(c, 0xac00, 0xd7a3) ||
                in(c, 0xf900, 0xfaff) || in(c, 0xfe30, 0xfe6f) || in(c, 0xff00, 0xff60) ||
                in(c, 0xffe0, 0xffe6) || in(c, 0x1f300, 0x1faff) || in(c, 0x20000, 0x3fffd);
    return wide ? 2 : 1;
}

std::string hex(std::string_view prefix, uint32_t value, int digits) {
    std::string text(prefix);
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
        text += "0123456789abcdef"[(value >> shift) & 15];
    return text;
}

std::string escape(char32_t c) {
    if (c == '\n') return "\\n";
    if (c == '\r') return "\\r";
    if (c == '\t') return "\\t";
    if (c == 0x1b) return "\\e";
    if (c < 0x100) return hex("\\x", c, 2);
    return c < 0x10000 ? hex("\\u", c, 4) : hex("\\U", c, 6);
}

}  // namespace

size_t put_visible(std::string& to, std::string_view text, size_t columns_max) {
    size_t columns = 0;
    while (!text.empty()) {
        CodePoint point = decode(text);
        std::string escaped;
        if (point.bytes == 0)
            escaped = hex("\\x", static_cast<uint8_t>(text[0]), 2), point.bytes = 1;
        else if (is_unsafe(point.value))
            escaped = escape(point.value);
        size_t width = escaped.empty() ? columns_of(point.value) : escaped.size();
        if (columns + width > columns_max) break;
        if (escaped.empty())
            to.append(text.data(), point.bytes);
        else
            to += escaped;
        columns += width;
        text.remove_prefix(point.bytes);
    }
    return columns;
}

size_t visible_columns(std::string_view text) {
    size_t columns = 0;
    while (!text.empty()) {
        if (static_cast<uint8_t>(text[0]) < 0x80) {
            ++columns;
            text.remove_prefix(1);
            continue;
        }
        CodePoint point = decode(text);
        columns += point.bytes ? columns_of(point.value) : 1;
        text.remove_prefix(point.bytes ? point.bytes : 1);
    }
    return columns;
}

void put_shortened(std::string& to, std::string_view visible, size_t columns_max) {
    if (visible_columns(visible) <= columns_max) {
        to += visible;
        return;
    }
    if (columns_max == 0) return;
    put_visible(to, visible, columns_max - 1);
    to += "…";
}

}  // namespace leat
