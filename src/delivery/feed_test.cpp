#include <gtest/gtest.h>

#include <atomic>
#include <random>

#include "delivery/feed_reader.h"
#include "delivery/feeds.h"
#include "delivery/test_support.h"

namespace leat {
namespace {

using namespace std::chrono_literals;
using test::MemoryLog;

// Waits for wakes, and reads.
struct Subscriber {
    std::mutex mutex;
    std::condition_variable changed;
    bool woken = false;
    FeedReader reader;
    std::string text;

    Subscriber(std::shared_ptr<Feed> feed, uint64_t after)
        : reader(std::move(feed), Seq(after), [this] {
              std::lock_guard lock(mutex);
              woken = true;
              changed.notify_all();
          }) {}

    // Until everything up to the sequence was seen; false on an error.
    bool read_to(uint64_t last) {
        while (reader.after().value < last) {
            auto piece = reader.next();
            if (!piece) return false;
            if (*piece) {
                text += (*piece)->bytes;
                continue;
            }
            std::unique_lock lock(mutex);
            if (!changed.wait_for(lock, 20s, [&] { return woken; })) return false;
            woken = false;
        }
        return true;
    }
};

std::string expected(uint64_t first, uint64_t last) {
    std::string text;
    for (uint64_t seq = first; seq <= last; ++seq) {
        std::string head = "{\"topic\":\"t\",\"key\":null,\"headers\":{},\"value\":" + std::to_string(seq);
        if (seq % 10 == 5) text += head + "}\n";
        text += head + ",\"seq\":" + std::to_string(seq) + "}\n";
    }
    return text;
}

TEST(Feed, GivesWhatComesAndWhatWasThere) {
    MemoryLog log;
    log.append(12);
    auto feed = *Feed::open(log.source());
    Subscriber late(feed, 12), early(feed, 0), inside(feed, 7);
    log.append(3);
    ASSERT_TRUE(late.read_to(15) && early.read_to(15) && inside.read_to(15));
    EXPECT_EQ(late.text, expected(13, 15));
    EXPECT_EQ(early.text, expected(1, 15));
    EXPECT_EQ(inside.text, expected(8, 15));
}

TEST(Feed, WhoFallsBehindReadsTheLog) {
    MemoryLog log;
    log.append(1);
    auto feed = *Feed::open(log.source(Framing::ndjson, {}, 300));
    Subscriber slow(feed, 0), fast(feed, 1);
    for (int i = 0; i < 50; ++i) {
        log.append(7);
        ASSERT_TRUE(fast.read_to(1 + 7 * (static_cast<uint64_t>(i) + 1)));
    }
    auto kept = feed->next(Seq(0), nullptr);
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->kind, Feed::Next::Kind::behind);
    ASSERT_TRUE(slow.read_to(351));
    EXPECT_EQ(slow.text, expected(1, 351));
    EXPECT_EQ(fast.text, expected(2, 351));
}

TEST(Feed, AnErrorComesAfterEverythingBeforeIt) {
    MemoryLog log;
    auto feed = *Feed::open(log.source());
    Subscriber one(feed, 0);
    log.append(3);
    ASSERT_TRUE(one.read_to(3));
    log.fail_with({ErrorCode::LOG_CORRUPT, "damaged", ""});
    EXPECT_FALSE(one.read_to(4));
    auto piece = one.reader.next();
    ASSERT_FALSE(piece);
    EXPECT_EQ(piece.error().code, ErrorCode::LOG_CORRUPT);
    EXPECT_TRUE(feed->failed());
}

TEST(Feed, SubscribersWhoAreGoneAreForgotten) {
    MemoryLog log;
    auto feed = *Feed::open(log.source());
    std::atomic<int> calls = 0;
    for (int i = 0; i < 1000; ++i) {
        FeedReader gone(feed, Seq(0), [&] { ++calls; });
        ASSERT_TRUE(gone.next());
    }
    Subscriber here(feed, 0);
    log.append(1);
    ASSERT_TRUE(here.read_to(1));
    EXPECT_EQ(calls, 0);
}

TEST(Feed, ManyReadersOfAGrowingLog) {
    MemoryLog log;
    log.append(5);
    auto feed = *Feed::open(log.source(Framing::ndjson, {}, 2000));
    std::vector<std::jthread> threads;
    std::atomic<int> right = 0;
    constexpr uint64_t last = 3005;
    for (uint64_t i = 0; i < 6; ++i)
        threads.emplace_back([&, i] {
            Subscriber subscriber(feed, i);
            if (subscriber.read_to(last) && subscriber.text == expected(i + 1, last)) ++right;
        });
    for (int i = 0; i < 1000; ++i) log.append(3);
    threads.clear();
    EXPECT_EQ(right, 6);
}

TEST(Feeds, WhoAsksForTheSameGetsTheSame) {
    MemoryLog log;
    Feeds feeds;
    auto one = *feeds.get("a", log.source()), same = *feeds.get("a", log.source());
    auto other = *feeds.get("b", log.source());
    EXPECT_EQ(one, same);
    EXPECT_NE(one, other);
    EXPECT_EQ(feeds.count(), 2u);
    one.reset();
    same.reset();
    EXPECT_EQ(feeds.count(), 1u);
}

}  // namespace
}  // namespace leat
