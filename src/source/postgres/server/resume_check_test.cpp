#include "source/postgres/server/resume_check.h"

#include <gtest/gtest.h>

namespace leat::pg {
namespace {

constexpr auto slot_name = "leat_shop";

ResumeState log_state() {
    ResumeState state;
    state.phase = ResumeState::Phase::streaming;
    state.system_id = 42;
    state.timeline = 2;
    state.timeline_begin = Lsn(0x800);
    state.lsn = Lsn(0x1000);
    state.slot = slot_name;
    return state;
}

ServerIdentity server() { return {42, 2, Lsn(0x2000), "shop", {{1, Lsn(0x800)}}}; }
// Promoted from the log's timeline at `end`.
ServerIdentity promoted(uint64_t end) {
    return {42, 3, Lsn(0x2000), "shop", {{1, Lsn(0x800)}, {2, Lsn(end)}}};
}

SlotInfo slot() {
    SlotInfo info;
    info.plugin = "pgoutput";
    info.type = "logical";
    info.database = "shop";
    info.restart = Lsn(0x0f00);
    info.confirmed_flush = Lsn(0x0fff);
    info.wal_status = "reserved";
    return info;
}

Error error_of(const ServerIdentity& identity, const std::optional<SlotInfo>& info) {
    Status status = check_resume(log_state(), identity, info, slot_name);
    EXPECT_FALSE(status);
    return status ? Error{} : status.error();
}

// Invariant 8: code, position and what repairs it.
void expect_gap(const Error& error, ErrorCode code) {
    EXPECT_EQ(name(error.code), name(code));
    EXPECT_NE(error.message.find("0/1000"), std::string::npos) << error.message;
    EXPECT_NE(error.action.find("when_needed"), std::string::npos) << error.action;
    EXPECT_EQ(retry_class(error.code), Retry::never);
}

TEST(ResumeCheck, TheStreamGoesOnWhereTheLogEnds) {
    EXPECT_TRUE(check_resume(log_state(), server(), slot(), slot_name));
}

TEST(ResumeCheck, SlotAndServerMayBothStandExactlyAtTheLogsEnd) {
    SlotInfo info = slot();
    info.confirmed_flush = Lsn(0x1000);
    ServerIdentity identity = server();
    identity.wal_end = Lsn(0x1000);
    EXPECT_TRUE(check_resume(log_state(), identity, info, slot_name));
}

TEST(ResumeCheck, AnActiveOrExtendedSlotIsNoGap) {
    SlotInfo info = slot();
    info.active = true;
    info.wal_status = "extended";
    EXPECT_TRUE(check_resume(log_state(), server(), info, slot_name));
    info.wal_status = "unreserved";
    EXPECT_TRUE(check_resume(log_state(), server(), info, slot_name));
}

TEST(ResumeCheck, AnotherServer) {
    ServerIdentity identity = server();
    identity.system_id = 43;
    expect_gap(error_of(identity, slot()), ErrorCode::PG_SYSTEM_CHANGED);
}

TEST(ResumeCheck, AnotherServerIsNamedBeforeItsMissingSlot) {
    ServerIdentity identity = server();
    identity.system_id = 43;
    expect_gap(error_of(identity, std::nullopt), ErrorCode::PG_SYSTEM_CHANGED);
}

TEST(ResumeCheck, AnEarlierTimeline) {
    expect_gap(error_of({42, 1, Lsn(0x2000), "shop", {}}, slot()), ErrorCode::PG_TIMELINE_CHANGED);
}

TEST(ResumeCheck, ALaterTimelineWithoutItsHistoryProvesNothing) {
    expect_gap(error_of({42, 3, Lsn(0x2000), "shop", {}}, slot()), ErrorCode::PG_TIMELINE_CHANGED);
}

TEST(ResumeCheck, AServerThatWasPromotedWithAllThatTheLogHas) {
    EXPECT_TRUE(check_resume(log_state(), promoted(0x1000), slot(), slot_name));
    EXPECT_TRUE(check_resume(log_state(), promoted(0x1800), slot(), slot_name));
    expect_gap(error_of(promoted(0x1800), std::nullopt), ErrorCode::PG_SLOT_LOST);
}

TEST(ResumeCheck, AServerThatWasPromotedWithoutAllThatTheLogHas) {
    SlotInfo info = slot();
    info.confirmed_flush = Lsn(0xf00);
    Error error = error_of(promoted(0xfff), info);
    expect_gap(error, ErrorCode::PG_TIMELINE_CHANGED);
    EXPECT_NE(error.message.find("0/FFF"), std::string::npos) << error.message;
}

TEST(ResumeCheck, AStandbyThatWasPromotedWhileItWasRead) {
    SlotInfo info = slot();
    info.confirmed_flush = Lsn(0xff0);
    EXPECT_TRUE(check_resume(log_state(), promoted(0xf00), info, slot_name));
    info.confirmed_flush = Lsn(0x1001);
    EXPECT_EQ(error_of(promoted(0xf00), info).code, ErrorCode::PG_TIMELINE_CHANGED);
}

TEST(ResumeCheck, AnotherTimelineOfTheSameNumber) {
    ServerIdentity identity = server();
    identity.history = {{1, Lsn(0x900)}};
    expect_gap(error_of(identity, slot()), ErrorCode::PG_TIMELINE_CHANGED);
    identity = promoted(0x1800);
    identity.history[0].end = Lsn(0x900);
    expect_gap(error_of(identity, slot()), ErrorCode::PG_TIMELINE_CHANGED);
    ResumeState old = log_state();
    old.timeline_begin = Lsn();  // of a version that did not write it
    EXPECT_TRUE(check_resume(old, identity, slot(), slot_name));
}

TEST(TimelineHistory, IsReadFromTheServersFile) {
    auto history = parse_timeline_history(
        "1\t0/16B374D\tno recovery target specified\n\n# a comment\n2\t1/A0000000\tat restore point \"x\"\n");
    EXPECT_EQ(history, (std::vector<PastTimeline>{{1, Lsn(0x16B374D)}, {2, Lsn(0x1A0000000)}}));
    EXPECT_TRUE(parse_timeline_history("").empty());
    EXPECT_TRUE(parse_timeline_history("x\t0/1\n1\tx\n1").empty());
}

TEST(ResumeCheck, TheSlotIsGone) { expect_gap(error_of(server(), std::nullopt), ErrorCode::PG_SLOT_LOST); }

TEST(ResumeCheck, TheSlotWasInvalidated) {
    SlotInfo info = slot();
    info.wal_status = "lost";
    expect_gap(error_of(server(), info), ErrorCode::PG_SLOT_LOST);
    info = slot();
    info.invalidation = "idle_timeout";
    Error error = error_of(server(), info);
    expect_gap(error, ErrorCode::PG_SLOT_LOST);
    EXPECT_NE(error.message.find("idle_timeout"), std::string::npos);
}

TEST(ResumeCheck, TheSlotMovedPastTheLog) {
    SlotInfo info = slot();
    info.confirmed_flush = Lsn(0x1001);
    expect_gap(error_of(server(), info), ErrorCode::PG_SLOT_AHEAD);
}

TEST(ResumeCheck, TheServerWasRestoredToAnEarlierTime) {
    ServerIdentity identity = server();
    identity.wal_end = Lsn(0x0fff);
    expect_gap(error_of(identity, slot()), ErrorCode::PG_LOG_AHEAD);
}

Status check_found(const ResumeState& state, uint32_t main, uint32_t inserts, bool with_keyless = true,
                   int server_version = 180000) {
    Options options;
    options.publication_name = "leat_shop";
    TableInfo keyed, keyless;
    keyed.primary_key = {"id"};
    std::vector<TableInfo> tables = {keyed};
    if (with_keyless) tables.push_back(keyless);
    return check_publications(state, {{}, main, inserts}, tables, options, server_version);
}

TEST(ResumeCheck, ThePublicationIsGone) {
    Status status = check_found(log_state(), 0, 0);
    ASSERT_FALSE(status);
    expect_gap(status.error(), ErrorCode::PG_PUBLICATION);
    EXPECT_TRUE(check_found(log_state(), 16400, 0));  // of a version that did not write the OID
}

TEST(ResumeCheck, ThePublicationWasMadeAgain) {
    ResumeState state = log_state();
    state.publication = 16400;
    EXPECT_TRUE(check_found(state, 16400, 0));
    Status status = check_found(state, 16500, 0);
    ASSERT_FALSE(status);
    expect_gap(status.error(), ErrorCode::PG_PUBLICATION);
}

TEST(ResumeCheck, TheSecondPublicationMayBeNewOrNotNeeded) {
    ResumeState state = log_state();
    state.publication = 16400;
    EXPECT_TRUE(check_found(state, 16400, 16500));
    EXPECT_TRUE(check_found(state, 16400, 0));
    for (uint32_t inserts : {0, 16500}) {
        EXPECT_FALSE(check_found(state, 16400, inserts, true, 150000));
        EXPECT_TRUE(check_found(state, 16400, inserts, false, 150000));
    }
    state.insert_publication = 16401;
    EXPECT_TRUE(check_found(state, 16400, 16401));
    EXPECT_FALSE(check_found(state, 16400, 16500));
    EXPECT_FALSE(check_found(state, 16400, 0));
    EXPECT_TRUE(check_found(state, 16400, 0, false));
}

TEST(ResumeCheck, ASlotOfAnotherKindIsForeign) {
    SlotInfo physical = slot(), other_plugin = slot(), other_database = slot();
    physical.type = "physical";
    other_plugin.plugin = "wal2json";
    other_database.database = "postgres";
    for (const SlotInfo& info : {physical, other_plugin, other_database}) {
        Error error = error_of(server(), info);
        EXPECT_EQ(error.code, ErrorCode::PG_SLOT_FOREIGN);
        // A new snapshot would not help.
        EXPECT_EQ(error.action.find("when_needed"), std::string::npos);
    }
    EXPECT_TRUE(check_slot_kind(slot(), slot_name, "shop"));
}

}  // namespace
}  // namespace leat::pg
