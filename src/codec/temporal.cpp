#include "codec/temporal.h"

#include <charconv>
#include <cstdlib>

namespace leat {
namespace {

void put_number(ByteBuffer& to, int64_t value) {
    auto* start = reinterpret_cast<char*>(to.prepare(24));
    to.commit(static_cast<size_t>(std::to_chars(start, start + 24, value).ptr - start));
}

void put_two(uint8_t* at, uint32_t value) {
    at[0] = static_cast<uint8_t>('0' + value / 10), at[1] = static_cast<uint8_t>('0' + value % 10);
}

void put_year(ByteBuffer& to, int64_t year) {
    if (year > 9999) to.put_char('+');
    if (year < 0) to.put_char('-'), year = -year;
    if (year > 9999) return put_number(to, year);
    uint8_t* at = to.grow(4);
    put_two(at, static_cast<uint32_t>(year / 100)), put_two(at + 2, static_cast<uint32_t>(year % 100));
}

}  // namespace

CivilDate civil_from_days(int64_t days) {
    // Counted in 400-year eras from 0000-03-01, so that the leap day is the last of its year.
    days += 719468;
    int64_t era = floor_divide(days, 146097);
    auto of_era = static_cast<uint32_t>(days - era * 146097);
    uint32_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint32_t day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint32_t month = (5 * day_of_year + 2) / 153;
    uint32_t day = day_of_year - (153 * month + 2) / 5 + 1;
    month = month < 10 ? month + 3 : month - 9;
    return {era * 400 + year_of_era + (month <= 2), month, day};
}

int64_t days_from_civil(CivilDate date) {
    int64_t year = date.year - (date.month <= 2);
    int64_t era = floor_divide(year, 400);
    int64_t of_era = year - era * 400;
    int64_t month = date.month + (date.month > 2 ? -3 : 9);
    int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719468;
}

void put_iso_date(ByteBuffer& to, int64_t days) {
    CivilDate date = civil_from_days(days);
    put_year(to, date.year);
    uint8_t* at = to.grow(6);
    at[0] = '-', at[3] = '-';
    put_two(at + 1, date.month), put_two(at + 4, date.day);
}

void put_iso_time(ByteBuffer& to, int64_t us, int32_t digits) {
    auto seconds = static_cast<uint32_t>(us / 1000000), fraction = static_cast<uint32_t>(us % 1000000);
    uint8_t* at = to.grow(8);
    put_two(at, seconds / 3600), put_two(at + 3, seconds / 60 % 60), put_two(at + 6, seconds % 60);
    at[2] = at[5] = ':';
    bool exactly = digits >= 1 && digits <= 6;
    if (!exactly && fraction == 0) return;
    uint8_t text[7] = {'.'};
    for (int i = 6; i > 0; --i, fraction /= 10) text[i] = static_cast<uint8_t>('0' + fraction % 10);
    size_t size = exactly ? 1 + static_cast<size_t>(digits) : 7;
    while (!exactly && text[size - 1] == '0') --size;
    to.put_bytes({text, size});
}

void put_iso_timestamp(ByteBuffer& to, int64_t us, int32_t digits) {
    int64_t days = floor_divide(us, day_us);
    put_iso_date(to, days);
    to.put_char('T');
    put_iso_time(to, us - days * day_us, digits);
}

void put_iso_interval(ByteBuffer& to, int32_t months, int32_t days, int64_t us) {
    to.put_char('P'), put_number(to, months / 12);
    to.put_char('Y'), put_number(to, months % 12);
    to.put_char('M'), put_number(to, days);
    to.put_text("DT"), put_number(to, us / 3600000000);
    to.put_char('H'), put_number(to, us / 60000000 % 60);
    to.put_char('M');
    int64_t rest = us % 60000000;
    if (rest < 0) to.put_char('-'), rest = -rest;
    put_number(to, rest / 1000000);
    if (int64_t fraction = rest % 1000000) {
        uint8_t text[7] = {'.'};
        for (int i = 6; i > 0; --i, fraction /= 10) text[i] = static_cast<uint8_t>('0' + fraction % 10);
        size_t size = 7;
        while (text[size - 1] == '0') --size;
        to.put_bytes({text, size});
    }
    to.put_char('S');
}

int64_t interval_us(int32_t months, int32_t days, int64_t us) {
    constexpr int64_t month_us = 2629800000000;  // 365.25 / 12 days, exactly
    __int128 total = static_cast<__int128>(months) * month_us + static_cast<__int128>(days) * day_us + us;
    if (total > INT64_MAX) return INT64_MAX;
    if (total < INT64_MIN) return INT64_MIN;
    return static_cast<int64_t>(total);
}

}  // namespace leat
