#include "source/postgres/values/temporal_text.h"

#include "base/byte_cursor.h"
#include "model/schema.h"

namespace leat::pg {

namespace {

constexpr int64_t second_us = 1000000, day_us = 86400 * second_us;
constexpr uint64_t fraction_scale[] = {1000000, 100000, 10000, 1000, 100, 10, 1};

struct Date {
    int64_t year = 0;
    unsigned month = 0, day = 0;
};

unsigned days_in_month(int64_t year, unsigned month) {
    if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

// Year, month and day as written; whether they exist depends on the BC at the end of the text.
bool read_date(TextScanner& from, Date& date) {
    uint64_t year = 0;
    if (from.digits(7, year) < 4) return false;
    date.year = static_cast<int64_t>(year);
    return from.take('-') && from.two_digits(date.month) && from.take('-') && from.two_digits(date.day);
}

// .f to .ffffff, if it is there.
bool read_fraction(TextScanner& from, int64_t& us) {
    if (!from.take('.')) return true;
    uint64_t fraction = 0;
    int count = from.digits(6, fraction);
    us += static_cast<int64_t>(fraction * fraction_scale[count]);
    return count > 0;
}

bool read_time(TextScanner& from, int64_t& us) {
    unsigned hours = 0, minutes = 0, seconds = 0;
    if (!from.two_digits(hours) || !from.take(':') || !from.two_digits(minutes) || !from.take(':') ||
        !from.two_digits(seconds))
        return false;
    us = ((hours * 60 + minutes) * 60 + seconds) * second_us;
    return minutes <= 59 && seconds <= 59 && read_fraction(from, us) && us <= day_us;
}

// ±hh[:mm[:ss]]
bool read_offset(TextScanner& from, int32_t& seconds_east) {
    bool west = from.peek() == '-';
    unsigned hours = 0, minutes = 0, seconds = 0;
    if (!west && from.peek() != '+') return false;
    from.skip(1);
    if (!from.two_digits(hours)) return false;
    if (from.take(':') && !from.two_digits(minutes)) return false;
    if (from.take(':') && !from.two_digits(seconds)) return false;
    if (minutes > 59 || seconds > 59) return false;
    int32_t sum = static_cast<int32_t>((hours * 60 + minutes) * 60 + seconds);
    seconds_east = west ? -sum : sum;
    return true;
}

// The end of the text and what it says of the year; then the date has to exist.
Fault finish_date(TextScanner& from, Date& date, int64_t& days) {
    bool before_christ = from.take(" BC");
    if (!from.at_end()) return from.malformed();
    if (date.year == 0) return Fault::malformed(0);
    if (before_christ) date.year = 1 - date.year;
    if (date.month < 1 || date.month > 12 || date.day < 1 || date.day > days_in_month(date.year, date.month))
        return Fault::malformed(0);
    days = days_from_civil(date.year, date.month, date.day);
    return Fault::none();
}

// Whether the text is one of the infinities, and which.
template <class T>
bool read_infinity(std::string_view text, T plus, T minus, T& value) {
    if (text.empty() || digit_of(text[0]) <= 9) return false;
    bool is_plus = text == "infinity";
    if (!is_plus && text != "-infinity") return false;
    value = is_plus ? plus : minus;
    return true;
}

template <bool with_zone>
Fault parse_instant(std::string_view text, int64_t& us) {
    if (read_infinity(text, timestamp_infinity, timestamp_minus_infinity, us)) return Fault::none();
    TextScanner from(text);
    Date date;
    int64_t time = 0, days = 0;
    int32_t offset = 0;
    if (!read_date(from, date) || !from.take(' ') || !read_time(from, time)) return from.malformed();
    if (with_zone && !read_offset(from, offset)) return from.malformed();
    if (Fault fault = finish_date(from, date, days)) return fault;
    time -= offset * second_us;
    bool overflow = __builtin_mul_overflow(days, day_us, &us) || __builtin_add_overflow(us, time, &us);
    if (overflow || us == timestamp_infinity || us == timestamp_minus_infinity) return Fault::unsupported();
    return Fault::none();
}

}  // namespace

Fault parse_date(std::string_view text, int32_t& days) {
    if (read_infinity(text, date_infinity, date_minus_infinity, days)) return Fault::none();
    TextScanner from(text);
    Date date;
    int64_t wide_days = 0;
    if (!read_date(from, date)) return from.malformed();
    if (Fault fault = finish_date(from, date, wide_days)) return fault;
    if (wide_days <= date_minus_infinity || wide_days >= date_infinity) return Fault::unsupported();
    days = static_cast<int32_t>(wide_days);
    return Fault::none();
}

Fault parse_time(std::string_view text, int64_t& us) {
    TextScanner from(text);
    return read_time(from, us) ? from.end_fault() : from.malformed();
}

Fault parse_time_tz(std::string_view text, EncodedTimeTz& value) {
    TextScanner from(text);
    int64_t us = 0;
    int32_t offset = 0;
    if (!read_time(from, us) || !read_offset(from, offset)) return from.malformed();
    store(value.data(), us);
    store(value.data() + 8, offset);
    return from.end_fault();
}

Fault parse_timestamp(std::string_view text, int64_t& us) { return parse_instant<false>(text, us); }
Fault parse_timestamp_tz(std::string_view text, int64_t& us) { return parse_instant<true>(text, us); }

}  // namespace leat::pg
