#include "spill/spill.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <random>

namespace leat {
namespace {

using testing::HasSubstr;
constexpr uint64_t plenty = 1 << 30;

class SpillTest : public testing::Test {
  protected:
    ~SpillTest() override { std::filesystem::remove_all(directory_); }

    std::shared_ptr<SpillSpace> space(uint64_t bytes_max = plenty) {
        return std::make_shared<SpillSpace>(directory_, bytes_max);
    }
    size_t names() const {
        return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(directory_), {}));
    }

    std::string directory_ = [] {
        char path[] = "/tmp/leat-spill-test-XXXXXX";
        return std::string(::mkdtemp(path));
    }();
};

// Records that differ in length and content, some of them empty, some longer than several pieces.
std::string record(uint32_t number, bool random) {
    std::mt19937 r(number);
    size_t size = number % 97 == 0 ? 0 : number % 101 == 0 ? 3 * spill_piece_bytes + number : r() % 400;
    std::string text(size, static_cast<char>('a' + number % 26));
    if (random)
        for (size_t i = 0; i < size; i += 4) {
            uint32_t four = static_cast<uint32_t>(r());
            std::memcpy(text.data() + i, &four, std::min<size_t>(4, size - i));
        }
    return text;
}

void must_append(SpilledRecords& records, const std::string& text) {
    auto status = records.append({as_bytes(text)});
    ASSERT_TRUE(status) << status.error().to_string();
}

void expect_all(SpilledRecords& records, uint32_t from, uint32_t to, bool random) {
    for (uint32_t i = from; i < to; ++i) {
        auto read = records.next();
        ASSERT_TRUE(read) << read.error().to_string();
        ASSERT_TRUE(*read) << "record " << i;
        ASSERT_EQ(as_text(**read), record(i, random)) << "record " << i;
    }
    auto end = records.next();
    ASSERT_TRUE(end);
    EXPECT_FALSE(*end);
}

TEST_F(SpillTest, WhatFitsInMemoryTouchesNoFile) {
    auto nowhere = std::make_shared<SpillSpace>("/nowhere", 0);
    Spill spill(nowhere, 64 << 10);
    SpilledRecords records(spill);
    for (uint32_t i = 1; i < 90; ++i) must_append(records, record(i, false));
    expect_all(records, 1, 90, false);
    EXPECT_EQ(records.file_bytes(), 0u);
}

TEST_F(SpillTest, RecordsComeBackInOrderFromFileAndMemory) {
    for (bool random : {false, true}) {
        auto shared = space();
        Spill spill(shared, 300 << 10);
        {
            SpilledRecords records(spill);
            for (uint32_t i = 0; i < 2000; ++i) must_append(records, record(i, random));
            EXPECT_GT(records.file_bytes(), 0u);
            EXPECT_GE(shared->used(), records.file_bytes());
            expect_all(records, 0, 2000, random);
        }
        EXPECT_EQ(shared->used(), 0u);
        EXPECT_EQ(spill.memory_bytes(), 0u);
    }
}

TEST_F(SpillTest, ARecordIsGivenInParts) {
    Spill spill(space(), 1 << 20);
    SpilledRecords records(spill);
    ASSERT_TRUE(records.append({as_bytes("one"), as_bytes(""), as_bytes("two")}));
    ASSERT_TRUE(records.append({}));
    EXPECT_EQ(as_text(**records.next()), "onetwo");
    EXPECT_EQ(as_text(**records.next()), "");
    EXPECT_FALSE(*records.next());
    EXPECT_EQ(records.bytes(), 6u);
}

TEST_F(SpillTest, ManySequencesShareTheMemoryAndStayApart) {
    constexpr size_t memory = 2 << 20;
    Spill spill(space(), memory);
    std::vector<std::unique_ptr<SpilledRecords>> all;
    for (int i = 0; i < 50; ++i) all.push_back(std::make_unique<SpilledRecords>(spill));
    for (uint32_t i = 0; i < 1000; ++i)
        for (size_t s = 0; s < all.size(); ++s) {
            if ((i + s) % 7 == 0) continue;
            std::string text = std::to_string(s) + ":" + record(i % 90 + 1, true);
            must_append(*all[s], text);
            ASSERT_LE(spill.memory_bytes(), memory);
        }
    for (size_t s = 0; s < all.size(); ++s) {
        for (uint32_t i = 0; i < 1000; ++i) {
            if ((i + s) % 7 == 0) continue;
            auto read = all[s]->next();
            ASSERT_TRUE(read && *read);
            ASSERT_EQ(as_text(**read), std::to_string(s) + ":" + record(i % 90 + 1, true));
        }
        ASSERT_FALSE(*all[s]->next());
        all[s].reset();
    }
}

TEST_F(SpillTest, OneVeryLargeRecordIsNotHeldInMemory) {
    constexpr size_t memory = 1 << 20;
    Spill spill(space(), memory);
    SpilledRecords records(spill);
    std::string large(20 << 20, 'x');
    large.back() = 'y';
    must_append(records, large);
    EXPECT_LE(spill.memory_bytes(), memory);
    auto read = records.next();
    ASSERT_TRUE(read && *read);
    EXPECT_EQ(as_text(**read), large);
    EXPECT_LT(records.file_bytes(), 1u << 20) << "it is compressed";
}

TEST_F(SpillTest, FilesHaveNoName) {
    auto shared = space();
    ASSERT_TRUE(shared->prepare());
    Spill spill(shared, 0);
    SpilledRecords records(spill);
    must_append(records, std::string(1000, 'x'));
    EXPECT_GT(records.file_bytes(), 0u);
    EXPECT_EQ(names(), 0u);
}

TEST_F(SpillTest, TheLimitIsOneForAll) {
    auto shared = space(1 << 20);
    Spill one(shared, 0), other(shared, 0);
    auto first = std::make_unique<SpilledRecords>(one);
    auto second = std::make_unique<SpilledRecords>(other);
    must_append(*first, record(101, true));  // three pieces that cannot be compressed
    auto status = second->append({as_bytes(record(202, true))});
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::SPILL_FULL);
    EXPECT_THAT(status.error().action, HasSubstr("spill.bytes"));
    first.reset();
    second.reset();
    SpilledRecords third(other);
    must_append(third, record(101, true));
}

TEST_F(SpillTest, ADirectoryThatCannotBeWrittenIsToldAtTheStart) {
    auto status = SpillSpace("/proc/leat-spill", plenty).prepare();
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::SPILL_FAILED);
    EXPECT_THAT(status.error().action, HasSubstr("spill.dir"));
    EXPECT_TRUE(SpillSpace(directory_ + "/a/b", plenty).prepare());
}

// ---- what is on disk ----

// The one file of this process that is open below the directory.
int open_file_below(const std::string& directory) {
    for (auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code error;
        if (std::filesystem::read_symlink(entry.path(), error).string().starts_with(directory))
            return std::stoi(entry.path().filename());
    }
    return -1;
}

TEST_F(SpillTest, NothingIsReadableInTheFile) {
    Spill spill(space(), 0);
    SpilledRecords records(spill);
    for (int i = 0; i < 1000; ++i) must_append(records, "a secret value that nobody may see");
    int fd = open_file_below(directory_);
    ASSERT_GE(fd, 0);
    std::string bytes(records.file_bytes(), 0);
    ASSERT_EQ(::pread(fd, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    EXPECT_THAT(bytes, Not(HasSubstr("secret")));
}

TEST_F(SpillTest, EachDamagedByteIsNoticed) {
    size_t size = [&] {
        SpillFile file(space());
        EXPECT_TRUE(file.append(as_bytes(record(5, false))));
        return file.bytes();
    }();
    for (size_t at = 0; at < size; ++at) {
        SpillFile file(space());
        ASSERT_TRUE(file.append(as_bytes(record(5, false))));
        int fd = open_file_below(directory_);
        char byte = 0;
        ASSERT_EQ(::pread(fd, &byte, 1, static_cast<off_t>(at)), 1);
        byte ^= 0x10;
        ASSERT_EQ(::pwrite(fd, &byte, 1, static_cast<off_t>(at)), 1);
        ByteBuffer piece;
        auto read = file.read(piece);
        ASSERT_FALSE(read) << "byte " << at;
        EXPECT_EQ(read.error().code, ErrorCode::SPILL_FAILED);
    }
}

TEST_F(SpillTest, SwappedAndMissingFramesAreNoticed) {
    std::string one(1000, 'a'), two(1000, 'b');
    auto damage = [&](auto change) {
        SpillFile file(space());
        EXPECT_TRUE(file.append(as_bytes(one)) && file.append(as_bytes(two)));
        change(open_file_below(directory_), file.bytes());
        ByteBuffer piece;
        auto first = file.read(piece);
        if (!first) return first.error().code == ErrorCode::SPILL_FAILED;
        auto second = file.read(piece);
        return !second && second.error().code == ErrorCode::SPILL_FAILED;
    };
    EXPECT_TRUE(
        damage([&](int fd, uint64_t size) { ASSERT_EQ(::ftruncate(fd, static_cast<off_t>(size - 1)), 0); }));
    EXPECT_TRUE(
        damage([&](int fd, uint64_t size) { ASSERT_EQ(::ftruncate(fd, static_cast<off_t>(size / 2)), 0); }));
    EXPECT_TRUE(damage([&](int fd, uint64_t size) {  // both frames are equally long
        std::string bytes(size, 0);
        ASSERT_EQ(::pread(fd, bytes.data(), size, 0), static_cast<ssize_t>(size));
        std::string swapped = bytes.substr(size / 2) + bytes.substr(0, size / 2);
        ASSERT_EQ(::pwrite(fd, swapped.data(), size, 0), static_cast<ssize_t>(size));
    }));
}

}  // namespace
}  // namespace leat
