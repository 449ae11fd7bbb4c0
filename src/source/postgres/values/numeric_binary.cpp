#include "source/postgres/values/numeric_binary.h"

namespace leat::pg {

namespace {

constexpr uint16_t negative = 0x4000, nan = 0xC000, plus_infinity = 0xD000, minus_infinity = 0xF000;
constexpr int scale_max = 0x3fff;

// The digit group of this weight; groups that were not sent are zeros.
struct Groups {
    const uint8_t* first;
    int count, weight;

    unsigned at(int position) const {
        int index = weight - position;
        if (index < 0 || index >= count) return 0;
        return byte_swap(load<uint16_t>(first + 2 * index));
    }
};

void write_group(unsigned group, char (&text)[4]) {
    for (int i = 3; i >= 0; --i, group /= 10) text[i] = static_cast<char>('0' + group % 10);
}

}  // namespace

Fault append_numeric(Bytes value, ByteBuffer& to) {
    NetworkCursor from(value);
    int count = from.i16(), weight = from.i16();
    uint16_t sign = from.u16();
    int scale = from.i16();
    if (!from.ok() || count < 0 || from.remaining() != static_cast<size_t>(count) * 2)
        return Fault::malformed(0);
    if (sign == nan || sign == plus_infinity || sign == minus_infinity) {
        to.put_text(sign == nan ? "NaN" : sign == plus_infinity ? "Infinity" : "-Infinity");
        return Fault::none();
    }
    if ((sign != 0 && sign != negative) || scale < 0 || scale > scale_max) return Fault::malformed(4);
    Groups groups{from.rest().data(), count, weight};
    for (int i = 0; i < count; ++i)
        if (groups.at(weight - i) > 9999) return Fault::malformed(8 + 2 * static_cast<size_t>(i));

    if (sign == negative) to.put_text("-");
    char text[4];
    bool leading = true;
    for (int position = weight; position >= 0; --position) {
        write_group(groups.at(position), text);
        std::string_view digits(text, 4);
        if (leading) digits.remove_prefix(std::min<size_t>(digits.find_first_not_of('0'), 4));
        leading &= digits.empty();
        to.put_text(digits);
    }
    if (leading) to.put_text("0");
    if (scale > 0) to.put_text(".");
    for (int position = -1; scale > 0; --position, scale -= 4) {
        write_group(groups.at(position), text);
        to.put_text(std::string_view(text, static_cast<size_t>(std::min(scale, 4))));
    }
    return Fault::none();
}

}  // namespace leat::pg
