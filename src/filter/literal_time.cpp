// Dates, times and intervals: ISO 8601 as PostgreSQL writes and reads it. What it reads besides (names of
// months, 'today', names of zones) depends on settings or on the clock, and is refused.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>

#include "filter/literal.h"

namespace leat {
namespace {

constexpr int64_t us_per_second = 1000000;

class Scanner {
  public:
    explicit Scanner(std::string_view text) : text_(text) {}
    bool at_end() const { return at_ == text_.size(); }
    char peek() const { return at_end() ? '\0' : text_[at_]; }
    bool take(char c) {
        if (peek() != c || at_end()) return false;
        ++at_;
        return true;
    }
    bool take_word(std::string_view word) {
        if (!text_.substr(at_).starts_with(word)) return false;
        at_ += word.size();
        return true;
    }
    void skip_blanks() {
        while (take(' ')) {
        }
    }
    bool at_digit() const { return peek() >= '0' && peek() <= '9'; }
    // least to most digits.
    bool number(int least, int most, int64_t& value) {
        int count = 0;
        for (value = 0; count < most && at_digit(); ++count) value = value * 10 + (text_[at_++] - '0');
        return count >= least && !at_digit();
    }
    // Digits after a point as millionths, the seventh rounded.
    int64_t fraction() {
        int64_t value = 0;
        int count = 0;
        for (; at_digit(); ++at_, ++count) {
            int digit = text_[at_] - '0';
            if (count < 6) value = value * 10 + digit;
            if (count == 6 && digit >= 5) ++value;
        }
        for (; count < 6; ++count) value *= 10;
        return value;
    }
    std::string_view word() {
        size_t begin = at_;
        while (std::isalpha(static_cast<unsigned char>(peek()))) ++at_;
        return text_.substr(begin, at_ - begin);
    }

  private:
    std::string_view text_;
    size_t at_ = 0;
};

// Days since 1970-01-01 in the proleptic Gregorian calendar; year 0 is 1 BC. Years are counted from March, so
// that the leap day ends one.
int64_t days_of(int64_t year, int64_t month, int64_t day) {
    int64_t from_march = (month + 9) % 12;
    year -= from_march >= 10;
    int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
    int64_t day_of_year = (153 * from_march + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719468;
}

int64_t days_in_month(int64_t year, int64_t month) {
    constexpr int64_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

struct Moment {
    int64_t year = 0, month = 0, day = 0;
    int64_t us = 0;  // of the day
    bool has_zone = false;
    int64_t zone = 0;  // seconds east
    int64_t days() const { return days_of(year, month, day); }
};

bool read_date(Scanner& from, Moment& to) {
    return from.number(4, 7, to.year) && from.take('-') && from.number(1, 2, to.month) && from.take('-') &&
           from.number(1, 2, to.day);
}

bool read_time(Scanner& from, Moment& to) {
    int64_t hours = 0, minutes = 0, seconds = 0, fraction = 0;
    if (!from.number(1, 2, hours) || !from.take(':') || !from.number(2, 2, minutes)) return false;
    if (from.take(':') && !from.number(2, 2, seconds)) return false;
    if (from.take('.')) fraction = from.fraction();
    to.us = ((hours * 60 + minutes) * 60 + seconds) * us_per_second + fraction;
    return minutes < 60 && seconds <= 60 && to.us <= us_per_day;
}

// Z, +hh, +hhmm, +hh:mm, +hh:mm:ss.
bool read_zone(Scanner& from, Moment& to) {
    from.skip_blanks();
    if (from.take('Z') || from.take('z') || from.take_word("UTC")) return to.has_zone = true;
    bool west = from.peek() == '-';
    if (!from.take('+') && !from.take('-')) return true;
    int64_t hours = 0, minutes = 0, seconds = 0;
    if (!from.number(1, 4, hours)) return false;
    if (hours > 99) minutes = hours % 100, hours /= 100;
    if (from.take(':') && !from.number(2, 2, minutes)) return false;
    if (from.take(':') && !from.number(2, 2, seconds)) return false;
    if (hours > 15 || minutes > 59 || seconds > 59) return false;
    to.zone = (hours * 60 + minutes) * 60 + seconds;
    if (west) to.zone = -to.zone;
    return to.has_zone = true;
}

// With a year BC the date's parts are in range only once it is known.
bool finish(Scanner& from, Moment& to, bool with_date) {
    from.skip_blanks();
    if (with_date) {
        if (from.take_word("BC") || from.take_word("bc")) {
            if (to.year == 0) return false;
            to.year = 1 - to.year;
        } else if (to.year == 0) {
            return false;
        }
        if (to.month < 1 || to.month > 12 || to.day < 1 || to.day > days_in_month(to.year, to.month))
            return false;
    }
    return from.at_end();
}

bool read_timestamp(std::string_view text, Moment& to) {
    Scanner from(text);
    if (!read_date(from, to)) return false;
    if (from.take('T') || from.take(' ')) {
        from.skip_blanks();
        if (from.at_digit() && !(read_time(from, to) && read_zone(from, to))) return false;
    }
    return finish(from, to, true);
}

std::unexpected<LiteralFault> unexpected_text(std::string_view text) {
    return std::unexpected<LiteralFault>(text);
}

std::unexpected<LiteralFault> malformed(Class of) {
    switch (of) {
        case Class::date:
            return unexpected_text("is not a date like 2026-11-21");
        case Class::time:
            return unexpected_text("is not a time like 10:15:30.5");
        case Class::time_tz:
            return unexpected_text("is not a time with a zone like 10:15:30.5+01:00");
        default:
            return unexpected_text("is not a time like 2026-11-21 10:15:30.5 (or with a zone: +01:00)");
    }
}

Literal parse_clock(Class of, std::string_view text) {
    Scanner from(text);
    Moment moment;
    if (!read_time(from, moment) || !read_zone(from, moment) || !finish(from, moment, false))
        return malformed(of);
    if (of == Class::time) return Value::of_number(moment.us);
    return Value::of_number((Integer{moment.us} - moment.zone * us_per_second) * (Integer{1} << 32) -
                            moment.zone);
}

Literal infinity_of(Class of, bool minus) {
    if (of == Class::date) return Value::of_number(minus ? date_minus_infinity : date_infinity);
    return Value::of_number(minus ? timestamp_minus_infinity : timestamp_infinity);
}

}  // namespace

Literal parse_temporal(Class of, std::string_view text) {
    if (of == Class::time || of == Class::time_tz) return parse_clock(of, text);
    if (text == "infinity" || text == "-infinity") return infinity_of(of, text[0] == '-');
    for (std::string_view word : {"now", "today", "tomorrow", "yesterday"})
        if (text == word)
            return unexpected_text("is no constant: the same change must always give the same answer");
    Moment moment;
    if (!read_timestamp(text, moment)) return malformed(of);
    if (of == Class::date) return Value::of_number(moment.days());
    // A zone is not looked at where the type has none, as in PostgreSQL; where one is missing it is UTC.
    int64_t zone = of == Class::timestamp_tz ? moment.zone : 0;
    Integer us = Integer{moment.days()} * us_per_day + moment.us - zone * us_per_second;
    if (us >= timestamp_infinity || us <= timestamp_minus_infinity) return unexpected_text("is out of range");
    return Value::of_number(us);
}

namespace {

struct Unit {
    std::string_view name;
    int64_t months, us;  // of one; days are us
};
constexpr Unit units[] = {
    {"microsecond", 0, 1},
    {"millisecond", 0, 1000},
    {"second", 0, us_per_second},
    {"sec", 0, us_per_second},
    {"minute", 0, 60 * us_per_second},
    {"min", 0, 60 * us_per_second},
    {"hour", 0, 3600 * us_per_second},
    {"day", 0, us_per_day},
    {"week", 0, 7 * us_per_day},
    {"month", 1, 0},
    {"mon", 1, 0},
    {"year", 12, 0},
    {"decade", 120, 0},
    {"century", 1200, 0},
    {"centurie", 1200, 0},
};

const Unit* find_unit(std::string_view name) {
    std::string lower(name);
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (lower.ends_with('s')) lower.pop_back();
    for (const Unit& unit : units)
        if (unit.name == lower) return &unit;
    return nullptr;
}

// [±]H+:MM[:SS[.f]]; the hours are read already.
bool read_clock_part(Scanner& from, bool negative, int64_t hours, Integer& us) {
    int64_t minutes = 0, seconds = 0, fraction = 0;
    if (!from.number(2, 2, minutes)) return false;
    if (from.take(':') && !from.number(2, 2, seconds)) return false;
    if (from.take('.')) fraction = from.fraction();
    if (minutes > 59 || seconds > 59) return false;
    Integer part = ((Integer{hours} * 60 + minutes) * 60 + seconds) * us_per_second + fraction;
    us += negative ? -part : part;
    return true;
}

// "±N unit", or a clock. A fraction only of units that are times.
bool read_part(Scanner& from, Integer& us) {
    bool negative = from.peek() == '-';
    if (!from.take('+')) from.take('-');
    int64_t number = 0, fraction = 0;
    if (!from.number(1, 12, number)) return false;
    if (from.take(':')) return read_clock_part(from, negative, number, us);
    bool has_fraction = from.take('.');
    if (has_fraction) fraction = from.fraction();
    from.skip_blanks();
    const Unit* unit = find_unit(from.at_end() ? "second" : from.word());
    if (!unit || (has_fraction && (unit->months || unit->us >= us_per_day))) return false;
    constexpr int64_t us_per_month = 30 * us_per_day;
    Integer part = Integer{number} * (unit->months * us_per_month + unit->us) +
                   Integer{fraction} * unit->us / us_per_second;
    us += negative ? -part : part;
    return true;
}

}  // namespace

// As it compares: a month is 30 days, a day 24 hours.
Literal parse_interval_literal(std::string_view text) {
    if (text == "infinity" || text == "-infinity") {
        Integer span = (Integer{std::numeric_limits<int32_t>::max()} * 31) * us_per_day +
                       std::numeric_limits<int64_t>::max();
        return Value::of_number(text[0] == '-' ? -span - us_per_day * 31 - 1 : span);
    }
    Scanner from(text);
    Integer us = 0;
    bool any = false;
    for (from.skip_blanks(); !from.at_end(); from.skip_blanks()) {
        if (any && from.take_word("ago") && from.at_end()) {
            us = -us;
            break;
        }
        if (!read_part(from, us))
            return unexpected_text("is not an interval like 1 day 02:30, or 3 hours 5 minutes");
        any = true;
    }
    if (!any) return unexpected_text("is not an interval like 1 day 02:30, or 3 hours 5 minutes");
    return Value::of_number(us);
}

}  // namespace leat
