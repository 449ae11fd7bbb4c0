// Writers killed at random moments, with readers beside them: what was told as durable is there, what was
// seen stays, and the log goes on without a hole.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "log/embedded/test_support.h"

namespace leat {
namespace {

using namespace log_test;

constexpr auto options_of = [](unsigned seed) {
    LogOptions options;
    options.segment_bytes = 20000;
    options.fsync = static_cast<FsyncPolicy>(seed % 3);
    options.fsync_interval = 2ms;
    return options;
};

int64_t value_of(const Position& position) {
    return position.empty() ? 0 : std::stoll(position.bytes.substr(position_after(0).find('0')));
}

// Appends units of one to four blocks until it is killed, and tells through the pipe what is durable.
[[noreturn]] void write_until_killed(const TestDirectory& directory, unsigned seed, int pipe) {
    std::minstd_rand random(seed);
    auto logs = EmbeddedLogs::open(directory.data(), options_of(seed)).value();
    auto log = logs->open_source("shop").value();
    int64_t value = value_of(log->position());
    bool first = value == 0;
    while (true) {
        auto blocks = random() % 4 + 1;
        for (unsigned i = 0; i < blocks; ++i) {
            int count = static_cast<int>(random() % 3 + 1);
            int flags = (i == 0 ? static_cast<int>(BlockFlag::unit_begin) : 0) |
                        (i + 1 == blocks ? static_cast<int>(BlockFlag::unit_end) : 0);
            Block block = make_block({.first_value = value + 1,
                                      .count = count,
                                      .flags = static_cast<BlockFlags>(flags),
                                      .position = position_after(value + count),
                                      .with_schema = std::exchange(first, false),
                                      .note_bytes = random() % 500});
            value += count;
            if (!log->append(block)) ::_exit(1);
        }
        if (random() % 3 == 0) continue;
        if (!log->sync()) ::_exit(1);
        int64_t durable = value_of(log->durable_position());
        if (::write(pipe, &durable, sizeof durable) != sizeof durable) ::_exit(1);
    }
}

}  // namespace

TEST(Crash, KilledWriters) {
    TestDirectory directory;
    open_logs(directory);
    std::minstd_rand random(20261121);
    std::unique_ptr<LogReader> follower;
    std::vector<int64_t> followed;
    auto readers = EmbeddedLogs::open_read_only(directory.data()).value();
    for (unsigned round = 0; round < 30; ++round) {
        int ends[2];
        ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        pid_t child = ::fork();
        if (child == 0) write_until_killed(directory, round, ends[1]);
        ::close(ends[1]);
        int64_t told = 0;
        ASSERT_EQ(::read(ends[0], &told, sizeof told), static_cast<ssize_t>(sizeof told));  // it has begun
        auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(random() % 10000);
        if (!follower) follower = readers->read("shop", FromEarliest{}).value();
        while (std::chrono::steady_clock::now() < until) {
            auto rows = read_rows(*follower, 1ms, 100);  // the writer may well be faster
            ASSERT_FALSE(rows.error) << rows.error->to_string();
            followed.insert(followed.end(), rows.values.begin(), rows.values.end());
        }
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        for (int64_t value; ::read(ends[0], &value, sizeof value) == sizeof value;) told = value;
        ::close(ends[0]);

        auto unrecovered = read_from(directory, FromEarliest{});
        ASSERT_FALSE(unrecovered.error) << unrecovered.error->to_string();
        auto logs = open_logs(directory, options_of(round));
        auto log = open_log(*logs);
        ASSERT_TRUE(log);
        int64_t last = value_of(log->position());
        EXPECT_GE(last, told);
        EXPECT_EQ(unrecovered.values, numbers(1, last));
        auto rows = read_rows(*log->read(FromEarliest{}).value());
        ASSERT_FALSE(rows.error) << rows.error->to_string();
        EXPECT_EQ(rows.values, numbers(1, last));
        for (int64_t value : read_rows(*follower).values) followed.push_back(value);
        EXPECT_EQ(followed, numbers(1, last)) << round;
    }
    EXPECT_GT(directory.paths().segments()->size(), 1u);
}

}  // namespace leat
