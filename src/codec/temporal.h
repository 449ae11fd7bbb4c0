// Dates, times and intervals as text, the way java.time and Debezium print them.
// Pure functions; any thread.
#pragma once

#include "base/byte_buffer.h"

namespace leat {

inline constexpr int64_t day_us = 86400000000;

struct CivilDate {
    int64_t year;  // astronomical: 0 is 1 BC
    uint32_t month, day;
};
// Days since 1970-01-01 in the proleptic Gregorian calendar.
CivilDate civil_from_days(int64_t days);
int64_t days_from_civil(CivilDate date);

constexpr int64_t floor_divide(int64_t value, int64_t by) {
    return value / by - (value % by != 0 && (value < 0) != (by < 0));
}

// A year has four digits; more come with '+', and years before 0 with '-'.
void put_iso_date(ByteBuffer& to, int64_t days);
// HH:MM:SS with fraction. digits 1 … 6: exactly so many; otherwise as many as needed. May be 24:00:00.
void put_iso_time(ByteBuffer& to, int64_t us, int32_t digits = -1);
// date T time, without a zone.
void put_iso_timestamp(ByteBuffer& to, int64_t us, int32_t digits = -1);

// P1Y2M3DT4H5M6.78S, every part present.
void put_iso_interval(ByteBuffer& to, int32_t months, int32_t days, int64_t us);
// With 365.25 / 12 days a month; what does not fit is cut to the range of int64.
int64_t interval_us(int32_t months, int32_t days, int64_t us);

}  // namespace leat
