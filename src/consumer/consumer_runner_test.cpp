#include "consumer/consumer_runner.h"

#include <gtest/gtest.h>

#include <numeric>

#include "consumer/test_support.h"

namespace leat {
namespace {

using namespace std::chrono_literals;
using test::MemoryLetters;
using test::MemoryLog;
using test::Target;
using test::TargetSink;

std::vector<uint64_t> numbers(uint64_t first, uint64_t last) {
    std::vector<uint64_t> all(last - first + 1);
    std::iota(all.begin(), all.end(), first);
    return all;
}

ConsumerOptions options() {
    ConsumerOptions made;
    made.name = "test";
    made.retry_first = 1ms;
    made.retry_last = 5ms;
    return made;
}

template <class Condition>
bool wait_until(Condition condition) {
    for (auto end = SteadyClock::now() + 20s; SteadyClock::now() < end; std::this_thread::sleep_for(1ms))
        if (condition()) return true;
    return false;
}

const Error unavailable{ErrorCode::SINK_UNAVAILABLE, "down", ""};

struct Fixture {
    MemoryLog log;
    Target target;
    MemoryLetters letters;

    std::unique_ptr<ConsumerRunner> run(ConsumerOptions with = options(), uint64_t after = 0,
                                        uint64_t keys = 4) {
        auto runner =
            std::make_unique<ConsumerRunner>(std::move(with), test::keyed_source(log, keys),
                                             std::make_unique<TargetSink>(target), Seq(after), &letters);
        runner->start();
        return runner;
    }
    static bool stands_at(ConsumerRunner& runner, uint64_t seq) {
        return wait_until([&] { return runner.status().durable == Seq(seq); });
    }
};

TEST(ConsumerRunner, DeliversEverythingInOrder) {
    Fixture f;
    f.log.append(3);
    auto runner = f.run();
    ASSERT_TRUE(f.target.wait_for(numbers(1, 3)));
    for (int i = 0; i < 100; ++i) f.log.append(7);
    ASSERT_TRUE(f.target.wait_for(numbers(1, 703)));
    EXPECT_TRUE(f.stands_at(*runner, 703));
    auto status = runner->status();
    EXPECT_EQ(status.state, ConsumerState::running);
    EXPECT_EQ(status.changes, 703u);
    EXPECT_EQ(status.times.count(), 703u);
}

TEST(ConsumerRunner, BatchesAreBounded) {
    Fixture f;
    f.log.append(100);
    auto with = options();
    with.batch.changes = 7;
    auto runner = f.run(with);
    ASSERT_TRUE(f.target.wait_for(numbers(1, 100)));
    EXPECT_EQ(f.target.writes, 15u);
    EXPECT_TRUE(f.stands_at(*runner, 100));
}

TEST(ConsumerRunner, BeginsWhereItsTargetStands) {
    Fixture f;
    f.log.append(10);
    f.target.checkpoint = Seq(6);
    auto runner = f.run(options(), 2);
    ASSERT_TRUE(f.target.wait_for(numbers(7, 10)));
}

TEST(ConsumerRunner, TroubleIsTriedAgainFromWhereItBegan) {
    Fixture f;
    f.target.troubles = {unavailable, unavailable, unavailable};
    f.target.take_before_trouble = 2;
    f.log.append(10);
    auto runner = f.run();
    ASSERT_TRUE(f.target.wait_for(numbers(1, 10)));
    EXPECT_TRUE(f.stands_at(*runner, 10));
    auto status = runner->status();
    EXPECT_EQ(status.state, ConsumerState::running);
    EXPECT_EQ(status.retries, 3u);
    EXPECT_EQ(status.errors[ErrorCode::SINK_UNAVAILABLE], 3u);
    EXPECT_EQ(f.target.opens, 1u);
}

// What was in doubt has to be recognizable: the same changes, although there are more by now.
TEST(ConsumerRunner, WhatIsTriedAgainIsTheSameBatch) {
    Fixture f;
    f.log.append(3);
    f.target.troubles = {unavailable, unavailable};
    f.target.stuck = true;
    auto runner = f.run();
    ASSERT_TRUE(f.target.wait([&] { return f.target.writes == 1; }));
    f.log.append(4);
    {
        std::lock_guard lock(f.target.mutex);
        f.target.stuck = false;
    }
    ASSERT_TRUE(f.target.wait_for(numbers(1, 7)));
    EXPECT_EQ(f.target.batches, (std::vector<size_t>{3, 3, 3, 4}));
}

TEST(ConsumerRunner, GivesUpAfterSoManyTries) {
    Fixture f;
    f.target.troubles.assign(10, unavailable);
    f.log.append(1);
    auto with = options();
    with.tries_max = 4;
    auto runner = f.run(with);
    ASSERT_TRUE(wait_until([&] { return runner->ended(); }));
    auto status = runner->status();
    EXPECT_EQ(status.state, ConsumerState::failed);
    EXPECT_EQ(status.error->code, ErrorCode::SINK_UNAVAILABLE);
    EXPECT_EQ(status.retries, 4u);
}

TEST(ConsumerRunner, WhatCannotPassFailsAtOnce) {
    Fixture f;
    f.target.troubles = {{ErrorCode::SINK_FAILED, "gone", ""}};
    f.log.append(1);
    auto runner = f.run();
    ASSERT_TRUE(wait_until([&] { return runner->ended(); }));
    EXPECT_EQ(runner->status().error->code, ErrorCode::SINK_FAILED);
    EXPECT_EQ(runner->status().durable, Seq(0));
}

TEST(ConsumerRunner, TheCursorWaitsForWhatIsDurable) {
    Fixture f;
    f.target.durable_by_flush = true;
    f.target.flush_error = unavailable;  // what was accepted may be lost: it is sent again
    f.log.append(5);
    auto runner = f.run();
    ASSERT_TRUE(f.stands_at(*runner, 5));
    std::lock_guard lock(f.target.mutex);
    auto twice = numbers(1, 5);
    twice.insert(twice.end(), {1, 2, 3, 4, 5});
    EXPECT_EQ(f.target.taken, twice);
    EXPECT_EQ(f.target.opens, 2u);
}

TEST(ConsumerRunner, ARefusedChangeFailsByDefault) {
    Fixture f;
    f.target.refuse[4] = -1;
    f.log.append(10);
    auto runner = f.run();
    ASSERT_TRUE(wait_until([&] { return runner->ended(); }));
    auto status = runner->status();
    EXPECT_EQ(status.error->code, ErrorCode::SINK_REFUSED);
    EXPECT_NE(status.error->message.find("change 4"), std::string::npos);
    EXPECT_EQ(status.durable, Seq(3));
    EXPECT_EQ(f.target.taken, numbers(1, 3));
}

TEST(ConsumerRunner, ARefusedChangeIsSkipped) {
    Fixture f;
    f.target.refuse[4] = -1;
    f.log.append(6);
    auto with = options();
    with.poison = Poison::skip;
    auto runner = f.run(with);
    ASSERT_TRUE(f.target.wait_for({1, 2, 3, 5, 6}));
    EXPECT_TRUE(f.stands_at(*runner, 6));
    EXPECT_EQ(runner->status().skipped, 1u);
}

TEST(ConsumerRunner, ADeadLetterHoldsItsKey) {
    Fixture f;
    f.target.refuse[3] = 1;
    f.log.append(9);
    auto with = options();
    with.poison = Poison::dead_letter;
    auto runner = f.run(with, 0, 4);  // 3 and 7 are of one key
    ASSERT_TRUE(f.target.wait_for({1, 2, 4, 5, 6, 8, 9}));
    EXPECT_TRUE(f.stands_at(*runner, 9));
    EXPECT_EQ(f.letters.seqs(), (std::vector<uint64_t>{3, 7}));
    EXPECT_TRUE((*f.letters.load(Seq(7)))->held);
    EXPECT_FALSE((*f.letters.load(Seq(3)))->held);
    f.log.append(2);  // 10, 11
    ASSERT_TRUE(f.stands_at(*runner, 11));
    EXPECT_EQ(f.letters.seqs(), (std::vector<uint64_t>{3, 7, 11}));

    runner->resend({Seq(3), Seq(7), Seq(11)});
    ASSERT_TRUE(wait_until([&] { return f.letters.seqs().empty(); }));
    EXPECT_EQ(f.target.resent, (std::vector<uint64_t>{3, 7, 11}));
    f.log.append(4);  // 15 is of the key, which is free again
    ASSERT_TRUE(f.target.wait_for({1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15}));
}

TEST(ConsumerRunner, ARestartKnowsTheKeysThatAreHeld) {
    Fixture f;
    f.target.refuse[3] = -1;
    f.log.append(4);
    auto with = options();
    with.poison = Poison::dead_letter;
    ASSERT_TRUE(f.stands_at(*f.run(with), 4));
    f.log.append(4);
    auto again = f.run(with, 4);
    ASSERT_TRUE(f.stands_at(*again, 8));
    EXPECT_EQ(f.letters.seqs(), (std::vector<uint64_t>{3, 7}));
}

TEST(ConsumerRunner, WhatIsRefusedAgainKeepsBackItsKey) {
    Fixture f;
    f.target.refuse[3] = -1;
    f.log.append(8);
    auto with = options();
    with.poison = Poison::dead_letter;
    auto runner = f.run(with);
    ASSERT_TRUE(f.stands_at(*runner, 8));
    runner->resend({Seq(3), Seq(7)});
    ASSERT_TRUE(wait_until([&] { return (*f.letters.load(Seq(3)))->attempts == 2; }));
    f.log.append(1);
    ASSERT_TRUE(f.stands_at(*runner, 9));
    EXPECT_EQ(f.letters.seqs(), (std::vector<uint64_t>{3, 7}));
    EXPECT_TRUE(f.target.resent.empty());
}

TEST(ConsumerRunner, DeadLettersAreBounded) {
    Fixture f;
    for (uint64_t seq = 1; seq <= 9; ++seq) f.target.refuse[seq] = -1;
    f.log.append(9);
    auto with = options();
    with.poison = Poison::dead_letter;
    with.letters_max = 3;
    auto runner = f.run(with, 0, 100);
    ASSERT_TRUE(wait_until([&] { return runner->ended(); }));
    EXPECT_EQ(runner->status().error->code, ErrorCode::CONSUMER_DEAD_LETTERS);
    EXPECT_EQ(f.letters.seqs(), numbers(1, 3));
    EXPECT_EQ(runner->status().durable, Seq(3));
}

TEST(ConsumerRunner, AStuckTargetHoldsNobody) {
    Fixture f;
    f.target.stuck = true;
    f.log.append(3);
    auto runner = f.run();
    ASSERT_TRUE(f.target.wait([&] { return f.target.writes == 1; }));
    Target other;
    ConsumerRunner beside(options(), test::keyed_source(f.log, 4), std::make_unique<TargetSink>(other),
                          Seq(0));
    beside.start();
    EXPECT_TRUE(other.wait_for(numbers(1, 3)));
    runner->request_stop();
    runner->join();
    EXPECT_EQ(runner->status().state, ConsumerState::stopped);
}

TEST(ConsumerRunner, PausesAndGoesOn) {
    Fixture f;
    auto runner = f.run();
    runner->pause();
    ASSERT_TRUE(wait_until([&] { return runner->status().state == ConsumerState::paused; }));
    f.log.append(3);
    runner->resume();
    ASSERT_TRUE(f.target.wait_for(numbers(1, 3)));
}

TEST(ConsumerRunner, StopsAtItsEnd) {
    Fixture f;
    f.log.append(10);
    auto with = options();
    with.until = Seq(7);
    with.changes_per_second = 100;
    auto runner = f.run(with, 2);
    ASSERT_TRUE(wait_until([&] { return runner->ended(); }));
    EXPECT_EQ(f.target.taken, numbers(3, 7));
    EXPECT_EQ(runner->status().state, ConsumerState::stopped);
    EXPECT_GE(runner->status().durable, Seq(7));
}

TEST(ConsumerRunner, ACursorOfAnotherLogIsRefused) {
    Fixture f;
    f.log.append(3);
    auto runner = f.run(options(), 9);
    ASSERT_TRUE(wait_until([&] { return runner->ended(); }));
    EXPECT_EQ(runner->status().error->code, ErrorCode::CONSUMER_CURSOR_AHEAD);
}

TEST(ConsumerRunner, AnErrorOfTheLogComesAfterWhatIsBeforeIt) {
    Fixture f;
    f.log.append(3);
    f.log.fail_with({ErrorCode::LOG_CORRUPT, "damaged", ""});
    auto runner = f.run();
    ASSERT_TRUE(wait_until([&] { return runner->ended(); }));
    EXPECT_EQ(runner->status().error->code, ErrorCode::LOG_CORRUPT);
    EXPECT_EQ(f.target.taken, numbers(1, 3));
}

TEST(ConsumerRunner, WhatIsNotWantedMovesTheCursor) {
    Fixture f;
    f.log.append(3);
    ConsumerRunner runner(options(), f.log.source(Framing::ndjson, {{"public.other"}, ""}),
                          std::make_unique<TargetSink>(f.target), Seq(0));
    runner.start();
    EXPECT_TRUE(f.stands_at(runner, 3));
    EXPECT_TRUE(f.target.taken.empty());
}

}  // namespace
}  // namespace leat
