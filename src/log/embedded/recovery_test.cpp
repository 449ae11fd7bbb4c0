// Crashes and damage: what is cut, what is refused, and that a reader without a writer agrees.
#include "log/embedded/recovery.h"

#include <fcntl.h>
#include <unistd.h>

#include "log/embedded/test_support.h"

namespace leat {
namespace {

using namespace log_test;

constexpr BlockFlags begins = static_cast<BlockFlags>(BlockFlag::unit_begin);
constexpr BlockFlags ends = static_cast<BlockFlags>(BlockFlag::unit_end);

// What the writer finds: the last value of the log, or the error.
struct Recovered {
    std::string position;
    std::optional<Error> error;
    uint64_t bytes = 0;
};

Recovered recover(const TestDirectory& directory) {
    auto logs = EmbeddedLogs::open(directory.data(), {});
    if (!logs) return {{}, logs.error()};
    auto log = (*logs)->open_source("shop");
    if (!log) return {{}, log.error()};
    return {(*log)->position().bytes, {}, (*log)->range().bytes};
}

// A log of three durable units and then one of `blocks` blocks that was written and not synced: the process
// is gone before it could be. Returns where the last unit begins.
uint64_t write_unsynced_unit(const TestDirectory& directory, int blocks) {
    auto logs = open_logs(directory);
    auto log = open_log(*logs);
    append_rows(*log, 1, 3);
    uint64_t start = log->range().bytes;
    for (int i = 0; i < blocks; ++i) {
        int flags = (i == 0 ? begins : 0) | (i == blocks - 1 ? ends : 0);
        Block block = make_block({.first_value = 4 + i,
                                  .flags = static_cast<BlockFlags>(flags),
                                  .position = position_after(4),
                                  .note_bytes = 10});
        EXPECT_TRUE(log->append(block));
    }
    return start;
}

void flip(std::string& content, uint64_t at) { content[at] = static_cast<char>(content[at] ^ 0x55); }

}  // namespace

// Whatever part of an unsynced unit of three blocks reached the disk: all of it, or none.
TEST(Recovery, TornTailAtEveryByte) {
    TestDirectory directory;
    uint64_t start = write_unsynced_unit(directory, 3);
    std::string whole = read_file(directory.segment());
    std::string tail = read_file(directory.paths().tail());
    ASSERT_GT(whole.size(), start + 3 * block_header_bytes);
    for (uint64_t length = start; length <= whole.size(); ++length) {
        write_file(directory.segment(), whole.substr(0, length));
        write_file(directory.paths().tail(), tail);
        bool complete = length == whole.size();
        auto before = read_from(directory, FromEarliest{});
        EXPECT_FALSE(before.error) << before.error->to_string();
        EXPECT_EQ(before.values, numbers(1, complete ? 6 : 3)) << length;
        auto recovered = recover(directory);
        ASSERT_FALSE(recovered.error) << length << ": " << recovered.error->to_string();
        EXPECT_EQ(recovered.position, position_after(complete ? 4 : 3)) << length;
        EXPECT_EQ(recovered.bytes, complete ? whole.size() : start);
    }
}

// After a power loss the length may be there and the content not, or a later page and not an earlier one.
TEST(Recovery, PagesOfAnUnsyncedAppendReachTheDiskInAnyOrder) {
    TestDirectory directory;
    uint64_t start = write_unsynced_unit(directory, 3);
    std::string whole = read_file(directory.segment());
    std::string tail = read_file(directory.paths().tail());
    for (uint64_t from = start; from < whole.size(); from += 7) {
        for (uint64_t count : {uint64_t{1}, uint64_t{64}, whole.size() - from}) {
            std::string torn = whole;
            for (uint64_t i = from; i < std::min(from + count, whole.size()); ++i) torn[i] = 0;
            if (torn == whole) continue;
            write_file(directory.segment(), torn);
            write_file(directory.paths().tail(), tail);
            auto recovered = recover(directory);
            ASSERT_FALSE(recovered.error) << from << "+" << count << ": " << recovered.error->to_string();
            EXPECT_EQ(recovered.position, position_after(3));
        }
    }
}

TEST(Recovery, WhatIsAppendedAfterACutIsReadOn) {
    TestDirectory directory;
    uint64_t start = write_unsynced_unit(directory, 2);
    std::string whole = read_file(directory.segment());
    write_file(directory.segment(), whole.substr(0, start + 100));
    auto logs = open_logs(directory);
    auto log = open_log(*logs);
    append_rows(*log, 4, 3);
    EXPECT_EQ(read_rows(*log->read(FromEarliest{}).value()).values, numbers(1, 6));
}

// Every byte of a durable unit: without the tail the blocks after it tell, at the end the tail does.
TEST(Recovery, DamageOfDurableUnitsIsNeverCut) {
    for (bool with_tail : {false, true}) {
        TestDirectory directory;
        uint64_t second = 0, third = 0;
        {
            auto logs = open_logs(directory);
            auto log = open_log(*logs);
            append_rows(*log, 1, 1);
            second = log->range().bytes;
            append_rows(*log, 2, 1);
            third = log->range().bytes;
            append_rows(*log, 3, 2);
        }
        std::string whole = read_file(directory.segment());
        uint64_t end = with_tail ? whole.size() : third;
        if (!with_tail) std::filesystem::remove(directory.paths().tail());
        for (uint64_t at = second; at < end; ++at) {
            std::string damaged = whole;
            flip(damaged, at);
            write_file(directory.segment(), damaged);
            if (!with_tail) std::filesystem::remove(directory.paths().tail());
            auto recovered = recover(directory);
            ASSERT_TRUE(recovered.error) << at;
            EXPECT_EQ(recovered.error->code, ErrorCode::LOG_CORRUPT);
            EXPECT_EQ(read_file(directory.segment()), damaged);
            if (at >= third) continue;
            EXPECT_NE(recovered.error->message.find(std::to_string(second)), std::string::npos);
            EXPECT_NE(recovered.error->message.find("sequence 2 "), std::string::npos);
            EXPECT_NE(recovered.error->message.find(directory.segment()), std::string::npos);
            auto read = read_from(directory, FromEarliest{});
            ASSERT_TRUE(read.error);
            EXPECT_EQ(read.error->code, ErrorCode::LOG_CORRUPT);
            EXPECT_EQ(read.values, numbers(1, 1));
        }
    }
}

TEST(Recovery, AShortenedDurableFileIsRefusedUntilTheTailIsRemoved) {
    TestDirectory directory;
    {
        auto logs = open_logs(directory);
        auto log = open_log(*logs);
        append_rows(*log, 1, 3);
    }
    std::string whole = read_file(directory.segment());
    write_file(directory.segment(), whole.substr(0, whole.size() - 1));
    auto refused = recover(directory);
    ASSERT_TRUE(refused.error);
    EXPECT_EQ(refused.error->code, ErrorCode::LOG_CORRUPT);
    EXPECT_NE(refused.error->action.find("/tail"), std::string::npos);
    std::filesystem::remove(directory.paths().tail());
    auto recovered = recover(directory);
    ASSERT_FALSE(recovered.error) << recovered.error->to_string();
    EXPECT_EQ(recovered.position, position_after(2));
}

// A damaged block beside a running writer is reported by the reader.
TEST(Recovery, AReaderReportsDamageBesideAWriter) {
    TestDirectory directory;
    auto logs = open_logs(directory);
    auto log = open_log(*logs);
    append_rows(*log, 1, 3);
    uint64_t bytes = log->range().bytes;
    append_rows(*log, 4, 2);
    FileDescriptor file = open_file(directory.segment(), O_RDWR).value();
    ASSERT_TRUE(write_all_at(file.get(), as_bytes("xx"), bytes + 70));
    auto reader = log->read(FromEarliest{}).value();
    for (int i = 0; i < 2; ++i) {
        auto rows = read_rows(*reader);
        EXPECT_EQ(rows.values, i == 0 ? numbers(1, 3) : std::vector<int64_t>{});
        ASSERT_TRUE(rows.error);
        EXPECT_EQ(rows.error->code, ErrorCode::LOG_CORRUPT);
        EXPECT_NE(rows.error->message.find(fmt::format("byte {}, where sequence 4 ", bytes)),
                  std::string::npos)
            << rows.error->message;
    }
}

// A crash while a segment is created leaves a part of its header and catalog under either name.
TEST(Recovery, UnfinishedSegmentAtEveryByte) {
    TestDirectory directory;
    LogOptions small;
    small.segment_bytes = 1;
    {
        auto logs = open_logs(directory, small);
        auto log = open_log(*logs);
        append_rows(*log, 1, 2);
    }
    std::string first = read_file(directory.segment(1)), second = read_file(directory.segment(2));
    std::string index = directory.paths().index(Seq(2));
    auto header = SegmentHeader::decode(as_bytes(second)).value();
    auto catalog = BlockHeader::parse(as_bytes(second).subspan(header.length)).value();
    for (uint64_t length = 0; length < header.length + catalog.length; ++length) {
        std::filesystem::remove(directory.paths().tail());  // it says that unit 2 was durable
        write_file(directory.segment(2), second.substr(0, length));
        write_file(index, "x");
        auto read = read_from(directory, FromEarliest{});
        EXPECT_FALSE(read.error) << read.error->to_string();
        EXPECT_EQ(read.values, numbers(1, 1));
        auto recovered = recover(directory);
        ASSERT_FALSE(recovered.error) << recovered.error->to_string();
        EXPECT_EQ(recovered.position, position_after(1));
        EXPECT_FALSE(std::filesystem::exists(directory.segment(2)));
        EXPECT_FALSE(std::filesystem::exists(index));
        EXPECT_EQ(read_file(directory.segment(1)), first);
    }
    for (uint64_t length = 0; length < second.size(); length += 13) {
        write_file(directory.paths().new_segment(Seq(2)), second.substr(0, length));
        ASSERT_FALSE(recover(directory).error);
        EXPECT_FALSE(std::filesystem::exists(directory.paths().new_segment(Seq(2))));
    }
    auto logs = open_logs(directory, small);
    auto log = open_log(*logs);
    append_rows(*log, 2, 3);
    EXPECT_EQ(read_rows(*log->read(FromEarliest{}).value()).values, numbers(1, 4));
}

TEST(Recovery, ADamagedHeaderWithUnitsBehindItIsRefused) {
    TestDirectory directory;
    {
        auto logs = open_logs(directory);
        auto log = open_log(*logs);
        append_rows(*log, 1, 2);
    }
    std::string whole = read_file(directory.segment());
    flip(whole, 20);
    write_file(directory.segment(), whole);
    for (int i = 0; i < 2; ++i) {
        auto recovered = recover(directory);
        ASSERT_TRUE(recovered.error);
        EXPECT_EQ(recovered.error->code, ErrorCode::LOG_CORRUPT);
        EXPECT_EQ(read_file(directory.segment()), whole);
        std::filesystem::remove(directory.paths().tail());
    }
}

TEST(Recovery, WhatIsBeforeADamagedLastHeaderCanBeRead) {
    TestDirectory directory;
    LogOptions small;
    small.segment_bytes = 1;
    {
        auto logs = open_logs(directory, small);
        auto log = open_log(*logs);
        append_rows(*log, 1, 3);
    }
    std::string last = read_file(directory.segment(3));
    flip(last, 20);
    write_file(directory.segment(3), last);
    auto read = read_from(directory, FromEarliest{});
    EXPECT_EQ(read.values, numbers(1, 2));
    ASSERT_TRUE(read.error);
    EXPECT_EQ(read.error->code, ErrorCode::LOG_CORRUPT);
    EXPECT_EQ(recover(directory).error->code, ErrorCode::LOG_CORRUPT);
}

TEST(Recovery, RemovedSegmentsAreMissed) {
    TestDirectory directory;
    {
        auto logs = open_logs(directory);
        auto log = open_log(*logs);
        append_rows(*log, 1, 2);
    }
    std::filesystem::remove(directory.segment());
    auto recovered = recover(directory);
    ASSERT_TRUE(recovered.error);
    EXPECT_EQ(recovered.error->code, ErrorCode::LOG_CORRUPT);
}

TEST(Recovery, ABlockOfANewerVersionIsSaidToBeOne) {
    TestDirectory directory;
    uint64_t start = 0;
    {
        auto logs = open_logs(directory);
        auto log = open_log(*logs);
        append_rows(*log, 1, 1);
        start = log->range().bytes;
    }
    Block block = make_block({.first_value = 2});
    ByteBuffer bytes;
    bytes.put_bytes(block.bytes());
    store<uint16_t>(bytes.data() + 12, 2);
    Block newer(std::move(bytes));
    newer.seal(Seq(2), UnitId(2));
    write_file(directory.segment(), read_file(directory.segment()) + std::string(as_text(newer.bytes())));
    EXPECT_EQ(recover(directory).error->code, ErrorCode::LOG_NEWER_VERSION);
    EXPECT_GT(read_file(directory.segment()).size(), start);
}

}  // namespace leat
