#include "source/postgres/wire/replication_protocol.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "source/postgres/wire/pgoutput_test_support.h"

namespace leat::pg {
namespace {

bool refused(std::string_view bytes) {
    auto message = decode_replication_message(as_bytes(bytes));
    return !message && message.error().code == ErrorCode::PG_PROTOCOL;
}

TEST(ReplicationProtocol, WalData) {
    std::string bytes = wire::wal_data(0x10, 0x20, "payload");
    auto message = decode_replication_message(as_bytes(bytes));
    ASSERT_TRUE(message);
    EXPECT_EQ(message->type, ReplicationMessage::Type::wal_data);
    EXPECT_EQ(message->wal.start, Lsn(0x10));
    EXPECT_EQ(message->wal.end, Lsn(0x20));
    EXPECT_EQ(as_text(message->wal.message), "payload");
}

TEST(ReplicationProtocol, WalDataMayBeEmpty) {
    std::string bytes = wire::wal_data(0x10, 0x20, "");
    auto message = decode_replication_message(as_bytes(bytes));
    ASSERT_TRUE(message);
    EXPECT_TRUE(message->wal.message.empty());
}

TEST(ReplicationProtocol, KeepaliveWithAndWithoutRequest) {
    for (bool requested : {false, true}) {
        std::string bytes = wire::keepalive(0x30, requested);
        auto message = decode_replication_message(as_bytes(bytes));
        ASSERT_TRUE(message);
        EXPECT_EQ(message->type, ReplicationMessage::Type::keepalive);
        EXPECT_EQ(message->keepalive.wal_end, Lsn(0x30));
        EXPECT_EQ(message->keepalive.reply_requested, requested);
    }
}

TEST(ReplicationProtocol, HeadsThatAreCutOffAreRefused) {
    std::string wal = wire::wal_data(1, 2, ""), keepalive = wire::keepalive(1, true);
    for (size_t length = 0; length < wal.size(); ++length) EXPECT_TRUE(refused(wal.substr(0, length)));
    for (size_t length = 0; length < keepalive.size(); ++length)
        EXPECT_TRUE(refused(keepalive.substr(0, length)));
}

TEST(ReplicationProtocol, AKeepaliveWithBytesLeftOverIsRefused) {
    EXPECT_TRUE(refused(wire::keepalive(1, true) + "x"));
}

TEST(ReplicationProtocol, AnUnknownTypeIsNamed) {
    auto message = decode_replication_message(as_bytes("z123"));
    ASSERT_FALSE(message);
    EXPECT_EQ(message.error().code, ErrorCode::PG_PROTOCOL);
    EXPECT_NE(message.error().message.find("0x7a"), std::string::npos);
}

TEST(ReplicationProtocol, AStatusUpdateTellsOnePositionThreeTimes) {
    ByteBuffer frame;
    int64_t before = wall_time_us();
    encode_status_update(Lsn(0x0102030405060708), true, frame);
    int64_t after = wall_time_us();
    NetworkCursor from(frame.view());
    EXPECT_EQ(from.u8(), 'd');
    EXPECT_EQ(from.u32(), frame.size() - 1);
    EXPECT_EQ(from.u8(), 'r');
    for (int i = 0; i < 3; ++i) EXPECT_EQ(from.u64(), 0x0102030405060708u);
    int64_t clock = from.i64() + epoch_offset_us;
    EXPECT_LE(before, clock);
    EXPECT_LE(clock, after);
    EXPECT_EQ(from.u8(), 1);
    EXPECT_TRUE(from.ok() && from.at_end());
}

TEST(ReplicationProtocol, StatusUpdatesFollowOneAnother) {
    ByteBuffer frames;
    encode_status_update(Lsn(1), false, frames);
    size_t one = frames.size();
    encode_status_update(Lsn(2), false, frames);
    EXPECT_EQ(frames.size(), 2 * one);
    EXPECT_EQ(frames.view()[one], 'd');
    EXPECT_EQ(frames.view()[one - 1], 0);
}

}  // namespace
}  // namespace leat::pg
