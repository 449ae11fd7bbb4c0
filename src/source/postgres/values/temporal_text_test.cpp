#include "source/postgres/values/temporal_text.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "base/byte_cursor.h"
#include "model/schema.h"
#include "source/postgres/values/interval_text.h"

namespace leat::pg {

namespace {

constexpr int64_t no_value = -424242424242;
constexpr int64_t unsupported = -777777777777;

template <class T>
int64_t outcome(Fault fault, T value) {
    if (!fault) return value;
    return fault.kind == Fault::Kind::unsupported ? unsupported : no_value;
}
int64_t date(std::string_view text) {
    int32_t days = 0;
    Fault fault = parse_date(text, days);
    return outcome(fault, days);
}
int64_t time_of_day(std::string_view text) {
    int64_t us = 0;
    Fault fault = parse_time(text, us);
    return outcome(fault, us);
}
int64_t timestamp(std::string_view text) {
    int64_t us = 0;
    Fault fault = parse_timestamp(text, us);
    return outcome(fault, us);
}
int64_t timestamp_tz(std::string_view text) {
    int64_t us = 0;
    Fault fault = parse_timestamp_tz(text, us);
    return outcome(fault, us);
}
std::optional<Interval> interval(std::string_view text) {
    Interval value;
    return parse_interval(text, value) ? std::nullopt : std::optional(value);
}

// As PostgreSQL writes it.
std::string date_text(std::chrono::sys_days day, std::string_view rest = "") {
    std::chrono::year_month_day d(day);
    int year = static_cast<int>(d.year());
    return fmt::format("{:04}-{:02}-{:02}{}{}", year > 0 ? year : 1 - year, static_cast<unsigned>(d.month()),
                       static_cast<unsigned>(d.day()), rest, year > 0 ? "" : " BC");
}

}  // namespace

TEST(TemporalText, Dates) {
    EXPECT_EQ(date("1970-01-01"), 0);
    EXPECT_EQ(date("1969-12-31"), -1);
    EXPECT_EQ(date("2000-01-01"), 10957);
    EXPECT_EQ(date("2024-02-29"), 19782);
    EXPECT_EQ(date("0001-01-01"), -719162);
    EXPECT_EQ(date("0001-12-31 BC"), -719163);
    EXPECT_EQ(date("4714-11-24 BC"), -2440588);    // Julian day 0, the first date
    EXPECT_EQ(date("5874897-12-31"), 2145042905);  // the last: Julian day 2147483493
    EXPECT_EQ(date("infinity"), date_infinity);
    EXPECT_EQ(date("-infinity"), date_minus_infinity);
}

TEST(TemporalText, DatesThatAreNone) {
    for (auto text :
         {"",           "2024",       "2024-01",        "2024-01-",      "2024-1-01",      "24-01-01",
          "2024-00-10", "2024-13-01", "2024-01-00",     "2024-01-32",    "2023-02-29",     "1900-02-29",
          "2024-04-31", "0000-01-01", "2024-01-01 ",    "2024-01-01 AD", "2024-01-01 BCE", "Infinity",
          "infinit",    "-infinity ", "12345678-01-01", "-2024-01-01",   "2024/01/01",     "2024-01-0x"})
        EXPECT_EQ(date(text), no_value) << text;
    EXPECT_EQ(date("9999999-01-01"), unsupported);
    EXPECT_NE(date("2000-02-29"), no_value);
    EXPECT_NE(date("0001-02-29 BC"), no_value);  // astronomical year 0 is a leap year
    EXPECT_EQ(date("0002-02-29 BC"), no_value);
}

TEST(TemporalText, DatesLikeTheStandardLibrary) {
    for (int day = -900000; day < 900000; day += 13)
        ASSERT_EQ(date(date_text(std::chrono::sys_days(std::chrono::days(day)))), day);
}

TEST(TemporalText, Times) {
    EXPECT_EQ(time_of_day("00:00:00"), 0);
    EXPECT_EQ(time_of_day("13:51:30.123789"), 49890123789);
    EXPECT_EQ(time_of_day("23:59:59.9"), 86399900000);
    EXPECT_EQ(time_of_day("23:59:59.000001"), 86399000001);
    EXPECT_EQ(time_of_day("24:00:00"), 86400000000);
    for (auto text : {"", "1:00:00", "24:00:00.000001", "24:00:01", "25:00:00", "23:60:00", "23:00:60",
                      "23:00", "23:00:00.", "23:00:00.1234567", "23:00:00 ", "-1:00:00", "23.00.00"})
        EXPECT_EQ(time_of_day(text), no_value) << text;
}

TEST(TemporalText, TimesWithZone) {
    auto parsed = [](std::string_view text) {
        EncodedTimeTz value{};
        if (parse_time_tz(text, value)) return std::string("malformed");
        return fmt::format("{} {}", load<int64_t>(value.data()), load<int32_t>(value.data() + 8));
    };
    EXPECT_EQ(parsed("13:51:30.123789+02"), "49890123789 7200");
    EXPECT_EQ(parsed("13:51:30.123789+02:00"), "49890123789 7200");
    EXPECT_EQ(parsed("00:00:00-08"), "0 -28800");
    EXPECT_EQ(parsed("00:00:00+05:45"), "0 20700");
    EXPECT_EQ(parsed("00:00:00-00:30"), "0 -1800");
    EXPECT_EQ(parsed("24:00:00+15:59:59"), "86400000000 57599");
    EXPECT_EQ(parsed("24:00:00-15:59:59"), "86400000000 -57599");
    for (auto text : {"", "00:00:00", "00:00:00Z", "00:00:00+2", "00:00:00+02:", "00:00:00+02:60",
                      "00:00:00+02:00:60", "00:00:00+02 ", "00:00:00+02:00:00:00"})
        EXPECT_EQ(parsed(text), "malformed") << text;
}

TEST(TemporalText, Timestamps) {
    EXPECT_EQ(timestamp("1970-01-01 00:00:00"), 0);
    EXPECT_EQ(timestamp("1969-12-31 23:59:59.999999"), -1);
    EXPECT_EQ(timestamp("2026-11-21 10:15:30.123456"), 1795256130123456);
    EXPECT_EQ(timestamp("4714-11-24 00:00:00 BC"), -210866803200000000);
    EXPECT_EQ(timestamp("10000-01-01 00:00:00"), 253402300800000000);
    EXPECT_EQ(timestamp("infinity"), timestamp_infinity);
    EXPECT_EQ(timestamp("-infinity"), timestamp_minus_infinity);
    for (auto text : {"", "2026-11-21", "2026-11-21T10:15:30", "2026-11-21 10:15", "2026-11-21 10:15:30+00",
                      "2026-11-21 10:15:30BC", "2026-11-21 10:15:30 ", "2026-02-30 00:00:00", "infinity BC"})
        EXPECT_EQ(timestamp(text), no_value) << text;
}

TEST(TemporalText, TimestampsAtTheEndOfTheCanonicalRange) {
    EXPECT_EQ(timestamp("294247-01-10 04:00:54.775806"), INT64_MAX - 1);
    EXPECT_EQ(timestamp("294247-01-10 04:00:54.775807"), unsupported);  // would read as infinity
    EXPECT_EQ(timestamp("294247-01-10 04:00:54.775808"), unsupported);
    EXPECT_EQ(timestamp("294276-12-31 23:59:59.999999"), unsupported);  // PostgreSQL's last
    EXPECT_EQ(timestamp("9999999-12-31 23:59:59.999999"), unsupported);
    EXPECT_EQ(timestamp("9999999-12-31 23:59:59.999999 BC"), unsupported);
}

TEST(TemporalText, TimestampsWithZone) {
    EXPECT_EQ(timestamp_tz("1970-01-01 00:00:00+00"), 0);
    EXPECT_EQ(timestamp_tz("1970-01-01 02:00:00+02"), 0);
    EXPECT_EQ(timestamp_tz("1969-12-31 18:30:00-05:30"), 0);
    EXPECT_EQ(timestamp_tz("1970-01-01 00:00:01.5+00:00:01"), 500000);
    EXPECT_EQ(timestamp_tz("4714-11-24 00:00:00+00 BC"), -210866803200000000);
    EXPECT_EQ(timestamp_tz("21016-11-04 13:51:30.123456+00"), 601060312290123456);
    EXPECT_EQ(timestamp_tz("infinity"), timestamp_infinity);
    for (auto text : {"1970-01-01 00:00:00", "1970-01-01 00:00:00 BC+00", "1970-01-01 00:00:00Z"})
        EXPECT_EQ(timestamp_tz(text), no_value) << text;
}

TEST(TemporalText, TimestampsLikeTheStandardLibrary) {
    std::mt19937_64 random(2);
    for (int i = 0; i < 20000; ++i) {
        auto us = static_cast<int64_t>(random() % 800000000000000000) - 200000000000000000;
        auto point = std::chrono::sys_time<std::chrono::microseconds>(std::chrono::microseconds(us));
        auto day = std::chrono::floor<std::chrono::days>(point);
        std::chrono::hh_mm_ss time(point - day);
        std::string clock =
            fmt::format(" {:02}:{:02}:{:02}.{:06}", time.hours().count(), time.minutes().count(),
                        time.seconds().count(), time.subseconds().count());
        if (i % 2 && time.subseconds().count() == 0) clock.resize(9);
        ASSERT_EQ(timestamp(date_text(day, clock)), us);
        ASSERT_EQ(timestamp_tz(date_text(day, clock + "+00")), us);
    }
}

TEST(TemporalText, Intervals) {
    EXPECT_EQ(interval("00:00:00"), (Interval{0, 0, 0}));
    EXPECT_EQ(interval("1 year 2 mons -3 days +04:05:06.789"), (Interval{14, -3, 14706789000}));
    EXPECT_EQ(interval("-1 years -2 mons +3 days -04:05:06"), (Interval{-14, 3, -14706000000}));
    EXPECT_EQ(interval("1 mon"), (Interval{1, 0, 0}));
    EXPECT_EQ(interval("1 day"), (Interval{0, 1, 0}));
    EXPECT_EQ(interval("2 years"), (Interval{24, 0, 0}));
    EXPECT_EQ(interval("-00:00:00.000001"), (Interval{0, 0, -1}));
    EXPECT_EQ(interval("1 year -00:00:01"), (Interval{12, 0, -1000000}));
    EXPECT_EQ(interval("1000:00:00"), (Interval{0, 0, 3600000000000}));
    EXPECT_EQ(interval("-178956970 years -8 mons"), (Interval{INT32_MIN, 0, 0}));
    EXPECT_EQ(interval("178956970 years 7 mons"), (Interval{INT32_MAX, 0, 0}));
    EXPECT_EQ(interval("-2147483648 days"), (Interval{0, INT32_MIN, 0}));
    EXPECT_EQ(interval("2562047788:00:54.775807"), (Interval{0, 0, INT64_MAX}));
    EXPECT_EQ(interval("-2562047788:00:54.775808"), (Interval{0, 0, INT64_MIN}));
    EXPECT_EQ(interval("infinity"), (Interval{INT32_MAX, INT32_MAX, INT64_MAX}));
    EXPECT_EQ(interval("-infinity"), (Interval{INT32_MIN, INT32_MIN, INT64_MIN}));
}

TEST(TemporalText, IntervalsThatAreNone) {
    for (auto text : {"",
                      " ",
                      "1",
                      "1 yea",
                      "year",
                      "1 year ",
                      " 1 year",
                      "1 day 1 year",
                      "1 day 2 days",
                      "00:00",
                      "0:00:00",
                      "00:00:00 1 day",
                      "00:60:00",
                      "00:00:60",
                      "00:00:00.",
                      "00:00:00.1234567",
                      "P1Y",
                      "178956971 years",
                      "2147483648 days",
                      "2562047788:00:54.775808",
                      "9999999999999999999 days",
                      "@ 1 year",
                      "1 year ago",
                      "infinit",
                      "--1 days",
                      "1 daysx"})
        EXPECT_EQ(interval(text), std::nullopt) << text;
}

}  // namespace leat::pg
