// Text of PostgreSQL's interval (intervalstyle postgres) to its canonical value. Pure function.
// PostgreSQL documentation, "Interval Output": "-1 years -2 mons +3 days -04:05:06.789".
#pragma once

#include "source/postgres/values/text_scanner.h"

namespace leat::pg {

// As the slot has it.
struct Interval {
    int32_t months = 0;
    int32_t days = 0;
    int64_t us = 0;
    bool operator==(const Interval&) const = default;
};
static_assert(sizeof(Interval) == 16);

// PostgreSQL 17 keeps ±infinity as the extremes of all three parts, and so does the canonical value.
Fault parse_interval(std::string_view text, Interval& value);

}  // namespace leat::pg
