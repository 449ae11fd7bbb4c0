#include "sink/file/file_sink.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "base/file.h"

namespace leat {
namespace {

namespace fs = std::filesystem;

std::string line(uint64_t seq) { return "{\"n\":" + std::to_string(seq) + "}\n"; }

std::string lines(uint64_t first, uint64_t last) {
    std::string text;
    for (uint64_t seq = first; seq <= last; ++seq) text += line(seq);
    return text;
}

class FileSinkTest : public testing::Test {
  protected:
    void SetUp() override {
        directory_ = testing::TempDir() + "leat_file_sink_XXXXXX";
        ASSERT_NE(::mkdtemp(directory_.data()), nullptr);
        path_ = directory_ + "/out.ndjson";
    }
    void TearDown() override { fs::remove_all(directory_); }

    FileSinkOptions options(std::string log = "log-1") const { return {path_, std::move(log), 0, {}, 0}; }
    static Written write(FileSink& sink, uint64_t first, uint64_t last) {
        std::vector<std::string> kept;
        Batch batch;
        for (uint64_t seq = first; seq <= last; ++seq) kept.push_back(line(seq));
        for (uint64_t seq = first; seq <= last; ++seq)
            batch.changes.push_back({Seq(seq), kept[seq - first], 0, 0});
        return sink.write(batch, {});
    }
    std::string text(const std::string& name = "out.ndjson") const {
        return read_text_file(directory_ + "/" + name).value_or("(none)");
    }
    void overwrite(const std::string& content) const { std::ofstream(path_, std::ios::binary) << content; }

    std::string directory_, path_;
};

TEST_F(FileSinkTest, WhatIsWrittenIsDurableAfterAFlush) {
    FileSink sink(options());
    EXPECT_EQ(*sink.open({}), std::nullopt);
    auto written = write(sink, 5, 7);
    EXPECT_EQ(written.accepted, 3u);
    EXPECT_FALSE(written.error);
    EXPECT_EQ(written.durable, Seq(0));
    EXPECT_EQ(*sink.flush({}), Seq(7));
    EXPECT_EQ(text(), lines(5, 7));
}

TEST_F(FileSinkTest, GoesOnWhereItsFileEnds) {
    {
        FileSink sink(options());
        ASSERT_TRUE(sink.open({}));
        write(sink, 1, 3);
    }
    FileSink sink(options());
    EXPECT_EQ(*sink.open({}), Seq(3));
    write(sink, 4, 5);
    EXPECT_EQ(text(), lines(1, 5));
}

TEST_F(FileSinkTest, ATornLineIsCutAndComesAgain) {
    std::string whole = lines(1, 6);
    // A crash may leave any beginning of what was being written.
    for (size_t size = lines(1, 3).size(); size <= whole.size(); ++size) {
        TearDown();
        SetUp();
        {
            FileSink sink(options());
            ASSERT_TRUE(sink.open({}));
            write(sink, 1, 3);
            ASSERT_TRUE(sink.flush({}));
            write(sink, 4, 6);
            fs::copy(path_ + ".leat", directory_ + "/noted");  // as kill -9 leaves it
        }
        fs::rename(directory_ + "/noted", path_ + ".leat");
        fs::resize_file(path_, size);
        FileSink sink(options());
        auto checkpoint = sink.open({});
        ASSERT_TRUE(checkpoint) << checkpoint.error().to_string();
        uint64_t there = (*checkpoint)->value;
        EXPECT_EQ(text(), lines(1, there));
        EXPECT_LE(lines(1, there).size(), size);
        write(sink, there + 1, 6);
        EXPECT_EQ(text(), whole);
    }
}

// The same by a real kill, wherever it strikes.
TEST_F(FileSinkTest, NothingIsLostOrRepeatedByKill) {
    std::mt19937 random(7);
    for (int round = 0; round < 20; ++round) {
        pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            auto small = options();
            small.rotate_bytes = 3000;
            FileSink sink(small);
            auto checkpoint = sink.open({});
            if (!checkpoint) ::_exit(3);
            uint64_t next = checkpoint->value_or(Seq(0)).value + 1;
            while (true) {
                if (write(sink, next, next + 20).error) ::_exit(4);
                if (next % 5 == 0) static_cast<void>(sink.flush({}));
                next += 21;
            }
        }
        ::usleep(2000 + random() % 20000);
        ::kill(child, SIGKILL);
        int status = 0;
        ::waitpid(child, &status, 0);
        ASSERT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status);
    }
    FileSink sink(options());
    auto checkpoint = sink.open({});
    ASSERT_TRUE(checkpoint) << checkpoint.error().to_string();
    std::vector<std::string> names;
    for (auto& entry : fs::directory_iterator(directory_))
        if (entry.path().extension() != ".leat" && entry.path() != path_) names.push_back(entry.path());
    std::ranges::sort(names);
    std::string all;
    for (auto& name : names) all += *read_text_file(name);
    EXPECT_EQ(all + text(), lines(1, (*checkpoint)->value));
    EXPECT_GT(names.size(), 1u);
}

TEST_F(FileSinkTest, RotatesBySizeAndKeepsTheNewest) {
    auto small = options();
    small.rotate_bytes = 20;
    small.keep = 2;
    FileSink sink(small);
    ASSERT_TRUE(sink.open({}));
    for (uint64_t seq = 1; seq <= 17; ++seq) write(sink, seq, seq);
    EXPECT_EQ(text("out.ndjson.00000000000000000003"), "(none)");
    EXPECT_EQ(text("out.ndjson.00000000000000000012"), lines(10, 12));
    EXPECT_EQ(text("out.ndjson.00000000000000000015"), lines(13, 15));
    EXPECT_EQ(text(), lines(16, 17));
}

TEST_F(FileSinkTest, RotatesByAgeAlsoWhileIdle) {
    auto short_lived = options();
    short_lived.rotate_age = std::chrono::milliseconds(1);
    FileSink sink(short_lived);
    ASSERT_TRUE(sink.open({}));
    write(sink, 1, 2);
    ::usleep(3000);
    ASSERT_TRUE(sink.flush({}));
    EXPECT_EQ(text("out.ndjson.00000000000000000002"), lines(1, 2));
    EXPECT_EQ(text(), "");
}

TEST_F(FileSinkTest, OthersMayMoveOrEmptyTheFile) {
    FileSink sink(options());
    ASSERT_TRUE(sink.open({}));
    write(sink, 1, 2);
    fs::rename(path_, directory_ + "/moved");
    write(sink, 3, 4);
    EXPECT_EQ(text("moved"), lines(1, 2));
    EXPECT_EQ(text(), lines(3, 4));
    overwrite("");
    write(sink, 5, 5);
    EXPECT_EQ(text(), lines(5, 5));
}

TEST_F(FileSinkTest, MovedAwayWhileStoppedIsNotWrittenAgain) {
    {
        FileSink sink(options());
        ASSERT_TRUE(sink.open({}));
        write(sink, 1, 2);
    }
    fs::rename(path_, directory_ + "/moved");
    FileSink sink(options());
    EXPECT_EQ(*sink.open({}), Seq(2));
}

TEST_F(FileSinkTest, WhatItDidNotWriteItDoesNotTouch) {
    overwrite("precious");
    FileSink sink(options());
    auto opened = sink.open({});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::SINK_FAILED);
    EXPECT_EQ(text(), "precious");
}

TEST_F(FileSinkTest, AFileOfAnotherLogIsRefused) {
    {
        FileSink sink(options());
        ASSERT_TRUE(sink.open({}));
        write(sink, 1, 2);
    }
    FileSink sink(options("log-2"));
    auto opened = sink.open({});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::CONSUMER_CURSOR_FOREIGN);
}

TEST_F(FileSinkTest, TwoCannotHaveOneFile) {
    FileSink one(options()), two(options());
    ASSERT_TRUE(one.open({}));
    auto opened = two.open({});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::SINK_FAILED);
}

TEST_F(FileSinkTest, OnlyAFileIsWritten) {
    fs::create_directory(path_);
    FileSink sink(options());
    EXPECT_FALSE(sink.open({}));
}

TEST(FileIntent, OtherBytesAreNone) {
    FileIntent intent{3, "log", 1, 2, 4, 5, Seq(6), {{Seq(7), 8, 9}, {Seq(10), 11, 12}}};
    ByteBuffer bytes;
    intent.encode(bytes);
    auto again = FileIntent::decode(bytes.view());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->log, "log");
    EXPECT_EQ(again->after, Seq(6));
    ASSERT_EQ(again->changes.size(), 2u);
    EXPECT_EQ(again->changes[1].crc, 12u);
    for (size_t i = 0; i < bytes.size(); ++i) {
        ByteBuffer wrong;
        wrong.put_bytes(bytes.view());
        wrong.data()[i] ^= 1;
        EXPECT_FALSE(FileIntent::decode(wrong.view())) << i;
        EXPECT_FALSE(FileIntent::decode(bytes.view().first(i))) << i;
    }
}

}  // namespace
}  // namespace leat
