#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "log/embedded/test_support.h"

namespace leat {
namespace {
using namespace log_test;
}  // namespace

TEST(EmbeddedLog, WriteReopenResume) {
    TestDirectory directory;
    {
        auto logs = open_logs(directory);
        auto log = open_log(*logs);
        EXPECT_TRUE(log->position().empty());
        EXPECT_EQ(log->range().next_seq, Seq(1));
        append_rows(*log, 1, 10);
        EXPECT_EQ(log->position().bytes, position_after(10));
        EXPECT_EQ(log->durable_position().bytes, position_after(10));
    }
    auto logs = open_logs(directory);
    auto log = open_log(*logs);
    EXPECT_EQ(log->position().bytes, position_after(10));
    EXPECT_EQ(log->durable_position().bytes, position_after(10));
    ASSERT_EQ(log->latest_schemas().size(), 1u);
    append_rows(*log, 11, 5);
    auto reader = log->read(FromEarliest{});
    ASSERT_TRUE(reader) << reader.error().to_string();
    auto rows = read_rows(**reader);
    EXPECT_FALSE(rows.error) << rows.error->to_string();
    EXPECT_EQ(rows.values, numbers(1, 15));
    EXPECT_EQ(rows.seqs.back(), 15u);
    LogRange range = log->range();
    EXPECT_EQ(range.first_seq, Seq(1));
    EXPECT_EQ(range.next_seq, Seq(16));
    EXPECT_EQ(range.first_time_us, 1000);
    EXPECT_EQ(range.last_time_us, 15000);
    EXPECT_EQ(range.segments, 1u);
    EXPECT_EQ(logs->sources().value(), std::vector<std::string>{"shop"});
}

TEST(EmbeddedLog, RemovesOnlyALogThatHoldsNothing) {
    TestDirectory directory;
    auto logs = open_logs(directory);
    open_log(*logs);
    ASSERT_TRUE(logs->remove_if_empty("shop"));
    EXPECT_TRUE(logs->sources()->empty());
    ASSERT_TRUE(logs->remove_if_empty("shop"));  // nothing there
    {
        auto log = open_log(*logs);
        EXPECT_FALSE(logs->remove_if_empty("shop"));  // in use
        append_rows(*log, 1, 1);
    }
    ASSERT_TRUE(logs->remove_if_empty("shop"));
    EXPECT_EQ(open_log(*logs)->position().bytes, position_after(1));
}

TEST(EmbeddedLog, NothingIsSeenBeforeSyncNorOfAnOpenUnit) {
    TestDirectory directory;
    auto logs = open_logs(directory);
    auto log = open_log(*logs);
    auto reader = log->read(FromEarliest{}).value();
    Block begin = make_block(
        {.first_value = 1, .flags = static_cast<BlockFlags>(BlockFlag::unit_begin), .with_schema = true});
    Block end = make_block({.first_value = 2, .flags = static_cast<BlockFlags>(BlockFlag::unit_end)});
    ASSERT_TRUE(log->append(begin));
    ASSERT_TRUE(log->sync());
    EXPECT_TRUE(log->durable_position().empty());
    EXPECT_TRUE(read_rows(*reader).values.empty());
    ASSERT_TRUE(log->append(end));
    EXPECT_TRUE(log->durable_position().empty());
    EXPECT_TRUE(read_rows(*reader).values.empty());
    ASSERT_TRUE(log->sync());
    EXPECT_EQ(log->durable_position().bytes, "P");
    EXPECT_EQ(read_rows(*reader).values, numbers(1, 2));
}

TEST(EmbeddedLog, PositionsAloneAreKeptAndNotYielded) {
    TestDirectory directory;
    {
        auto logs = open_logs(directory);
        auto log = open_log(*logs);
        append_rows(*log, 1, 1);
        Block idle = make_block({.count = 0, .position = "idle"});
        ASSERT_TRUE(log->append(idle));
        ASSERT_TRUE(log->sync());
        append_rows(*log, 2, 1);
        Block last = make_block({.count = 0, .position = "last"});
        ASSERT_TRUE(log->append(last));
        ASSERT_TRUE(log->sync());
    }
    auto logs = open_logs(directory);
    auto log = open_log(*logs);
    EXPECT_EQ(log->position().bytes, "last");
    auto reader = log->read(FromEarliest{}).value();
    EXPECT_EQ(read_rows(*reader).values, numbers(1, 2));
}

// The last change of a transaction may fill its block: the end then stands in one without changes.
TEST(EmbeddedLog, TheEndOfATransactionIsYieldedThoughItsBlockHasNoChange) {
    TestDirectory directory;
    auto logs = open_logs(directory);
    auto log = open_log(*logs);
    append_rows(*log, 1, 1);
    BlockSpec rows;
    rows.first_value = 2;
    rows.flags = static_cast<BlockFlags>(BlockFlag::unit_begin);
    Block first = make_block(rows);
    BlockBuilder builder;
    Transaction transaction;
    transaction.commit_time_us = 2000;
    builder.begin_transaction(transaction, 1);
    builder.end_transaction(1, SourceOffset(9));
    Block end = builder.finish(static_cast<BlockFlags>(BlockFlag::unit_end), "after 2");
    ASSERT_TRUE(log->append(first) && log->append(end) && log->sync());

    auto reader = log->read(Seq(2));
    ASSERT_TRUE(reader);
    ASSERT_TRUE((*reader)->next(0ms).value());
    auto last = (*reader)->next(0ms);
    ASSERT_TRUE(last && *last);
    EXPECT_EQ((*last)->header().change_count, 0u);
    EXPECT_EQ((*last)->position(), "after 2");
    // Who begins after the transaction does not see its end.
    auto after = log->read(Seq(3));
    ASSERT_TRUE(after);
    EXPECT_FALSE((*after)->next(0ms).value());
}

// Small appends with a sync each find their place written already; whoever comes next finds only blocks.
TEST(EmbeddedLog, ZerosAfterTheLastBlockAreNoPartOfTheLog) {
    TestDirectory directory;
    auto logs = open_logs(directory);
    auto log = open_log(*logs);
    append_rows(*log, 1, 3);
    uint64_t bytes = log->range().bytes;
    std::string killed = read_file(directory.segment()), tail = read_file(directory.paths().tail());
    EXPECT_GT(killed.size(), bytes);
    EXPECT_EQ(read_rows(*log->read(FromEarliest{}).value()).values, numbers(1, 3));
    log.reset();
    EXPECT_EQ(read_file(directory.segment()).size(), bytes);

    write_file(directory.segment(), killed);  // as kill -9 leaves it
    EXPECT_EQ(read_from(directory, FromEarliest{}).values, numbers(1, 3));
    log = open_log(*logs);
    EXPECT_EQ(log->range().bytes, bytes);
    append_rows(*log, 4, 2);
    EXPECT_EQ(read_rows(*log->read(FromEarliest{}).value()).values, numbers(1, 5));
}

TEST(EmbeddedLog, ASegmentEndsWithoutZeros) {
    TestDirectory directory;
    LogOptions options;
    options.segment_bytes = 1000;
    auto logs = open_logs(directory, options);
    auto log = open_log(*logs);
    append_rows(*log, 1, 20);
    auto segments = directory.paths().segments();
    ASSERT_TRUE(segments && segments->size() > 2);
    for (size_t i = 0; i + 1 < segments->size(); ++i) EXPECT_LT((*segments)[i].bytes, 3000U);
    EXPECT_EQ(read_rows(*log->read(FromEarliest{}).value()).values, numbers(1, 20));
}

TEST(EmbeddedLog, DiscardForgetsTheOpenUnitAndItsSchemas) {
    TestDirectory directory;
    auto logs = open_logs(directory);
    auto log = open_log(*logs);
    append_rows(*log, 1, 3);
    uint64_t bytes = log->range().bytes;
    Block begin = make_block({.first_value = 90,
                              .flags = static_cast<BlockFlags>(BlockFlag::unit_begin),
                              .with_schema = true,
                              .schema = make_schema(2, 2)});
    ASSERT_TRUE(log->append(begin));
    ASSERT_TRUE(log->discard_unfinished());
    EXPECT_EQ(log->range().bytes, bytes);
    EXPECT_EQ(log->latest_schemas()[0]->version, 1u);
    append_rows(*log, 4, 1);
    auto reader = log->read(FromEarliest{}).value();
    auto rows = read_rows(*reader);
    EXPECT_EQ(rows.values, numbers(1, 4));
    EXPECT_EQ(rows.seqs.back(), 4u);
}

TEST(EmbeddedLog, FollowsInThisProcess) {
    TestDirectory directory;
    auto logs = open_logs(directory);
    auto log = open_log(*logs);
    append_rows(*log, 1, 1);
    auto reader = log->read(FromEnd{}).value();
    std::vector<int64_t> seen;
    std::thread follower([&] {
        auto until = std::chrono::steady_clock::now() + 20s;
        while (seen.size() < 100 && std::chrono::steady_clock::now() < until)
            for (int64_t value : read_rows(*reader, 5ms).values) seen.push_back(value);
    });
    append_rows(*log, 2, 100);
    follower.join();
    EXPECT_EQ(seen, numbers(2, 101));
}

// A wait ends with the publication and not with its time.
TEST(EmbeddedLog, FollowsInAnotherProcess) {
    TestDirectory directory;
    auto logs = open_logs(directory);
    auto log = open_log(*logs);
    append_rows(*log, 1, 1);
    pid_t child = ::fork();
    if (child == 0) {
        auto other = EmbeddedLogs::open_read_only(directory.data());
        auto reader = (*other)->read("shop", FromEnd{});
        auto start = std::chrono::steady_clock::now();
        auto block = (*reader)->next(20s);
        bool good = block && *block && (*block)->header().first_seq == 2;
        bool soon = std::chrono::steady_clock::now() - start < 10s;
        ::_exit(good && soon ? 0 : 1);
    }
    std::this_thread::sleep_for(300ms);
    append_rows(*log, 2, 1);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

TEST(EmbeddedLog, AReaderOutlivesWriters) {
    TestDirectory directory;
    auto logs = open_logs(directory);
    auto log = open_log(*logs);
    append_rows(*log, 1, 2);
    auto readers = EmbeddedLogs::open_read_only(directory.data()).value();
    auto reader = readers->read("shop", FromEarliest{}).value();
    EXPECT_EQ(read_rows(*reader).values, numbers(1, 2));
    append_rows(*log, 3, 1);
    log.reset();
    logs.reset();
    EXPECT_EQ(read_rows(*reader).values, numbers(3, 3));
    EXPECT_TRUE(read_rows(*reader).values.empty());
    logs = open_logs(directory);
    EXPECT_TRUE(read_rows(*reader).values.empty());  // a writer that has not opened this source yet
    log = open_log(*logs);
    append_rows(*log, 4, 2);
    EXPECT_EQ(read_rows(*reader).values, numbers(4, 5));
}

TEST(EmbeddedLog, OneWriter) {
    TestDirectory directory;
    auto logs = open_logs(directory);
    auto log = open_log(*logs);
    EXPECT_EQ(logs->open_source("shop").error().code, ErrorCode::LOG_LOCKED);
    pid_t child = ::fork();
    if (child == 0) {
        auto second = EmbeddedLogs::open(directory.data(), {});
        bool named = !second && second.error().code == ErrorCode::LOG_LOCKED &&
                     second.error().message.find(std::to_string(::getppid())) != std::string::npos;
        ::_exit(named ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    logs.reset();  // the open log still holds the lock
    EXPECT_EQ(EmbeddedLogs::open(directory.data(), {}).error().code, ErrorCode::LOG_LOCKED);
    log.reset();
    EXPECT_TRUE(EmbeddedLogs::open(directory.data(), {}));
}

TEST(EmbeddedLog, SourcesAreApartAndTheirNamesAreChecked) {
    TestDirectory directory;
    auto logs = open_logs(directory);
    auto shop = open_log(*logs);
    auto bank = open_log(*logs, "bank-2.eu_x");
    append_rows(*shop, 1, 2);
    append_rows(*bank, 1, 3);
    EXPECT_EQ(logs->range("shop")->next_seq, Seq(3));
    EXPECT_EQ(logs->range("bank-2.eu_x")->next_seq, Seq(4));
    EXPECT_EQ(logs->read("none", FromEarliest{}).error().code, ErrorCode::LOG_NO_SOURCE);
    EXPECT_EQ(logs->range("none").error().code, ErrorCode::LOG_NO_SOURCE);
    for (std::string name : {"", ".", "..", "a/b", ".hidden", "A", "a b", "\xc3\xa4"})
        EXPECT_EQ(logs->open_source(name).error().code, ErrorCode::CONFIG_INVALID) << name;
}

}  // namespace leat
