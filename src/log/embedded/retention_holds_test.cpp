#include "log/embedded/retention_holds.h"

#include <gtest/gtest.h>

#include "log/embedded/test_support.h"

namespace leat {
namespace {

using log_test::append_rows;
using log_test::open_log;
using log_test::open_logs;
using log_test::TestDirectory;

const std::vector<SegmentFile> segments = {{Seq(1), 100}, {Seq(11), 100}, {Seq(21), 100}, {Seq(31), 100}};

TEST(RetentionHolds, WhatIsNeededStays) {
    RetentionHolds holds;
    EXPECT_EQ(holds.allow(segments, 3), 3u);
    holds.set({{"a", Seq(9), 1000, false}});
    EXPECT_EQ(holds.allow(segments, 3), 0u);
    holds.set({{"a", Seq(10), 1000, false}});
    EXPECT_EQ(holds.allow(segments, 3), 1u);
    holds.set({{"a", Seq(10), 1000, false}, {"b", Seq(25), 1000, false}});
    EXPECT_EQ(holds.allow(segments, 3), 1u);
    holds.set({{"b", Seq(40), 1000, false}});
    EXPECT_EQ(holds.allow(segments, 3), 3u);
}

TEST(RetentionHolds, ABudgetEnds) {
    RetentionHolds holds;
    holds.set({{"a", Seq(0), 250, false}, {"b", Seq(15), 250, false}});
    EXPECT_EQ(holds.allow(segments, 2), 0u);
    EXPECT_TRUE(holds.take_passed_over().empty());
    EXPECT_EQ(holds.allow(segments, 3), 1u);
    EXPECT_EQ(holds.take_passed_over(), std::vector<std::string>{"a"});
    EXPECT_TRUE(holds.take_passed_over().empty());
    EXPECT_EQ(holds.writer_held_for(), "");
}

TEST(RetentionHolds, OrTheWriterWaits) {
    RetentionHolds holds;
    holds.set({{"a", Seq(0), 250, true}});
    EXPECT_EQ(holds.allow(segments, 3), 0u);
    EXPECT_EQ(holds.writer_held_for(), "a");
    holds.set({{"a", Seq(12), 250, true}});
    EXPECT_EQ(holds.allow(segments, 3), 1u);
    EXPECT_EQ(holds.writer_held_for(), "");
}

// Small segments of which retention would keep next to nothing.
LogOptions short_lived() {
    LogOptions options;
    options.segment_bytes = 4096;
    options.retention_bytes = 4096;
    return options;
}

TEST(RetentionHolds, ALogKeepsWhatIsHeld) {
    TestDirectory directory;
    auto logs = open_logs(directory, short_lived());
    logs->retention_holds("shop")->set({{"a", Seq(50), 1 << 30, false}});
    auto log = open_log(*logs);
    append_rows(*log, 1, 500);
    EXPECT_LE(log->range().first_seq, Seq(51));
    EXPECT_GT(log->range().first_seq, Seq(1));
    logs->retention_holds("shop")->set({});
    append_rows(*log, 501, 100);
    EXPECT_GT(log->range().first_seq, Seq(400));
}

TEST(RetentionHolds, AHeldWriterGoesOnOnceThereIsRoom) {
    TestDirectory directory;
    auto logs = open_logs(directory, short_lived());
    auto holds = logs->retention_holds("shop");
    holds->set({{"slow", Seq(0), 20'000, true}});
    auto log = open_log(*logs);
    int64_t value = 0;
    std::optional<Error> refused;
    while (value < 2000 && !refused) {
        log_test::BlockSpec spec;
        spec.first_value = ++value;
        spec.with_schema = value == 1;
        Block block = log_test::make_block(spec);
        if (auto seq = log->append(block); !seq)
            refused = seq.error();
        else
            ASSERT_TRUE(log->sync());
    }
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->code, ErrorCode::CONSUMER_RETENTION);
    EXPECT_NE(refused->message.find("slow"), std::string::npos);
    EXPECT_EQ(log->range().first_seq, Seq(1));
    holds->set({{"slow", Seq(static_cast<uint64_t>(value) - 1), 20'000, true}});
    append_rows(*log, value, 1);
    EXPECT_GT(log->range().first_seq, Seq(1));
}

}  // namespace
}  // namespace leat
