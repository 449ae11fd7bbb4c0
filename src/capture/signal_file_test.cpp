#include "capture/signal_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace leat {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct SignalFileTest : testing::Test {
    std::filesystem::path folder = std::filesystem::path(testing::TempDir()) /
                                   testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::path path = folder / "signals.txt";
    SignalQueue queue;
    SignalFile file{"test", {path.string(), std::chrono::milliseconds(0)}};

    SignalFileTest() {
        std::filesystem::remove_all(folder);
        std::filesystem::create_directories(folder);
    }
    ~SignalFileTest() override { std::filesystem::remove_all(folder); }

    void write(const std::string& text) { std::ofstream(path, std::ios::app) << text; }
    std::string content() {
        std::ifstream in(path);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    static std::string line(const std::string& id) {
        return "{\"id\":\"" + id + "\",\"type\":\"log\",\"data\":{\"message\":\"m\"}}\n";
    }
    std::vector<std::string> taken() {
        std::vector<std::string> ids;
        while (auto entry = queue.take()) {
            ids.push_back(entry->id);
            queue.carried_out(SignalOutcome{});
        }
        return ids;
    }
    void poll(int times = 1) {
        for (int i = 0; i < times; ++i) file.poll(queue);
    }
};

TEST_F(SignalFileTest, IsEmptiedOnceItsSignalsAreDurable) {
    poll();  // there is none yet
    write(line("a") + "\n  \n" + line("b"));
    poll(3);
    EXPECT_THAT(taken(), ElementsAre("a", "b"));
    poll(3);
    EXPECT_FALSE(content().empty());
    EXPECT_FALSE(queue.waiting());
    queue.durable();
    poll();
    EXPECT_EQ(content(), "");
    write(line("c"));
    poll(2);
    EXPECT_THAT(taken(), ElementsAre("c"));
}

TEST_F(SignalFileTest, WhatIsAddedMeanwhileIsNotLost) {
    write(line("a"));
    poll();
    EXPECT_THAT(taken(), ElementsAre("a"));
    write(line("b"));
    queue.durable();
    poll();
    EXPECT_THAT(taken(), ElementsAre("b"));
    EXPECT_EQ(content(), line("a") + line("b"));
    queue.durable();
    poll();
    EXPECT_EQ(content(), "");
}

TEST_F(SignalFileTest, AnUnfinishedLineIsTakenWhenItDoesNotGrow) {
    std::string text = line("a");
    write(text.substr(0, 10));
    poll();
    write(text.substr(10, text.size() - 11));  // without its end
    poll();
    EXPECT_FALSE(queue.waiting());
    poll();
    EXPECT_THAT(taken(), ElementsAre("a"));
}

TEST_F(SignalFileTest, AfterABreakAllAreHandedOnAgain) {
    write(line("a") + line("b"));
    poll();
    ASSERT_TRUE(queue.take());
    queue.carried_out(SignalOutcome{});
    queue.abandon();
    file.begin_again();
    poll();
    EXPECT_THAT(taken(), ElementsAre("a", "b"));
}

TEST_F(SignalFileTest, ALineThatIsNoneIsPassedOver) {
    write("what\n" + line("a") + "{\"id\":\"x\",\"type\":\"dance\"}\n");
    poll();
    EXPECT_THAT(taken(), ElementsAre("a"));
    queue.durable();
    poll();
    EXPECT_EQ(content(), "");
}

TEST_F(SignalFileTest, MoreThanTheQueueTakesComesLater) {
    for (size_t i = 0; i < SignalQueue::signals_max + 1; ++i) write(line(std::to_string(i)));
    poll(2);
    EXPECT_EQ(taken().size(), SignalQueue::signals_max);
    EXPECT_THAT(taken(), IsEmpty());
    queue.durable();
    poll();
    EXPECT_THAT(taken(), ElementsAre(std::to_string(SignalQueue::signals_max)));
}

TEST_F(SignalFileTest, AnotherFileOfTheNameIsReadFromItsBeginning) {
    write(line("a"));
    poll();
    EXPECT_THAT(taken(), ElementsAre("a"));
    std::filesystem::rename(path, folder / "old");
    write(line("b"));
    poll();
    EXPECT_THAT(taken(), ElementsAre("b"));
}

}  // namespace
}  // namespace leat
