#include "codec/name_adjustment.h"

#include <fmt/core.h>

#include <iterator>

namespace leat {

namespace {

// One UTF-16 unit of the name, as Java has it.
void put_unit(uint32_t unit, NameAdjustment mode, bool dots, std::string& to) {
    bool letter = (unit >= 'a' && unit <= 'z') || (unit >= 'A' && unit <= 'Z');
    bool digit = unit >= '0' && unit <= '9';
    bool plain = letter || (digit && !to.empty()) || (dots && unit == '.') ||
                 (unit == '_' && mode == NameAdjustment::avro);
    if (plain) {
        to += static_cast<char>(unit);
    } else if (mode == NameAdjustment::avro_unicode) {
        to += fmt::format("_u{:04x}", unit);
    } else {
        to += '_';
        if (digit) to += static_cast<char>(unit);
    }
}

std::string adjusted(std::string_view name, NameAdjustment mode, bool dots) {
    if (mode == NameAdjustment::none) return std::string(name);
    std::string out;
    for (size_t i = 0; i < name.size();) {
        auto first = static_cast<unsigned char>(name[i]);
        size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
        length = std::min(length, name.size() - i);
        uint32_t code = length == 1 ? first : first & (0xFFu >> (length + 1));
        for (size_t k = 1; k < length; ++k) code = code << 6 | (name[i + k] & 0x3F);
        if (code >= 0x10000) {
            put_unit(0xD800 + ((code - 0x10000) >> 10), mode, dots, out);
            put_unit(0xDC00 + (code & 0x3FF), mode, dots, out);
        } else {
            put_unit(code, mode, dots, out);
        }
        i += length;
    }
    return out;
}

}  // namespace

std::string adjusted_field_name(std::string_view name, NameAdjustment mode) {
    return adjusted(name, mode, false);
}

std::string adjusted_schema_name(std::string_view name, NameAdjustment mode) {
    return adjusted(name, mode, true);
}

}  // namespace leat
