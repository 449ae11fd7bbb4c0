#include "snapshot/signal_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace leat {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

SignalQueue::Entry entry(std::string id) { return {Signal{}, std::move(id)}; }

TEST(SignalQueue, AnswersInOrderAndWhenDurable) {
    SignalQueue queue;
    std::vector<std::string> tables;
    std::jthread sender([&] {
        auto outcome = queue.send(entry("a"), 60s);
        if (outcome) tables = outcome->tables;
    });
    while (!queue.waiting()) std::this_thread::yield();
    EXPECT_TRUE(queue.post(entry("b")));
    for (std::string id : {"a", "b"}) {
        auto taken = queue.take();
        ASSERT_TRUE(taken);
        EXPECT_EQ(taken->id, id);
        EXPECT_FALSE(id == "a" && queue.undurable());
        queue.carried_out(SignalOutcome{{"t." + id}, {}});
    }
    EXPECT_FALSE(queue.take());
    EXPECT_FALSE(queue.waiting());
    EXPECT_TRUE(queue.undurable());
    queue.durable();
    EXPECT_FALSE(queue.undurable());
    sender.join();
    EXPECT_THAT(tables, ElementsAre("t.a"));
}

TEST(SignalQueue, IsBounded) {
    SignalQueue queue;
    for (size_t i = 0; i < SignalQueue::signals_max; ++i) EXPECT_TRUE(queue.post(entry("x")));
    EXPECT_FALSE(queue.post(entry("x")));
    auto refused = queue.send(entry("y"), 60s);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::SIGNAL_NOT_TAKEN);
    ASSERT_TRUE(queue.take());
    queue.carried_out(SignalOutcome{});
    EXPECT_FALSE(queue.post(entry("x")));  // until it is durable
    queue.durable();
    EXPECT_TRUE(queue.post(entry("x")));
}

// What was posted is its sender's to post again.
TEST(SignalQueue, ABreakLeavesThoseThatSomebodyWaitsFor) {
    SignalQueue queue;
    std::optional<Result<SignalOutcome>> first, second;
    std::jthread sender([&] { first = queue.send(entry("a"), 60s); });
    while (!queue.waiting()) std::this_thread::yield();
    ASSERT_TRUE(queue.take());
    queue.carried_out(SignalOutcome{});
    std::jthread other([&] { second = queue.send(entry("b"), 60s); });
    while (!queue.waiting()) std::this_thread::yield();
    EXPECT_TRUE(queue.post(entry("c")));
    queue.abandon();
    sender.join();
    ASSERT_FALSE(*first);
    EXPECT_THAT(first->error().message, HasSubstr("not known"));
    auto next = queue.take();
    ASSERT_TRUE(next);
    EXPECT_EQ(next->id, "b");
    EXPECT_FALSE(queue.take());
    queue.carried_out(SignalOutcome{});
    queue.durable();
    other.join();
    EXPECT_TRUE(*second);
    EXPECT_TRUE(queue.idle());
}

TEST(SignalQueue, ClosedItTakesNothing) {
    SignalQueue queue;
    EXPECT_TRUE(queue.post(entry("a")));
    queue.close("the source is STOPPED");
    EXPECT_FALSE(queue.waiting());
    EXPECT_FALSE(queue.take());
    EXPECT_FALSE(queue.post(entry("b")));
    auto refused = queue.send(entry("c"), 60s);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("STOPPED"));
}

TEST(SignalQueue, WhatIsNotTakenInTimeIsTakenBack) {
    SignalQueue queue;
    EXPECT_FALSE(queue.send(entry("a"), 1ms));
    EXPECT_FALSE(queue.waiting());
    EXPECT_FALSE(queue.take());
}

}  // namespace
}  // namespace leat
