#include "consumer/consumer_status.h"

#include <gtest/gtest.h>

namespace leat {
namespace {

TEST(DeliveryTimes, CountsByBound) {
    DeliveryTimes times;
    times.add(0.005);
    times.add(0.0051, 2);
    times.add(7200);
    EXPECT_EQ(times.counts.front(), 1u);
    EXPECT_EQ(times.counts[1], 2u);
    EXPECT_EQ(times.counts.back(), 1u);
    EXPECT_EQ(times.count(), 4u);
    EXPECT_NEAR(times.sum_seconds, 7200.0152, 1e-9);
}

}  // namespace
}  // namespace leat
