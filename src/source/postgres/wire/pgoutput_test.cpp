#include "source/postgres/wire/pgoutput.h"

#include <gtest/gtest.h>

#include "source/postgres/wire/pgoutput_test_support.h"

namespace leat::pg {
namespace {

// Whether the decoder for its type accepts the message.
Status decode(std::string_view text) {
    Bytes message = as_bytes(text);
    switch (message_type(message)) {
        case 'B':
            LEAT_TRY(decode_begin(message));
            return {};
        case 'C':
            LEAT_TRY(decode_commit(message));
            return {};
        case 'O':
            LEAT_TRY(decode_origin(message));
            return {};
        case 'R':
            LEAT_TRY(decode_relation(message));
            return {};
        case 'Y':
            LEAT_TRY(decode_type(message));
            return {};
        case 'T':
            LEAT_TRY(decode_truncate(message));
            return {};
        case 'M':
            LEAT_TRY(decode_logical_message(message));
            return {};
        case 'S':
            LEAT_TRY(decode_stream_start(message));
            return {};
        case 'E':
            return decode_stream_stop(message);
        case 'c':
            LEAT_TRY(decode_stream_commit(message));
            return {};
        case 'A':
            LEAT_TRY(decode_stream_abort(message));
            return {};
        case 'b':
        case 'P':
        case 'p':
            LEAT_TRY(decode_prepare(message));
            return {};
        case 'K':
            LEAT_TRY(decode_commit_prepared(message));
            return {};
        case 'r':
            LEAT_TRY(decode_rollback_prepared(message));
            return {};
        default: {
            RowMessage row;
            return decode_row(message, row);
        }
    }
}

bool malformed(std::string_view message) {
    Status status = decode(message);
    return !status && status.error().code == ErrorCode::PG_MESSAGE_MALFORMED;
}

const WireTuple row = {text_value("1"), null_value, unchanged_value, text_value("")};

const std::vector<std::string>& every_message() {
    static const std::vector<std::string> messages = {
        wire::begin(0x1000, 700),
        wire::commit(0x1000, 0x1040),
        wire::origin(0x99, "node_a"),
        wire::relation(16384, "public", "t", 'd', {{"id", 23, true}, {"note", 25, false}}),
        wire::type(16400, "public", "mood"),
        wire::insert(16384, row),
        wire::update(16384, 0, {}, row),
        wire::update(16384, 'K', row, row),
        wire::update(16384, 'O', row, row),
        wire::remove(16384, 'K', row),
        wire::remove(16384, 'O', row),
        wire::truncate({16384, 16385}, 3),
        wire::logical_message(true, 0x500, "prefix", "content"),
        wire::stream_start(700, true),
        wire::stream_stop(),
        wire::stream_commit(700, 0x1000, 0x1040),
        wire::stream_abort(700, 701),
        wire::prepare('b', 0x1000, 700, "gid"),
        wire::prepare('P', 0x1000, 700, "gid"),
        wire::prepare('p', 0x1000, 700, "gid"),
        wire::commit_prepared(0x1000, 0x1040, 700, "gid"),
        wire::rollback_prepared(0x1000, 0x1040, 700, "gid"),
    };
    return messages;
}

TEST(Pgoutput, Begin) {
    std::string bytes = wire::begin(0x16B374D848, 4'000'000'000, 1'234'567);
    auto begin = decode_begin(as_bytes(bytes));
    ASSERT_TRUE(begin);
    EXPECT_EQ(begin->final_lsn, Lsn(0x16B374D848));
    EXPECT_EQ(begin->xid, 4'000'000'000);
    EXPECT_EQ(begin->commit_time_us, 1'234'567);
}

TEST(Pgoutput, Commit) {
    std::string bytes = wire::commit(0x1000, 0x1040, -5);
    auto commit = decode_commit(as_bytes(bytes));
    ASSERT_TRUE(commit);
    EXPECT_EQ(commit->commit_lsn, Lsn(0x1000));
    EXPECT_EQ(commit->end_lsn, Lsn(0x1040));
    EXPECT_EQ(commit->commit_time_us, -5);
}

TEST(Pgoutput, TimesAtTheirBoundsWrapInsteadOfOverflowing) {
    std::string bytes = MessageBytes('B').u64(1).u64(INT64_MAX).u32(1).done();
    auto begin = decode_begin(as_bytes(bytes));
    ASSERT_TRUE(begin);
    EXPECT_LT(begin->commit_time_us, 0);
}

TEST(Pgoutput, Relation) {
    std::string bytes = wire::relation(16384, "shop", "orders", 'i', {{"id", 23, true}, {"note", 25, false}});
    auto relation = decode_relation(as_bytes(bytes));
    ASSERT_TRUE(relation);
    EXPECT_EQ(relation->relation, 16384u);
    EXPECT_EQ(relation->schema, "shop");
    EXPECT_EQ(relation->name, "orders");
    EXPECT_EQ(relation->replica_identity, 'i');
    ASSERT_EQ(relation->columns.size(), 2u);
    EXPECT_TRUE(relation->columns[0].part_of_key);
    EXPECT_EQ(relation->columns[0].type, 23u);
    EXPECT_EQ(relation->columns[0].typmod, -1);
    EXPECT_FALSE(relation->columns[1].part_of_key);
    EXPECT_EQ(relation->columns[1].name, "note");
}

TEST(Pgoutput, ARelationWithoutSchemaIsOfTheSystems) {
    std::string bytes = wire::relation(1259, "", "pg_class", 'n', {});
    auto relation = decode_relation(as_bytes(bytes));
    ASSERT_TRUE(relation);
    EXPECT_EQ(relation->schema, "pg_catalog");
}

TEST(Pgoutput, TypeAndOrigin) {
    std::string type_bytes = wire::type(16400, "public", "mood");
    auto type = decode_type(as_bytes(type_bytes));
    ASSERT_TRUE(type);
    EXPECT_EQ(type->type, 16400u);
    EXPECT_EQ(type->name, "mood");
    std::string origin_bytes = wire::origin(0x99, "node_a");
    auto origin = decode_origin(as_bytes(origin_bytes));
    ASSERT_TRUE(origin);
    EXPECT_EQ(origin->lsn, Lsn(0x99));
    EXPECT_EQ(origin->name, "node_a");
}

TEST(Pgoutput, NullUnchangedAndEmptyTextStayApart) {
    std::string bytes = wire::insert(16384, row);
    RowMessage message;
    ASSERT_TRUE(decode_row(as_bytes(bytes), message));
    EXPECT_EQ(message.relation, 16384u);
    EXPECT_EQ(message.old_kind, 0);
    ASSERT_TRUE(message.has_new);
    ASSERT_EQ(message.new_tuple.size(), 4u);
    using Kind = TupleValue::Kind;
    EXPECT_EQ(message.new_tuple[0].text, "1");
    EXPECT_EQ(message.new_tuple[1].kind, Kind::null);
    EXPECT_EQ(message.new_tuple[2].kind, Kind::unchanged);
    EXPECT_EQ(message.new_tuple[3].kind, Kind::text);
    EXPECT_EQ(message.new_tuple[3].text, "");
}

TEST(Pgoutput, UpdateWithoutOldRow) {
    std::string bytes = wire::update(7, 0, {}, {text_value("x")});
    RowMessage message;
    ASSERT_TRUE(decode_row(as_bytes(bytes), message));
    EXPECT_EQ(message.old_kind, 0);
    EXPECT_TRUE(message.has_new);
}

TEST(Pgoutput, UpdateWithOldKeyAndWithOldRow) {
    for (char kind : {'K', 'O'}) {
        std::string bytes = wire::update(7, kind, {text_value("old")}, {text_value("new")});
        RowMessage message;
        ASSERT_TRUE(decode_row(as_bytes(bytes), message));
        EXPECT_EQ(message.old_kind, kind);
        EXPECT_EQ(message.old_tuple.at(0).text, "old");
        EXPECT_EQ(message.new_tuple.at(0).text, "new");
    }
}

TEST(Pgoutput, NothingOfTheMessageBeforeIsLeft) {
    RowMessage message;
    std::string first =
        wire::update(7, 'O', {text_value("a"), text_value("b")}, {text_value("c"), null_value});
    ASSERT_TRUE(decode_row(as_bytes(first), message));
    std::string second = wire::remove(8, 'K', {null_value});
    ASSERT_TRUE(decode_row(as_bytes(second), message));
    EXPECT_EQ(message.old_kind, 'K');
    EXPECT_FALSE(message.has_new);
    ASSERT_EQ(message.old_tuple.size(), 1u);
    EXPECT_EQ(message.old_tuple[0].text, "");
}

TEST(Pgoutput, Truncate) {
    for (uint8_t flags : {0, 1, 2, 3}) {
        std::string bytes = wire::truncate({1, 2, 3}, flags);
        auto truncate = decode_truncate(as_bytes(bytes));
        ASSERT_TRUE(truncate);
        EXPECT_EQ(truncate->relations, (std::vector<uint32_t>{1, 2, 3}));
        EXPECT_EQ(truncate->cascade, (flags & 1) != 0);
        EXPECT_EQ(truncate->restart_identity, (flags & 2) != 0);
    }
}

TEST(Pgoutput, LogicalMessage) {
    std::string content("a\0b", 3);
    std::string bytes = wire::logical_message(false, 0x500, "audit", content);
    auto message = decode_logical_message(as_bytes(bytes));
    ASSERT_TRUE(message);
    EXPECT_FALSE(message->transactional);
    EXPECT_EQ(message->lsn, Lsn(0x500));
    EXPECT_EQ(message->prefix, "audit");
    EXPECT_EQ(as_text(message->content), content);
}

TEST(Pgoutput, Stream) {
    for (bool first : {false, true}) {
        std::string bytes = wire::stream_start(4'000'000'000, first);
        auto start = decode_stream_start(as_bytes(bytes));
        ASSERT_TRUE(start);
        EXPECT_EQ(start->xid, 4'000'000'000);
        EXPECT_EQ(start->first, first);
    }
    std::string bytes = wire::stream_commit(700, 0x1000, 0x1040, 77);
    auto commit = decode_stream_commit(as_bytes(bytes));
    ASSERT_TRUE(commit);
    EXPECT_EQ(commit->xid, 700u);
    EXPECT_EQ(commit->commit.commit_lsn, Lsn(0x1000));
    EXPECT_EQ(commit->commit.end_lsn, Lsn(0x1040));
    EXPECT_EQ(commit->commit.commit_time_us, 77);
    for (bool parallel : {false, true}) {
        bytes = wire::stream_abort(700, 701, parallel);
        auto abort = decode_stream_abort(as_bytes(bytes));
        ASSERT_TRUE(abort);
        EXPECT_EQ(abort->xid, 700u);
        EXPECT_EQ(abort->aborted, 701u);
    }
}

TEST(Pgoutput, AStreamedMessageIsTakenApartFromItsTransaction) {
    std::string plain = wire::insert(16384, row), bytes = wire::streamed(701, plain);
    auto streamed = split_streamed(as_bytes(bytes));
    ASSERT_TRUE(streamed);
    EXPECT_EQ(streamed->xid, 701u);
    EXPECT_EQ(streamed->type, 'I');
    EXPECT_EQ(as_text(streamed->body), plain.substr(1));
    EXPECT_FALSE(split_streamed(as_bytes(bytes).first(4)));
}

TEST(Pgoutput, TwoPhaseCommit) {
    for (char type : {'b', 'P', 'p'}) {
        std::string bytes = wire::prepare(type, 0x1000, 700, "a gid");
        auto prepare = decode_prepare(as_bytes(bytes));
        ASSERT_TRUE(prepare);
        EXPECT_EQ(prepare->prepare_lsn, Lsn(0x1000));
        EXPECT_EQ(prepare->end_lsn, Lsn(0x1008));
        EXPECT_EQ(prepare->prepare_time_us, 0);
        EXPECT_EQ(prepare->xid, 700u);
        EXPECT_EQ(prepare->gid, "a gid");
    }
    std::string bytes = wire::commit_prepared(0x2000, 0x2040, 700, "a gid", 5);
    auto commit = decode_commit_prepared(as_bytes(bytes));
    ASSERT_TRUE(commit);
    EXPECT_EQ(commit->commit.commit_lsn, Lsn(0x2000));
    EXPECT_EQ(commit->commit.end_lsn, Lsn(0x2040));
    EXPECT_EQ(commit->commit.commit_time_us, 5);
    EXPECT_EQ(commit->xid, 700u);
    EXPECT_EQ(commit->gid, "a gid");
    bytes = wire::rollback_prepared(0x1008, 0x2000, 700, "a gid");
    auto rollback = decode_rollback_prepared(as_bytes(bytes));
    ASSERT_TRUE(rollback);
    EXPECT_EQ(rollback->prepare_end_lsn, Lsn(0x1008));
    EXPECT_EQ(rollback->end_lsn, Lsn(0x2000));
    EXPECT_EQ(rollback->xid, 700u);
    EXPECT_EQ(rollback->gid, "a gid");
}

TEST(Pgoutput, EveryMessageIsAcceptedWhole) {
    for (const std::string& message : every_message()) EXPECT_TRUE(decode(message)) << message[0];
}

TEST(Pgoutput, EveryMessageCutAnywhereIsMalformed) {
    for (const std::string& message : every_message())
        for (size_t length = 1; length < message.size(); ++length) {
            // A copy, so that a read past the end is one past the allocation.
            std::vector<char> cut(message.begin(), message.begin() + static_cast<ptrdiff_t>(length));
            EXPECT_TRUE(malformed({cut.data(), cut.size()})) << message[0] << " cut at " << length;
        }
}

TEST(Pgoutput, BytesLeftOverAreMalformed) {
    for (const std::string& message : every_message())
        EXPECT_TRUE(malformed(message + std::string(1, '\0'))) << message[0];
}

TEST(Pgoutput, AnyByteChangedNeverReadsOutside) {
    for (const std::string& message : every_message())
        for (size_t at = 1; at < message.size(); ++at)
            for (int value : {0, 1, 0x7f, 0xff}) {
                std::vector<char> changed(message.begin(), message.end());
                changed[at] = static_cast<char>(value);
                Status status = decode({changed.data(), changed.size()});
                EXPECT_TRUE(status || status.error().code == ErrorCode::PG_MESSAGE_MALFORMED);
            }
}

TEST(Pgoutput, UnknownTupleKindsAreMalformed) {
    EXPECT_TRUE(malformed(wire::insert(1, {{'x', {}}})));
    // Binary was not asked for.
    std::string binary = MessageBytes('I').u32(1).letter('N').u16(1).letter('b').u32(1).text("x").done();
    EXPECT_TRUE(malformed(binary));
}

TEST(Pgoutput, ARowWithoutTheImageItNeedsIsMalformed) {
    EXPECT_TRUE(malformed(MessageBytes('I').u32(1).letter('K').tuple(row).done()));
    EXPECT_TRUE(malformed(MessageBytes('I').u32(1).letter('O').tuple(row).letter('N').tuple(row).done()));
    EXPECT_TRUE(malformed(MessageBytes('D').u32(1).letter('N').tuple(row).done()));
    EXPECT_TRUE(malformed(MessageBytes('U').u32(1).letter('K').tuple(row).done()));
    EXPECT_TRUE(malformed(MessageBytes('U').u32(1).letter('K').tuple(row).letter('O').tuple(row).done()));
}

TEST(Pgoutput, CountsAboveWhatTheMessageHoldsAreMalformed) {
    EXPECT_TRUE(malformed(MessageBytes('I').u32(1).letter('N').u16(UINT16_MAX).letter('n').done()));
    EXPECT_TRUE(malformed(MessageBytes('I').u32(1).letter('N').u16(1).letter('t').u32(UINT32_MAX).done()));
    EXPECT_TRUE(malformed(MessageBytes('T').u32(UINT32_MAX).u8(0).u32(1).done()));
    EXPECT_TRUE(malformed(MessageBytes('T').u32(0x40000001).u8(0).u32(1).done()));
    EXPECT_TRUE(malformed(
        MessageBytes('R').u32(1).c_string("s").c_string("t").letter('d').u16(UINT16_MAX).u8(0).done()));
    EXPECT_TRUE(malformed(MessageBytes('M').u8(1).u64(1).c_string("p").u32(UINT32_MAX).text("x").done()));
}

TEST(Pgoutput, TheErrorSaysWhereAndHoldsNoValue) {
    std::string message = wire::insert(1, {text_value("secret"), text_value("cut")});
    message.pop_back();
    Status status = decode(message);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().message.find("secret"), std::string::npos);
    EXPECT_NE(status.error().message.find("malformed at byte"), std::string::npos);
}

TEST(Pgoutput, AnEmptyMessageHasNoType) { EXPECT_EQ(message_type({}), '\0'); }

}  // namespace
}  // namespace leat::pg
