#include "source/postgres/server/position.h"

#include <gtest/gtest.h>

namespace leat::pg {
namespace {

ResumeState sample() {
    ResumeState state;
    state.phase = ResumeState::Phase::streaming;
    state.system_id = 7'000'000'000'000'000'001;
    state.timeline = 3;
    state.timeline_begin = Lsn(0x15000000A0);
    state.lsn = Lsn(0x16B374D848);
    state.slot = "leat_shop";
    state.publication = 16400;
    state.insert_publication = 16401;
    state.snapshots = {{700, 710, {702, 705}, Lsn(0x2000)}, {800, 800, {}, Lsn(0x3000)}};
    state.tables = {{16384, 1}, {16390, 0}};
    TableProgress by_pages, by_key;
    by_pages.table = 16384;
    by_pages.pages_xmin = 700;
    by_pages.pages = {{16384, 20000, 0, 512}, {16384, 20000, 1024, 0}};
    by_key.table = 16390;
    by_key.condition = "id > 7";
    by_key.cut = true;
    by_key.left = {{{}, {"a", "1"}}, {{"b", ""}, {"z", "9"}}};
    by_key.again = {{"c", "\t"}};
    state.unfinished = {by_pages, by_key};
    return state;
}

Visibility visibility(std::string_view text) {
    auto parsed = Visibility::parse(text, Lsn(1));
    EXPECT_TRUE(parsed) << text;
    return parsed ? *parsed : Visibility{};
}

TEST(ResumeStateBytes, RoundTrip) {
    auto back = ResumeState::decode(sample().encode().bytes);
    ASSERT_TRUE(back) << back.error().to_string();
    EXPECT_EQ(*back, sample());
}

TEST(ResumeStateBytes, RoundTripOfEveryPhase) {
    using Phase = ResumeState::Phase;
    for (Phase phase : {Phase::creating_slot, Phase::snapshot, Phase::streaming, Phase::complete}) {
        ResumeState state;
        state.phase = phase;
        auto back = ResumeState::decode(state.encode().bytes);
        ASSERT_TRUE(back);
        EXPECT_EQ(*back, state);
    }
}

TEST(ResumeStateBytes, CutAnywhereIsCorrupt) {
    std::string bytes = sample().encode().bytes;
    for (size_t length = 0; length < bytes.size(); ++length) {
        auto back = ResumeState::decode(bytes.substr(0, length));
        ASSERT_FALSE(back) << length;
        EXPECT_EQ(back.error().code, ErrorCode::LOG_CORRUPT);
    }
}

TEST(ResumeStateBytes, BytesLeftOverAreCorrupt) {
    auto back = ResumeState::decode(sample().encode().bytes + '\0');
    ASSERT_FALSE(back);
    EXPECT_EQ(back.error().code, ErrorCode::LOG_CORRUPT);
}

TEST(ResumeStateBytes, ANewerVersionHasItsOwnCode) {
    std::string bytes = sample().encode().bytes;
    ++bytes[0];
    auto back = ResumeState::decode(bytes);
    ASSERT_FALSE(back);
    EXPECT_EQ(back.error().code, ErrorCode::LOG_NEWER_VERSION);
    EXPECT_FALSE(back.error().action.empty());
}

// What version 2 added stands behind the slot's name.
TEST(ResumeStateBytes, TheFirstVersionIsRead) {
    ResumeState state = sample();
    state.unfinished.clear();
    std::string bytes = state.encode().bytes;
    bytes.resize(bytes.size() - 4 - 8 - 8);
    bytes[0] = 1;
    bytes.erase(2 + 8 + 4 + 8 + 4 + state.slot.size(), 16);
    state.timeline_begin = Lsn();
    state.publication = state.insert_publication = 0;
    auto back = ResumeState::decode(bytes);
    ASSERT_TRUE(back) << back.error().to_string();
    EXPECT_EQ(*back, state);
}

TEST(ResumeStateBytes, APreparedTransactionIsKept) {
    ResumeState state = sample();
    EXPECT_EQ(state.start(), state.lsn);
    state.prepared = Lsn(state.lsn.value - 100);
    auto back = ResumeState::decode(state.encode().bytes);
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, state);
    EXPECT_EQ(back->start(), state.prepared);
    state.prepared = Lsn(state.lsn.value + 100);  // nothing committed since
    EXPECT_EQ(state.start(), state.lsn);
}

TEST(ResumeStateBytes, TheFourthVersionDidNotKnowTheLastCommit) {
    ResumeState state = sample();
    state.committed = Lsn(state.lsn.value - 50);
    std::string bytes = state.encode().bytes;
    EXPECT_EQ(*ResumeState::decode(bytes), state);
    bytes.resize(bytes.size() - 8);
    bytes[0] = 4;
    state.committed = Lsn();
    auto back = ResumeState::decode(bytes);
    ASSERT_TRUE(back) << back.error().to_string();
    EXPECT_EQ(*back, state);
}

TEST(ResumeStateBytes, VersionsAndPhasesThatNeverWereAreCorrupt) {
    for (auto [at, value] : {std::pair{0, 0}, {1, 0}, {1, 5}, {1, 255}}) {
        std::string bytes = sample().encode().bytes;
        bytes[static_cast<size_t>(at)] = static_cast<char>(value);
        auto back = ResumeState::decode(bytes);
        ASSERT_FALSE(back) << at << ": " << value;
        EXPECT_EQ(back.error().code, ErrorCode::LOG_CORRUPT);
    }
}

TEST(ResumeStateBytes, TheSecondVersionHadNoUnfinishedTables) {
    ResumeState state = sample();
    state.unfinished.clear();
    std::string bytes = state.encode().bytes;
    bytes.resize(bytes.size() - 4 - 8 - 8);
    bytes[0] = 2;
    auto back = ResumeState::decode(bytes);
    ASSERT_TRUE(back) << back.error().to_string();
    EXPECT_EQ(*back, state);
}

TEST(ResumeStateBytes, UnfinishedTablesAreFoundByTheirOid) {
    ResumeState state = sample();
    ASSERT_TRUE(state.unfinished_table(16390));
    EXPECT_EQ(state.unfinished_table(16390)->condition, "id > 7");
    EXPECT_FALSE(state.unfinished_table(1));
}

TEST(Pages, NeighboursBecomeOne) {
    TableProgress progress;
    add_pages(progress, {1, 5, 10, 20});
    add_pages(progress, {1, 5, 30, 40});
    add_pages(progress, {1, 5, 0, 10});
    EXPECT_EQ(progress.pages, (std::vector<PageRun>{{1, 5, 0, 20}, {1, 5, 30, 40}}));
    add_pages(progress, {1, 5, 20, 30});
    add_pages(progress, {1, 5, 40, 0});
    EXPECT_EQ(progress.pages, (std::vector<PageRun>{{1, 5, 0, 0}}));
}

TEST(Pages, OfOtherTablesAndFilesStayApart) {
    TableProgress progress;
    add_pages(progress, {1, 5, 0, 10});
    add_pages(progress, {2, 5, 10, 20});
    add_pages(progress, {1, 6, 10, 20});
    EXPECT_EQ(progress.pages.size(), 3u);
}

TEST(ResumeStateBytes, ATableOfNoSnapshotIsCorrupt) {
    ResumeState state = sample();
    state.tables[0].snapshot = 2;
    auto back = ResumeState::decode(state.encode().bytes);
    ASSERT_FALSE(back);
    EXPECT_EQ(back.error().code, ErrorCode::LOG_CORRUPT);
}

TEST(VisibilityText, IsReadWithItsIdsSorted) {
    auto v = Visibility::parse("10:20:19,12", Lsn(5));
    ASSERT_TRUE(v);
    EXPECT_EQ(*v, (Visibility{10, 20, {12, 19}, Lsn(5)}));
}

TEST(VisibilityText, MayHaveNothingInProgress) { EXPECT_TRUE(visibility("10:10:").in_progress.empty()); }

TEST(VisibilityText, OtherTextIsRefused) {
    for (std::string_view text : {"", "1", "1:2", "1:2:3:4", "a:2:", ":2:", "1::", "1:2:x", "1:2:3,",
                                  "1:2:,3", "-1:2:", "1:2: 3", "99999999999999999999:2:"}) {
        auto v = Visibility::parse(text, Lsn());
        ASSERT_FALSE(v) << text;
        EXPECT_EQ(v.error().code, ErrorCode::PG_PROTOCOL);
    }
}

TEST(VisibilityShows, WhatEndedBeforeItAndNothingElse) {
    Visibility v = visibility("700:710:702,705");
    EXPECT_TRUE(v.shows(699));
    EXPECT_TRUE(v.shows(700));
    EXPECT_TRUE(v.shows(701));
    EXPECT_FALSE(v.shows(702));
    EXPECT_TRUE(v.shows(703));
    EXPECT_FALSE(v.shows(705));
    EXPECT_TRUE(v.shows(709));
    EXPECT_FALSE(v.shows(710));
    EXPECT_FALSE(v.shows(711));
}

TEST(VisibilityShows, LooksTwoBillionTransactionsBothWays) {
    Visibility v = visibility("3000000000:3000000010:");
    EXPECT_TRUE(v.shows(3'000'000'000U - 0x7fffffffU));
    EXPECT_FALSE(v.shows(3'000'000'000U + 0x7fffffffU));
}

TEST(VisibilityShows, IdsThatWrapBelowTheSnapshotAreOld) {
    // Epoch 1: xmin has just wrapped around, the transaction's id has not.
    Visibility v = visibility("4294967396:4294967400:");
    EXPECT_TRUE(v.shows(4'294'967'290));
    EXPECT_TRUE(v.shows(99));
    EXPECT_TRUE(v.shows(103));
    EXPECT_FALSE(v.shows(104));
}

TEST(VisibilityShows, IdsThatWrapAboveTheSnapshotAreNew) {
    // xmin stands just before the wrap, the transaction's id just after.
    Visibility v = visibility("4294967290:4294967300:4294967298");
    EXPECT_TRUE(v.shows(4'294'967'291));
    EXPECT_TRUE(v.shows(1));   // 4294967297
    EXPECT_FALSE(v.shows(2));  // 4294967298, in progress
    EXPECT_TRUE(v.shows(3));
    EXPECT_FALSE(v.shows(4));  // 4294967300, xmax
}

TEST(VisibilityShows, WorksInALaterEpoch) {
    uint64_t epoch = uint64_t{7} << 32;
    Visibility v{epoch + 500, epoch + 510, {epoch + 505}, Lsn(1)};
    EXPECT_TRUE(v.shows(499));
    EXPECT_TRUE(v.shows(504));
    EXPECT_FALSE(v.shows(505));
    EXPECT_FALSE(v.shows(510));
}

TEST(DropPassed, ForgetsATableOnceTheStreamIsPastItsSnapshot) {
    ResumeState state = sample();
    state.lsn = Lsn(0x2000);
    state.drop_passed();
    EXPECT_EQ(state.tables, (std::vector<TableVisibility>{{16384, 1}}));
    EXPECT_EQ(state.snapshots.size(), 2u);  // the index of the one that is left stays true
}

TEST(DropPassed, KeepsATableOneByteBefore) {
    ResumeState state = sample();
    state.lsn = Lsn(0x1fff);
    state.drop_passed();
    EXPECT_EQ(state.tables.size(), 2u);
}

TEST(DropPassed, ForgetsTheSnapshotsWithTheLastTable) {
    ResumeState state = sample();
    state.lsn = Lsn(0x3000);
    state.drop_passed();
    EXPECT_TRUE(state.tables.empty());
    EXPECT_TRUE(state.snapshots.empty());
}

}  // namespace
}  // namespace leat::pg
