#include "source/postgres/resume_check.h"

#include <gtest/gtest.h>

namespace leat::pg {
namespace {

constexpr auto slot_name = "leat_shop";

ResumeState log_state() {
    ResumeState state;
    state.phase = ResumeState::Phase::streaming;
    state.system_id = 42;
    state.timeline = 2;
    state.lsn = Lsn(0x1000);
    state.slot = slot_name;
    return state;
}

ServerIdentity server() { return {42, 2, Lsn(0x2000), "shop"}; }

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

TEST(ResumeCheck, AnotherTimeline) {
    for (uint32_t timeline : {1, 3}) {
        ServerIdentity identity = server();
        identity.timeline = timeline;
        expect_gap(error_of(identity, slot()), ErrorCode::PG_TIMELINE_CHANGED);
    }
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

TEST(ResumeCheck, ThePublicationIsGone) {
    Status status = check_publication(log_state(), false, "leat_shop");
    ASSERT_FALSE(status);
    expect_gap(status.error(), ErrorCode::PG_PUBLICATION);
    EXPECT_TRUE(check_publication(log_state(), true, "leat_shop"));
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
