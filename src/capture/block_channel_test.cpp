#include "capture/block_channel.h"

#include "capture/test_support.h"

namespace leat {
namespace {

using namespace capture_test;

constexpr size_t large = 1 << 20;

std::string popped(BlockChannel& channel) {
    auto item = channel.pop(60s);
    return item ? std::string(item->block.position()) : "none";
}

bool is_stopped(const Status& status) { return !status && status.error().code == ErrorCode::STOPPED; }

TEST(BlockChannel, GivesBlocksInTheirOrder) {
    BlockChannel channel(large);
    for (auto position : {"a", "b", "c"}) ASSERT_TRUE(channel.push(make_block(position), {}));
    for (auto position : {"a", "b", "c"}) EXPECT_EQ(popped(channel), position);
    EXPECT_FALSE(channel.pop(0ms));
}

TEST(BlockChannel, NeverHoldsMoreThanItsBound) {
    size_t one = make_block("p").size(), bound = 3 * one;
    BlockChannel channel(bound);
    std::jthread sender([&] {
        for (int i = 0; i < 200; ++i) ASSERT_TRUE(channel.push(make_block("p"), {}));
    });
    for (int i = 0; i < 200; ++i) {
        EXPECT_LE(channel.bytes(), bound);
        ASSERT_EQ(popped(channel), "p");
    }
}

TEST(BlockChannel, ABlockAboveTheBoundPassesAlone) {
    BlockChannel channel(1);
    ASSERT_TRUE(channel.push(make_block("large"), {}));
    std::stop_source stop;
    stop.request_stop();
    EXPECT_TRUE(is_stopped(channel.push(make_block("second"), stop.get_token())));
    EXPECT_EQ(popped(channel), "large");
    EXPECT_TRUE(channel.push(make_block("second"), {}));
}

TEST(BlockChannel, ASenderWithoutRoomGoesOnOnceThereIsSome) {
    BlockChannel channel(1);
    ASSERT_TRUE(channel.push(make_block("a"), {}));
    std::jthread sender([&] { EXPECT_TRUE(channel.push(make_block("b"), {})); });
    EXPECT_EQ(popped(channel), "a");
    EXPECT_EQ(popped(channel), "b");
}

TEST(BlockChannel, ASenderWithoutRoomIsIdleMeanwhileAndEndsWithItsError) {
    BlockChannel channel(1);
    ASSERT_TRUE(channel.push(make_block("a"), {}));
    Status status = channel.push(make_block("b"), {}, [] { return fail(ErrorCode::PG_CONNECTION_LOST, ""); });
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::PG_CONNECTION_LOST);
}

TEST(BlockChannel, ClosingStopsSendersAndStillGivesWhatWasPushed) {
    BlockChannel channel(1);
    ASSERT_TRUE(channel.push(make_block("a"), {}));
    std::jthread sender([&] { EXPECT_TRUE(is_stopped(channel.push(make_block("b"), {}))); });
    channel.close();
    sender.join();
    EXPECT_TRUE(channel.closed());
    EXPECT_EQ(popped(channel), "a");
    EXPECT_FALSE(channel.pop(60s));
    EXPECT_TRUE(is_stopped(channel.push(make_block("c"), {})));
}

TEST(BlockChannel, ADurableSenderGoesOnOnlyAfterTheAnswer) {
    BlockChannel channel(large);
    Journal journal;
    std::jthread sender([&] {
        EXPECT_TRUE(channel.push_and_wait_durable(make_block("a"), {}));
        journal.add("returned");
    });
    auto item = channel.pop(60s);
    ASSERT_TRUE(item);
    EXPECT_TRUE(item->wait_durable);
    journal.add("durable");
    channel.set_durable();
    journal.wait_for("returned");
    EXPECT_LT(journal.place("durable"), journal.place("returned"));
}

TEST(BlockChannel, EachDurableBlockNeedsAnAnswerOfItsOwn) {
    BlockChannel channel(large);
    channel.set_durable();  // of something earlier
    std::stop_source stop;
    stop.request_stop();
    EXPECT_TRUE(is_stopped(channel.push_and_wait_durable(make_block("a"), stop.get_token())));
}

TEST(BlockChannel, ADurableSenderEndsWithTheChannel) {
    BlockChannel channel(large);
    std::jthread sender([&] { EXPECT_TRUE(is_stopped(channel.push_and_wait_durable(make_block("a"), {}))); });
    EXPECT_EQ(popped(channel), "a");
    channel.close();
}

TEST(BlockChannel, AnOrdinaryBlockAwaitsNothing) {
    BlockChannel channel(large);
    ASSERT_TRUE(channel.push(make_block("a"), {}));
    EXPECT_FALSE(channel.pop(0ms)->wait_durable);
}

}  // namespace
}  // namespace leat
