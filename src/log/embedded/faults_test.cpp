// Failing calls, in a chosen place; the directory and its errors.
#include <sys/stat.h>
#include <unistd.h>

#include "log/embedded/test_support.h"

namespace leat {
namespace {

using namespace log_test;

// A disk with room for so many more bytes, and calls that fail when told to.
class FaultyIo final : public StorageIo {
  public:
    uint64_t room = UINT64_MAX;
    int fail_syncs = 0;
    bool fail_truncate = false;
    int syncs = 0;

    Status write(int fd, Bytes bytes, uint64_t offset) override {
        size_t fits = std::min<uint64_t>(room, bytes.size());
        LEAT_TRY(StorageIo::write(fd, bytes.first(fits), offset));
        if (room != UINT64_MAX) room -= fits;
        if (fits < bytes.size()) return fail(io_error("write", "file", ENOSPC));
        return {};
    }
    Status write_zeros(int fd, uint64_t offset, uint64_t count) override {
        LEAT_TRY(StorageIo::write_zeros(fd, offset, std::min(room, count)));
        if (room < count) return fail(io_error("write", "file", ENOSPC));
        return {};
    }
    Status sync(int fd) override {
        ++syncs;
        if (fail_syncs > 0) {
            --fail_syncs;
            return fail(io_error("sync", "file", EIO));
        }
        return StorageIo::sync(fd);
    }
    Status truncate(int fd, uint64_t size) override {
        if (fail_truncate) return fail(io_error("truncate", "file", EIO));
        return StorageIo::truncate(fd, size);
    }
};

LogOptions faulty(FaultyIo& io) {
    LogOptions options;
    options.io = &io;
    return options;
}

}  // namespace

// Full after every number of bytes: nothing half-written stays, and the same block fits later.
TEST(Faults, DiskFullAtEveryByte) {
    TestDirectory directory;
    FaultyIo io;
    auto logs = open_logs(directory, faulty(io));
    auto log = open_log(*logs);
    append_rows(*log, 1, 1);
    int64_t value = 2;
    Block probe = make_block({.first_value = value});
    for (uint64_t room = 0; room < probe.size(); room += 3, ++value) {
        uint64_t bytes = log->range().bytes;
        io.room = room;
        Block block = make_block({.first_value = value, .position = position_after(value)});
        auto refused = log->append(block);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::LOG_DISK_FULL);
        EXPECT_FALSE(refused.error().action.empty());
        EXPECT_EQ(log->range().bytes, bytes);
        ASSERT_TRUE(log->sync());
        EXPECT_EQ(log->position().bytes, value == 2 ? position_after(1) : position_after(value - 1));
        io.room = UINT64_MAX;
        auto seq = log->append(block);
        ASSERT_TRUE(seq);
        EXPECT_EQ(*seq, Seq(static_cast<uint64_t>(value)));
        ASSERT_TRUE(log->sync());
    }
    EXPECT_EQ(read_rows(*log->read(FromEarliest{}).value()).values, numbers(1, value - 1));
}

// The place that is written beforehand is given up where there is no room for it.
TEST(Faults, NoRoomForZeros) {
    TestDirectory directory;
    FaultyIo io;
    auto logs = open_logs(directory, faulty(io));
    auto log = open_log(*logs);
    io.room = 5000;
    append_rows(*log, 1, 5);
    EXPECT_EQ(read_file(directory.segment()).size(), log->range().bytes);
    io.room = UINT64_MAX;
    append_rows(*log, 6, 1);
    EXPECT_GT(read_file(directory.segment()).size(), log->range().bytes);
    EXPECT_EQ(read_rows(*log->read(FromEarliest{}).value()).values, numbers(1, 6));
}

TEST(Faults, DiskFullInsideAUnitAndWhenASegmentBegins) {
    TestDirectory directory;
    FaultyIo io;
    LogOptions options = faulty(io);
    options.segment_bytes = 1;
    auto logs = open_logs(directory, options);
    auto log = open_log(*logs);
    append_rows(*log, 1, 1);
    Block begin = make_block({.first_value = 2, .flags = static_cast<BlockFlags>(BlockFlag::unit_begin)});
    Block end = make_block({.first_value = 3, .flags = static_cast<BlockFlags>(BlockFlag::unit_end)});
    for (uint64_t room : {0, 10, 100, 200}) {
        io.room = room;
        EXPECT_EQ(log->append(begin).error().code, ErrorCode::LOG_DISK_FULL);
    }
    io.room = UINT64_MAX;
    ASSERT_TRUE(log->append(begin));
    io.room = 10;
    EXPECT_EQ(log->append(end).error().code, ErrorCode::LOG_DISK_FULL);
    io.room = UINT64_MAX;
    ASSERT_TRUE(log->append(end));
    ASSERT_TRUE(log->sync());
    EXPECT_EQ(read_rows(*log->read(FromEarliest{}).value()).values, numbers(1, 3));
    EXPECT_TRUE(directory.paths().leftovers().empty());
}

// What was not on disk when fdatasync failed is gone, for readers, for the writer and after a restart,
// whether or not the file could be cut.
TEST(Faults, AFailedSyncIsNeverTakenBack) {
    for (bool cut_fails : {false, true}) {
        TestDirectory directory;
        FaultyIo io;
        auto logs = open_logs(directory, faulty(io));
        auto log = open_log(*logs);
        append_rows(*log, 1, 3);
        auto reader = log->read(FromEarliest{}).value();
        Block block = make_block({.first_value = 4, .position = position_after(4)});
        ASSERT_TRUE(log->append(block));
        io.fail_syncs = 1;
        io.fail_truncate = cut_fails;
        EXPECT_EQ(log->sync().error().code, ErrorCode::IO);
        EXPECT_EQ(log->sync().error().code, ErrorCode::IO);
        EXPECT_EQ(log->append(block).error().code, ErrorCode::IO);
        EXPECT_EQ(log->discard_unfinished().error().code, ErrorCode::IO);
        EXPECT_EQ(log->durable_position().bytes, position_after(3));
        EXPECT_EQ(read_rows(*reader).values, numbers(1, 3));
        io.fail_truncate = false;
        log.reset();
        EXPECT_EQ(read_rows(*reader).values, std::vector<int64_t>{});
        log = open_log(*logs);
        EXPECT_EQ(log->position().bytes, position_after(3));
        append_rows(*log, 4, 2);
        EXPECT_EQ(read_rows(*reader).values, numbers(4, 5));
        log.reset();
        log = open_log(*logs);
        EXPECT_EQ(log->position().bytes, position_after(5));
    }
}

TEST(Faults, AFailedCutStopsTheLogUntilItIsReopened) {
    TestDirectory directory;
    FaultyIo io;
    auto logs = open_logs(directory, faulty(io));
    auto log = open_log(*logs);
    append_rows(*log, 1, 1);
    io.room = 20;
    io.fail_truncate = true;
    Block block = make_block({.first_value = 2});
    EXPECT_FALSE(log->append(block));
    io.room = UINT64_MAX;
    io.fail_truncate = false;
    EXPECT_EQ(log->append(block).error().code, ErrorCode::IO);
    log.reset();
    log = open_log(*logs);
    append_rows(*log, 2, 1);
    EXPECT_EQ(read_rows(*log->read(FromEarliest{}).value()).values, numbers(1, 2));
}

TEST(Faults, FsyncPolicies) {
    for (FsyncPolicy policy : {FsyncPolicy::always, FsyncPolicy::interval, FsyncPolicy::never}) {
        TestDirectory directory;
        FaultyIo io;
        LogOptions options = faulty(io);
        options.fsync = policy;
        options.fsync_interval = 200ms;
        auto logs = open_logs(directory, options);
        auto log = open_log(*logs);
        io.syncs = 0;
        append_rows(*log, 1, 10);
        EXPECT_EQ(read_rows(*log->read(FromEarliest{}).value()).values, numbers(1, 10));
        if (policy == FsyncPolicy::interval) {
            EXPECT_EQ(io.syncs, 0);
            EXPECT_TRUE(log->durable_position().empty());
            std::this_thread::sleep_for(210ms);
            ASSERT_TRUE(log->sync());  // nothing new: what came before gets durable
            EXPECT_EQ(io.syncs, 1);
        } else {
            EXPECT_EQ(io.syncs, policy == FsyncPolicy::always ? 10 : 0);
        }
        EXPECT_EQ(log->durable_position().bytes, position_after(10));
    }
}

TEST(Faults, GroupCommit) {
    TestDirectory directory;
    FaultyIo io;
    auto logs = open_logs(directory, faulty(io));
    auto log = open_log(*logs);
    io.syncs = 0;
    for (int64_t value = 1; value <= 20; ++value) {
        Block block = make_block({.first_value = value, .with_schema = value == 1});
        ASSERT_TRUE(log->append(block));
    }
    ASSERT_TRUE(log->sync());
    ASSERT_TRUE(log->sync());
    EXPECT_EQ(io.syncs, 1);
    EXPECT_EQ(read_rows(*log->read(FromEarliest{}).value()).values, numbers(1, 20));
}

TEST(DataDirectory, ForeignOnesAreLeftAlone) {
    TestDirectory directory;
    std::filesystem::create_directories(directory.data());
    write_file(directory.data() + "/thesis.txt", "x");
    EXPECT_EQ(EmbeddedLogs::open(directory.data(), {}).error().code, ErrorCode::LOG_FOREIGN_DIRECTORY);
    EXPECT_EQ(EmbeddedLogs::open_read_only(directory.data()).error().code, ErrorCode::LOG_FOREIGN_DIRECTORY);
    EXPECT_EQ(list_directory(directory.data())->size(), 1u);
    write_file(directory.data() + "/leat.meta", "something else\n");
    EXPECT_EQ(EmbeddedLogs::open(directory.data(), {}).error().code, ErrorCode::LOG_FOREIGN_DIRECTORY);
    EXPECT_EQ(list_directory(directory.data())->size(), 2u);
    EXPECT_EQ(EmbeddedLogs::open_read_only(directory.data() + "/missing").error().code,
              ErrorCode::LOG_FOREIGN_DIRECTORY);
}

TEST(DataDirectory, WhatACrashOrMkfsLeftIsEmpty) {
    TestDirectory directory;
    std::filesystem::create_directories(directory.data() + "/lost+found");
    write_file(directory.data() + "/lock", "");
    write_file(directory.data() + "/leat.meta.new", "lea");
    EXPECT_TRUE(open_logs(directory));
    write_file(directory.data() + "/leat.db", "others may put files here once it is ours");
    EXPECT_TRUE(open_logs(directory));
    EXPECT_TRUE(EmbeddedLogs::open_read_only(directory.data()));
}

TEST(DataDirectory, NewerVersion) {
    TestDirectory directory;
    open_logs(directory);
    write_file(directory.data() + "/leat.meta", "leat change log\nformat 2\ncreated_by leat 9.9\n");
    auto refused = EmbeddedLogs::open(directory.data(), {});
    EXPECT_EQ(refused.error().code, ErrorCode::LOG_NEWER_VERSION);
    EXPECT_NE(refused.error().message.find("leat 9.9"), std::string::npos);
    EXPECT_EQ(EmbeddedLogs::open_read_only(directory.data()).error().code, ErrorCode::LOG_NEWER_VERSION);
}

TEST(DataDirectory, Unwritable) {
    EXPECT_EQ(EmbeddedLogs::open("/proc/leat", {}).error().code, ErrorCode::LOG_UNWRITABLE);
    TestDirectory directory;
    std::filesystem::create_directories(directory.data());
    write_file(directory.data() + "/file", "");
    EXPECT_EQ(EmbeddedLogs::open(directory.data() + "/file/below", {}).error().code,
              ErrorCode::LOG_UNWRITABLE);
    if (::geteuid() == 0) return;  // root may write anywhere
    ::chmod(directory.data().c_str(), 0555);
    EXPECT_EQ(EmbeddedLogs::open(directory.data() + "/below", {}).error().code, ErrorCode::LOG_UNWRITABLE);
    ::chmod(directory.data().c_str(), 0755);
}

}  // namespace leat
