#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "store/cursor_store.h"
#include "store/definition_store.h"

namespace leat::db {
namespace {

class StoreTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = std::filesystem::temp_directory_path() / "leat-store-XXXXXX";
        directory_ = ::mkdtemp(pattern.data());
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }

    std::shared_ptr<Database> open() {
        auto database = Database::open(directory_);
        EXPECT_TRUE(database.has_value()) << (database ? "" : database.error().to_string());
        return database ? *database : nullptr;
    }
    std::string file() const { return directory_ + "/leat.db"; }

    std::string directory_;
};

template <class T>
ErrorCode code_of(const Result<T>& result) {
    return result ? ErrorCode::STOPPED : result.error().code;
}

TEST_F(StoreTest, OnlyItsOwnerReadsTheFile) {
    auto database = open();
    ASSERT_TRUE(CursorStore(database).set(std::vector<Cursor>{{"c", "l", Seq(1)}}));
    for (const char* ending : {"", "-wal", "-shm"}) {
        struct stat found{};
        ASSERT_EQ(::stat((file() + ending).c_str(), &found), 0) << ending;
        EXPECT_EQ(found.st_mode & 0777, 0600u) << ending;
    }
    ASSERT_EQ(::chmod(file().c_str(), 0644), 0);
    database.reset();
    database = open();
    struct stat found{};
    ASSERT_EQ(::stat(file().c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0600u);
}

TEST_F(StoreTest, ADefinitionIsThereAfterANewOpen) {
    {
        DefinitionStore definitions(open());
        auto made = definitions.insert(DefinitionKind::source, "shop", "{\"url\":\"x\"}");
        ASSERT_TRUE(made);
        auto again = definitions.insert(DefinitionKind::source, "shop", "{}");
        EXPECT_EQ(code_of(again), ErrorCode::STORE_EXISTS);
        EXPECT_TRUE(definitions.insert(DefinitionKind::consumer, "shop", "{}", DesiredState::stopped));
    }
    DefinitionStore definitions(open());
    auto all = definitions.list(DefinitionKind::source);
    ASSERT_TRUE(all);
    ASSERT_EQ(all->size(), 1u);
    EXPECT_EQ(all->front().json, "{\"url\":\"x\"}");
    EXPECT_EQ(definitions.desired(DefinitionKind::source, "shop"), DesiredState::running);
    EXPECT_EQ(definitions.desired(DefinitionKind::consumer, "shop"), DesiredState::stopped);
}

TEST_F(StoreTest, AnUpdateNeedsTheRevisionItWasMadeFrom) {
    DefinitionStore definitions(open());
    auto made = definitions.insert(DefinitionKind::source, "shop", "1");
    ASSERT_TRUE(made);
    auto changed = definitions.update(DefinitionKind::source, "shop", "2", made->revision);
    ASSERT_TRUE(changed);
    EXPECT_NE(changed->revision, made->revision);
    EXPECT_EQ(code_of(definitions.update(DefinitionKind::source, "shop", "3", made->revision)),
              ErrorCode::STORE_CHANGED);
    EXPECT_EQ(code_of(definitions.remove(DefinitionKind::source, "shop", made->revision)),
              ErrorCode::STORE_CHANGED);
    EXPECT_EQ((*definitions.find(DefinitionKind::source, "shop"))->json, "2");
    ASSERT_TRUE(definitions.remove(DefinitionKind::source, "shop", changed->revision));
    EXPECT_EQ(code_of(definitions.update(DefinitionKind::source, "shop", "4")), ErrorCode::STORE_NOT_FOUND);
    // Made anew, it is not the one that somebody read before.
    auto anew = definitions.insert(DefinitionKind::source, "shop", "5");
    ASSERT_TRUE(anew);
    EXPECT_GT(anew->revision, changed->revision);
}

TEST_F(StoreTest, DesiredStatesAreAlsoOfWhatTheFileDefines) {
    DefinitionStore definitions(open());
    ASSERT_TRUE(definitions.set_desired(DefinitionKind::source, "of_file", DesiredState::paused));
    EXPECT_EQ(definitions.desired(DefinitionKind::source, "of_file"), DesiredState::paused);
    ASSERT_TRUE(definitions.set_desired(DefinitionKind::source, "of_file", DesiredState::running));
    EXPECT_EQ(definitions.desired(DefinitionKind::source, "of_file"), DesiredState::running);
}

TEST_F(StoreTest, ARemovedConsumerLeavesNoCursor) {
    auto database = open();
    DefinitionStore definitions(database);
    CursorStore cursors(database);
    ASSERT_TRUE(definitions.insert(DefinitionKind::consumer, "a", "{}"));
    ASSERT_TRUE(cursors.set(std::vector<Cursor>{{"a", "log", Seq(7)}, {"b", "log", Seq(UINT64_MAX)}}));
    ASSERT_TRUE(definitions.remove(DefinitionKind::consumer, "a"));
    auto left = cursors.list();
    ASSERT_TRUE(left);
    ASSERT_EQ(left->size(), 1u);
    EXPECT_EQ(left->front().consumer, "b");
    EXPECT_EQ(left->front().seq, Seq(UINT64_MAX));
    EXPECT_FALSE(cursors.find("a")->has_value());
}

TEST_F(StoreTest, WhatWasCommittedSurvivesAKill) {
    for (int round = 0; round < 5; ++round) {
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        pid_t child = ::fork();
        if (child == 0) {
            auto database = Database::open(directory_);
            if (!database) ::_exit(1);
            CursorStore cursors(*database);
            for (uint64_t seq = 1;; ++seq) {
                // Two cursors in one transaction have to be equal, whatever happens.
                if (!cursors.set(std::vector<Cursor>{{"a", "log", Seq(seq)}, {"b", "log", Seq(seq)}}))
                    ::_exit(1);
                if (::write(ends[1], &seq, sizeof seq) != sizeof seq) ::_exit(1);
            }
        }
        ::close(ends[1]);
        uint64_t acknowledged = 0, next = 0;
        while (acknowledged < 20u + static_cast<uint64_t>(round) &&
               ::read(ends[0], &next, sizeof next) == sizeof next)
            acknowledged = next;
        ::kill(child, SIGKILL);
        while (::read(ends[0], &next, sizeof next) == sizeof next) acknowledged = next;
        ::close(ends[0]);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << "the child failed by itself";
        CursorStore cursors(open());
        auto a = cursors.find("a"), b = cursors.find("b");
        ASSERT_TRUE(a && *a && b && *b);
        EXPECT_GE((*a)->seq.value, acknowledged);
        EXPECT_EQ((*a)->seq, (*b)->seq);
        ASSERT_TRUE(cursors.remove("a"));
    }
}

TEST_F(StoreTest, AFullDiskIsToldAndTakesNothingAway) {
    auto database = open();
    DefinitionStore definitions(database);
    ASSERT_TRUE(definitions.insert(DefinitionKind::source, "shop", "{}"));
    ASSERT_TRUE(database->limit_pages(1));  // not below what it has
    std::string large(1 << 20, 'x');
    EXPECT_EQ(code_of(definitions.insert(DefinitionKind::source, "large", large)), ErrorCode::STORE_FULL);
    EXPECT_EQ(definitions.list(DefinitionKind::source)->size(), 1u);
    ASSERT_TRUE(database->limit_pages(100'000));
    EXPECT_TRUE(definitions.insert(DefinitionKind::source, "large", large));
}

TEST_F(StoreTest, AnotherProcessThatHoldsItIsTold) {
    auto database = open();
    auto other = open();
    auto held = Transaction::begin(*other, Transaction::Kind::write);
    ASSERT_TRUE(held);
    database->set_patience(std::chrono::milliseconds(1));
    auto refused = CursorStore(database).set(std::vector<Cursor>{{"a", "log", Seq(1)}});
    EXPECT_EQ(code_of(refused), ErrorCode::STORE_LOCKED);
    ASSERT_TRUE(held->commit());
}

TEST_F(StoreTest, SeesThatAnotherProcessChangedSomething) {
    auto database = open(), other = open();
    auto before = database->foreign_changes();
    ASSERT_TRUE(before);
    ASSERT_TRUE(CursorStore(database).set(std::vector<Cursor>{{"own", "log", Seq(1)}}));
    EXPECT_EQ(database->foreign_changes(), *before);
    ASSERT_TRUE(CursorStore(other).set(std::vector<Cursor>{{"other", "log", Seq(1)}}));
    EXPECT_NE(database->foreign_changes(), *before);
}

TEST_F(StoreTest, ADamagedFileIsToldAndLeftAsItIs) {
    {
        DefinitionStore definitions(open());
        for (int i = 0; i < 200; ++i)
            ASSERT_TRUE(definitions.insert(DefinitionKind::source, std::to_string(i), std::string(500, 'x')));
    }
    std::string damaged;
    {
        std::fstream bytes(file(), std::ios::in | std::ios::out | std::ios::binary);
        bytes.seekp(8192);
        bytes << std::string(4096 * 20, '\xA5');
    }
    auto opened = Database::open(directory_);
    EXPECT_EQ(code_of(opened), ErrorCode::STORE_CORRUPT);
    std::ofstream(file(), std::ios::trunc) << "this is no database, and long enough to be looked at as one";
    EXPECT_EQ(code_of(Database::open(directory_)), ErrorCode::STORE_CORRUPT);
}

TEST_F(StoreTest, ANewerFileIsRefused) {
    {
        auto database = open();
        auto newer = Transaction::begin(*database, Transaction::Kind::write);
        ASSERT_TRUE(newer && newer->run("PRAGMA user_version = 99") && newer->commit());
    }
    EXPECT_EQ(code_of(Database::open(directory_)), ErrorCode::STORE_NEWER);
}

TEST_F(StoreTest, ADirectoryThatIsNotThereIsToldWithItsPath) {
    auto opened = Database::open(directory_ + "/nowhere");
    ASSERT_EQ(code_of(opened), ErrorCode::STORE_FAILED);
    EXPECT_THAT(opened.error().message, testing::HasSubstr(directory_ + "/nowhere/leat.db"));
}

}  // namespace
}  // namespace leat::db
