// Text of PostgreSQL's numeric types to canonical values. Pure functions.
// PostgreSQL documentation, "Numeric Types", "Monetary Types" and "Boolean Type"; extra_float_digits > 0
// gives the shortest text that reads back as the same float.
#pragma once

#include "base/byte_buffer.h"
#include "source/postgres/values/text_scanner.h"

namespace leat::pg {

Fault parse_boolean(std::string_view text, uint8_t& value);  // "t", "f"
Fault parse_int16(std::string_view text, int16_t& value);
Fault parse_int32(std::string_view text, int32_t& value);
Fault parse_int64(std::string_view text, int64_t& value);
Fault parse_uint64(std::string_view text, uint64_t& value);
Fault parse_float32(std::string_view text, float& value);
Fault parse_float64(std::string_view text, double& value);

// numeric's text is the canonical text; this only makes sure of it.
Fault check_decimal(std::string_view text);
// money under lc_monetary C ("-$1,234.11"), or with the parentheses of other locales, as a decimal.
Fault append_money(std::string_view text, ByteBuffer& to);

}  // namespace leat::pg
