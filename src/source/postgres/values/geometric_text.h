// Text of point and of pgvector's vectors to canonical values. Pure functions.
// PostgreSQL documentation, "Geometric Types"; pgvector's README, "Vector Type", "Halfvec Type".
#pragma once

#include "base/byte_buffer.h"
#include "source/postgres/values/text_scanner.h"

namespace leat::pg {

// As the slot has it.
struct Point {
    double x = 0, y = 0;
};
static_assert(sizeof(Point) == 16);

Fault parse_point(std::string_view text, Point& value);      // "(1.5,-2)"
Fault append_vector(std::string_view text, ByteBuffer& to);  // "[1,2.5,3]"; f32 each

}  // namespace leat::pg
