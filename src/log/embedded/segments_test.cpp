// Many segments: rolling, catalogs, seeking, retention, the index.
#include "log/embedded/segment_header.h"
#include "log/embedded/segment_index.h"
#include "log/embedded/test_support.h"

namespace leat {
namespace {

using namespace log_test;

LogOptions small_segments(uint64_t bytes = 1000) {
    LogOptions options;
    options.segment_bytes = bytes;
    options.fsync = FsyncPolicy::never;
    return options;
}

std::vector<SegmentFile> segments(const TestDirectory& directory) {
    return directory.paths().segments().value();
}

}  // namespace

TEST(Segments, RollAndReadAcross) {
    TestDirectory directory;
    auto logs = open_logs(directory, small_segments());
    auto log = open_log(*logs);
    auto reader = log->read(FromEarliest{}).value();
    std::vector<int64_t> seen;
    for (int64_t value = 1; value <= 100; ++value) {
        append_rows(*log, value, 1);
        for (int64_t v : read_rows(*reader).values) seen.push_back(v);
    }
    EXPECT_EQ(seen, numbers(1, 100));
    EXPECT_GT(segments(directory).size(), 10u);
    EXPECT_EQ(log->range().segments, segments(directory).size());
    EXPECT_EQ(read_rows(*log->read(FromEarliest{}).value()).values, numbers(1, 100));
    log.reset();
    logs.reset();
    EXPECT_EQ(read_from(directory, FromEarliest{}).values, numbers(1, 100));
}

TEST(Segments, EachStartsWithTheLatestSchemas) {
    TestDirectory directory;
    auto logs = open_logs(directory, small_segments(1));
    auto log = open_log(*logs);
    auto v1 = make_schema(1, 1, 100), v2 = make_schema(2, 2, 100), other = make_schema(3, 1, 200);
    auto add = [&](int64_t value, auto schema, bool with) {
        Block block = make_block({.first_value = value, .with_schema = with, .schema = schema});
        ASSERT_TRUE(log->append(block));
        ASSERT_TRUE(log->sync());
    };
    add(1, v1, true);
    add(2, other, true);
    add(3, v1, false);
    add(4, v2, true);
    add(5, v2, false);
    add(6, other, false);
    ASSERT_EQ(segments(directory).size(), 6u);
    for (uint64_t from = 1; from <= 6; ++from) {
        auto reader = log->read(Seq(from)).value();
        auto rows = read_rows(*reader);
        EXPECT_FALSE(rows.error) << rows.error->to_string();
        EXPECT_EQ(rows.values, numbers(static_cast<int64_t>(from), 6));
    }
    log.reset();
    log = open_log(*logs);
    ASSERT_EQ(log->latest_schemas().size(), 2u);
    EXPECT_EQ(log->latest_schemas()[0]->version, 2u);
    // The order of two versions in one block counts.
    BlockBuilder builder;
    builder.add_schema(*make_schema(10, 3, 100));
    builder.add_schema(*make_schema(9, 4, 100));
    Block both = builder.finish(BlockFlag::unit_begin | BlockFlag::unit_end, "P");
    ASSERT_TRUE(log->append(both));
    EXPECT_EQ(log->latest_schemas()[0]->version, 4u);
}

TEST(Segments, TheLastAloneIsEnoughToResume) {
    TestDirectory directory;
    {
        auto logs = open_logs(directory, small_segments(1));
        auto log = open_log(*logs);
        append_rows(*log, 1, 5);
    }
    for (uint64_t first = 1; first < 5; ++first) std::filesystem::remove(directory.segment(first));
    {
        auto logs = open_logs(directory, small_segments(1));
        auto log = open_log(*logs);
        EXPECT_EQ(log->position().bytes, position_after(5));
        append_rows(*log, 6, 1);
        EXPECT_EQ(read_rows(*log->read(FromEarliest{}).value()).values, numbers(5, 6));
        EXPECT_EQ(log->read(Seq(4)).error().code, ErrorCode::LOG_TRIMMED);
        EXPECT_EQ(log->range().first_seq, Seq(5));
    }
    // A segment without a unit repeats the position of the one before it.
    std::string last = directory.segment(6);
    std::string content = read_file(last);
    auto header = SegmentHeader::decode(as_bytes(content)).value();
    auto catalog = BlockHeader::parse(as_bytes(content).subspan(header.length)).value();
    write_file(last, content.substr(0, header.length + catalog.length));
    std::filesystem::remove(directory.paths().tail());
    auto logs = open_logs(directory);
    auto log = open_log(*logs);
    EXPECT_EQ(log->position().bytes, position_after(5));
    EXPECT_EQ(log->latest_schemas().size(), 1u);
    append_rows(*log, 6, 1);
    EXPECT_EQ(read_rows(*log->read(FromEarliest{}).value()).values, numbers(5, 6));
}

TEST(Segments, PositionsAloneStartNoSegment) {
    TestDirectory directory;
    auto logs = open_logs(directory, small_segments(1));
    auto log = open_log(*logs);
    for (int i = 0; i < 20; ++i) {
        Block idle = make_block({.count = 0, .position = "idle"});
        ASSERT_TRUE(log->append(idle));
    }
    ASSERT_TRUE(log->sync());
    EXPECT_EQ(segments(directory).size(), 1u);
    append_rows(*log, 1, 3);
    EXPECT_EQ(segments(directory).size(), 3u);
    EXPECT_EQ(read_rows(*log->read(FromEarliest{}).value()).values, numbers(1, 3));
}

TEST(Segments, SeekBySequence) {
    TestDirectory directory;
    auto logs = open_logs(directory, small_segments(4 << 20));
    auto log = open_log(*logs);
    append_rows(*log, 1, 100, 100000);  // about 10 MB: three segments with places in their indexes
    ASSERT_EQ(segments(directory).size(), 3u);
    EXPECT_GE(load_index(directory.paths().index(Seq(1))).size(), 3u);
    for (bool indexed : {true, false}) {
        for (uint64_t seq = 0; seq <= 101; ++seq) {
            auto reader = log->read(Seq(seq)).value();
            auto rows = read_rows(*reader);
            EXPECT_FALSE(rows.error) << rows.error->to_string();
            EXPECT_EQ(rows.values, numbers(std::max<int64_t>(1, static_cast<int64_t>(seq)), 100)) << seq;
        }
        if (indexed)
            for (const auto& segment : segments(directory))
                std::filesystem::remove(directory.paths().index(segment.first_seq));
    }
    auto ahead = log->read(Seq(103)).value();
    append_rows(*log, 101, 4);
    EXPECT_EQ(read_rows(*ahead).values, numbers(103, 104));
}

TEST(Segments, ALyingIndexIsNotBelieved) {
    TestDirectory directory;
    auto logs = open_logs(directory, small_segments(16 << 20));
    auto log = open_log(*logs);
    append_rows(*log, 1, 60, 100000);
    std::string path = directory.paths().index(Seq(1));
    auto entries = load_index(path);
    ASSERT_GE(entries.size(), 4u);
    for (int lie = 0; lie < 4; ++lie) {
        auto changed = entries;
        for (IndexEntry& entry : changed) {
            if (lie == 0) entry.offset += 8;
            if (lie == 1) entry.seq -= 1;
            if (lie == 2) entry.offset += 1ull << 40;
            if (lie == 3 && entry.kind == IndexEntry::schemas) entry.offset += 1;
        }
        IndexWriter(path, changed);
        auto rows = read_rows(*log->read(Seq(50)).value());
        EXPECT_FALSE(rows.error) << rows.error->to_string();
        EXPECT_EQ(rows.values, numbers(50, 60)) << lie;
    }
    write_file(path, read_file(path).substr(0, 57) + "rubbish");
    EXPECT_EQ(read_rows(*log->read(Seq(50)).value()).values, numbers(50, 60));
}

TEST(Segments, SeekByTime) {
    TestDirectory directory;
    auto logs = open_logs(directory, small_segments(3 << 20));
    auto log = open_log(*logs);
    // Commit times ascend, but for a step back of the clock after each tenth.
    std::vector<int64_t> times;
    for (int64_t value = 1; value <= 100; ++value) {
        int64_t time = value * 1000 - (value % 10 == 0 ? 5500 : 0);
        times.push_back(time);
        Block block = make_block(
            {.first_value = value, .with_schema = value == 1, .commit_time_us = time, .note_bytes = 100000});
        ASSERT_TRUE(log->append(block));
        ASSERT_TRUE(log->sync());
    }
    ASSERT_GE(segments(directory).size(), 3u);
    for (int64_t time = 0; time <= 101000; time += 250) {
        auto first = std::ranges::find_if(times, [&](int64_t t) { return t >= time; });
        auto expected = numbers(first - times.begin() + 1, 100);
        EXPECT_EQ(read_rows(*log->read(FromTime{time}).value()).values, expected) << time;
    }
    auto later = log->read(FromTime{102000}).value();
    append_rows(*log, 101, 3);
    EXPECT_EQ(read_rows(*later).values, numbers(102, 103));
}

TEST(Segments, RetentionByBytes) {
    TestDirectory directory;
    LogOptions options = small_segments(1000);
    options.retention_bytes = 5000;
    auto logs = open_logs(directory, options);
    auto log = open_log(*logs);
    append_rows(*log, 1, 2);
    auto slow = log->read(FromEarliest{}).value();
    ASSERT_TRUE(slow->next(0ms).value());
    append_rows(*log, 3, 98);
    EXPECT_LE(log->range().bytes, 5000u + 2000u);
    uint64_t first = log->range().first_seq.value;
    EXPECT_GT(first, 50u);
    EXPECT_EQ(read_rows(*log->read(FromEarliest{}).value()).values,
              numbers(static_cast<int64_t>(first), 100));
    EXPECT_EQ(log->read(Seq(first - 1)).error().code, ErrorCode::LOG_TRIMMED);
    auto rows = read_rows(*slow);
    ASSERT_TRUE(rows.error);
    EXPECT_EQ(rows.error->code, ErrorCode::LOG_TRIMMED);
    EXPECT_FALSE(rows.values.empty());  // the segment it had open
    EXPECT_TRUE(read_from(directory, Seq(first)).error == std::nullopt);
    EXPECT_EQ(std::ranges::count_if(std::filesystem::directory_iterator(directory.paths().directory()),
                                    [](const auto& e) { return e.path().extension() == ".idx"; }),
              static_cast<long>(segments(directory).size()));
}

TEST(Segments, RetentionByAgeAtOpen) {
    TestDirectory directory;
    {
        auto logs = open_logs(directory, small_segments(1));
        auto log = open_log(*logs);
        append_rows(*log, 1, 3);
        ASSERT_TRUE(log->trim());
        EXPECT_EQ(segments(directory).size(), 3u);
    }
    std::this_thread::sleep_for(30ms);
    LogOptions options = small_segments(1);
    options.retention_age = 3600s;
    open_log(*open_logs(directory, options));
    EXPECT_EQ(segments(directory).size(), 3u);
    options.retention_age = 10ms;
    auto logs = open_logs(directory, options);
    auto log = open_log(*logs);
    ASSERT_EQ(segments(directory).size(), 1u);
    EXPECT_EQ(segments(directory)[0].first_seq, Seq(3));
    EXPECT_EQ(log->position().bytes, position_after(3));
    EXPECT_EQ(read_rows(*log->read(FromEarliest{}).value()).values, numbers(3, 3));
}

TEST(Segments, ALargeUnitStaysInOneSegmentAndBlocksMayBeLarge) {
    TestDirectory directory;
    auto logs = open_logs(directory, small_segments(1000));
    auto log = open_log(*logs);
    for (int i = 0; i < 6; ++i) {
        int flags = (i == 0 ? static_cast<int>(BlockFlag::unit_begin) : 0) |
                    (i == 5 ? static_cast<int>(BlockFlag::unit_end) : 0);
        Block block = make_block({.first_value = i,
                                  .flags = static_cast<BlockFlags>(flags),
                                  .with_schema = i == 0,
                                  .note_bytes = i == 3 ? 5u << 20 : 100u});
        ASSERT_TRUE(log->append(block));
    }
    ASSERT_TRUE(log->sync());
    EXPECT_EQ(segments(directory).size(), 1u);
    EXPECT_EQ(read_rows(*log->read(FromEarliest{}).value()).values, numbers(0, 5));
    EXPECT_EQ(read_rows(*log->read(Seq(5)).value()).values, numbers(4, 5));
    log.reset();
    logs.reset();
    EXPECT_EQ(read_from(directory, FromEarliest{}).values, numbers(0, 5));
}

}  // namespace leat
