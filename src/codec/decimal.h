// Decimal text (docs/format/block.md, kind 8) as numbers other systems take.
// Pure functions; any thread.
#pragma once

#include <optional>

#include "base/byte_buffer.h"

namespace leat {

// A decimal's text taken apart: value = ±(integer + fraction as one number) / 10^fraction.size().
struct DecimalText {
    bool negative = false;
    std::string_view integer, fraction;

    // None: NaN, an infinity, or not a decimal.
    static std::optional<DecimalText> parse(std::string_view text);
    // Without the zeros that end the fraction.
    DecimalText stripped() const;
    int32_t scale() const { return static_cast<int32_t>(fraction.size()); }
};

// Appends value · 10^scale as big-endian two's complement of the fewest bytes: what Java's
// BigInteger.toByteArray() gives and Connect's Decimal carries. False (and nothing appended) if the value has
// more decimals than that; with round_half_up they are rounded instead.
bool put_unscaled(ByteBuffer& to, const DecimalText& value, int32_t scale, bool round_half_up = false);

}  // namespace leat
