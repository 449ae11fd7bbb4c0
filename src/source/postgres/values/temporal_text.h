// Text of PostgreSQL's date and time types (datestyle ISO) to canonical values. Pure functions.
// PostgreSQL documentation, "Date/Time Types": years may have more than four digits, " BC" stands at the end,
// 24:00:00 is a time, zone offsets may have seconds. Canonical values: docs/format/block.md, "Kinds".
#pragma once

#include <array>

#include "source/postgres/values/text_scanner.h"

namespace leat::pg {

// Days since 1970-01-01, proleptic Gregorian; year 0 is 1 BC.
constexpr int64_t days_from_civil(int64_t year, unsigned month, unsigned day) {
    // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": years begin in March, eras are 400
    // years.
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

// i64 µs since local midnight, i32 seconds east of UTC, as the slot has them.
using EncodedTimeTz = std::array<uint8_t, 12>;

Fault parse_date(std::string_view text, int32_t& days);
Fault parse_time(std::string_view text, int64_t& us);
Fault parse_time_tz(std::string_view text, EncodedTimeTz& value);
// PostgreSQL counts from 2000, the canonical value from 1970: what lies after 294247-01-10T04:00:54.775806
// does not fit and is unsupported, never wrapped around.
Fault parse_timestamp(std::string_view text, int64_t& us);
Fault parse_timestamp_tz(std::string_view text, int64_t& us);

}  // namespace leat::pg
