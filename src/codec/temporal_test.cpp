#include "codec/temporal.h"

#include <gtest/gtest.h>

namespace leat {
namespace {
std::string date(int64_t days) {
    ByteBuffer to;
    put_iso_date(to, days);
    return std::string(to.text());
}
}  // namespace

TEST(Temporal, Dates) {
    EXPECT_EQ(date(0), "1970-01-01");
    EXPECT_EQ(date(-1), "1969-12-31");
    EXPECT_EQ(date(11016), "2000-02-29");
    EXPECT_EQ(date(2932896), "9999-12-31");
    EXPECT_EQ(date(2932897), "+10000-01-01");
    EXPECT_EQ(date(-719528), "0000-01-01");
    EXPECT_EQ(date(-719529), "-0001-12-31");
    EXPECT_EQ(date(-2440588), "-4713-11-24");  // PostgreSQL's first date, 4714-11-24 BC
    EXPECT_EQ(date(2145042905), "+5874897-12-31");
}

TEST(Temporal, EveryDayOfFourCenturiesFollowsTheOneBefore) {
    CivilDate before = civil_from_days(-800000);
    for (int64_t day = -799999; day < -800000 + 2 * 146097; ++day) {
        CivilDate now = civil_from_days(day);
        bool next_day = now.year == before.year && now.month == before.month && now.day == before.day + 1;
        bool next_month = now.year == before.year && now.month == before.month + 1 && now.day == 1;
        bool next_year = now.year == before.year + 1 && now.month == 1 && now.day == 1 && before.month == 12;
        ASSERT_TRUE(next_day || next_month || next_year) << day;
        before = now;
    }
}

TEST(Temporal, TimesBeforeTheEpoch) {
    ByteBuffer to;
    put_iso_timestamp(to, -1);
    EXPECT_EQ(to.text(), "1969-12-31T23:59:59.999999");
    to.clear();
    put_iso_time(to, 1500, 6);
    EXPECT_EQ(to.text(), "00:00:00.001500");
    to.clear();
    put_iso_time(to, 1500);
    EXPECT_EQ(to.text(), "00:00:00.0015");
}

}  // namespace leat
