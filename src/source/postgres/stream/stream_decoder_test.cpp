#include "source/postgres/stream/stream_decoder.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "model/block_reader.h"
#include "source/postgres/stream/test_support.h"
#include "source/postgres/wire/pgoutput_test_support.h"
#include "source/schema_versions.h"

namespace leat::pg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr uint32_t int4 = 23, text = 25;
constexpr size_t large_block = 1 << 20;
using Lines = std::vector<std::string>;

// ~ null, ? unchanged, . absent
std::string show(const TupleView& tuple) {
    std::string line = "(";
    for (size_t i = 0; i < tuple.schema().column_count(); ++i) {
        if (i) line += ", ";
        switch (tuple.state(i)) {
            case ValueState::null:
                line += '~';
                break;
            case ValueState::unchanged:
                line += '?';
                break;
            case ValueState::absent:
                line += '.';
                break;
            case ValueState::value:
                line += tuple.schema().columns[i].type.kind == Kind::int32
                            ? std::to_string(tuple.fixed<int32_t>(i))
                            : std::string(tuple.text(i));
        }
    }
    return line + ")";
}

std::string show(const Change& change) {
    std::string line(1, static_cast<char>(change.op));
    if (change.op == Op::message)
        return fmt::format("{}{} {}:{} @{}", line, change.transactional ? "" : " alone",
                           change.message_prefix, as_text(change.message_content), change.offset.value);
    line += fmt::format(" {}#{} [{}]", change.schema->name, change.schema->version, change.index);
    if (change.truncate_cascade) line += " cascade";
    if (change.truncate_restart_identity) line += " restart";
    if (change.has_before) line += (change.before_is_key ? " key" : " old") + show(change.before);
    if (change.has_after) line += " new" + show(change.after);
    return line;
}

// The stream of one server, as the decoder's owner sees it: messages in, blocks out.
class Stream {
  public:
    explicit Stream(size_t block_bytes = large_block, ResumeState resume = {},
                    SchemaVersions versions = none())
        : versions_(std::move(versions)),
          decoder(
              std::move(resume), {}, [this](const RelationMessage& message) { return describe(message); },
              block_bytes) {}

    // `at`: where in the WAL the message's record stands.
    Status feed(const std::string& message, uint64_t at = 1) {
        return decoder.decode({Lsn(at), Lsn(at), as_bytes(message)});
    }
    void must(const std::string& message, uint64_t at = 1) {
        Status status = feed(message, at);
        ASSERT_TRUE(status) << status.error().to_string();
    }
    // A table of an integer key and two texts.
    void announce(uint32_t oid, const std::string& name, char identity = 'd') {
        bool full = identity == 'f';
        must(wire::relation(oid, "public", name, identity,
                            {{"id", int4, true}, {"a", text, full}, {"b", text, full}}));
    }
    void transaction(uint32_t xid, uint64_t commit_lsn, const std::vector<std::string>& messages) {
        must(wire::begin(commit_lsn, xid));
        for (const std::string& message : messages) must(message, commit_lsn - 1);
        must(wire::commit(commit_lsn, commit_lsn + 8));
    }

    Block take_block() {
        Block block = decoder.take();
        block.seal(next_seq_, UnitId(1));
        next_seq_ = Seq(block.header().end_seq());
        return block;
    }
    // What a reader of the log makes of the next block, a line an item.
    Lines read(const Block& block) {
        Lines lines;
        BlockReader reader(block, schemas_);
        while (true) {
            auto item = reader.next();
            if (!item) {
                lines.push_back(item.error().to_string());
                return lines;
            }
            const Transaction& transaction = reader.transaction();
            switch (*item) {
                case BlockReader::Item::end_of_block:
                    return lines;
                case BlockReader::Item::schema:
                    lines.push_back(
                        fmt::format("schema {}#{}", reader.schema().name, reader.schema().version));
                    break;
                case BlockReader::Item::begin:
                    lines.push_back(fmt::format("begin {} @{}{}", transaction.id.value,
                                                transaction.commit.value,
                                                reader.continued() ? " continued" : ""));
                    break;
                case BlockReader::Item::change:
                    lines.push_back(show(reader.change()));
                    break;
                case BlockReader::Item::commit:
                    lines.push_back(fmt::format("commit {} @{}", reader.transaction_changes(),
                                                reader.transaction_end().value));
                    break;
            }
        }
    }
    Lines take() { return read(take_block()); }

    std::set<std::string> not_captured;
    std::optional<Error> describe_error;
    SchemaVersions versions_;
    StreamDecoder decoder;

  private:
    static SchemaVersions none() { return SchemaVersions(std::vector<std::shared_ptr<const TableSchema>>{}); }
    Result<std::shared_ptr<const TableSchema>> describe(const RelationMessage& message) {
        if (describe_error) return fail(*describe_error);
        if (not_captured.contains(std::string(message.name))) return nullptr;
        return versions_.assign(definition_of(message));
    }

    SchemaSet schemas_;
    Seq next_seq_{1};
};

WireTuple row(int id, std::string a, std::string b) {
    return {text_value(std::to_string(id)), text_value(std::move(a)), text_value(std::move(b))};
}
WireTuple key(int id) { return {text_value(std::to_string(id)), null_value, null_value}; }

bool has(const Block& block, BlockFlag flag) { return block.header().has(flag); }
Lsn position_of(const Block& block) {
    auto state = ResumeState::decode(block.position());
    EXPECT_TRUE(state);
    return state ? state->lsn : Lsn();
}

// ---- rows ----

TEST(StreamDecoder, InsertUpdateAndDelete) {
    Stream stream;
    stream.announce(1, "t");
    stream.transaction(700, 1000,
                       {wire::insert(1, row(1, "x", "y")), wire::update(1, 0, {}, row(1, "x", "z")),
                        wire::update(1, 'K', key(1), row(2, "x", "z")), wire::remove(1, 'K', key(2))});
    EXPECT_THAT(stream.take(), ElementsAre("schema t#1", "begin 700 @1000", "c t#1 [0] new(1, x, y)",
                                           "u t#1 [1] new(1, x, z)", "u t#1 [2] key(1, ., .) new(2, x, z)",
                                           "d t#1 [3] key(2, ., .)", "commit 4 @1008"));
}

TEST(StreamDecoder, ARowSaysWhereItStandsInTheWal) {
    Stream stream;
    stream.announce(1, "t");
    stream.must(wire::begin(1000, 700, 123));
    stream.must(wire::insert(1, row(1, "", "")), 950);
    stream.must(wire::commit(1000, 1008));
    Block block = stream.take_block();
    EXPECT_EQ(block.header().commit_time_us_max, 123);
    SchemaSet schemas;
    BlockReader reader(block, schemas);
    while (reader.next().value() != BlockReader::Item::change) {
    }
    EXPECT_EQ(reader.change().offset, Lsn(950));
    EXPECT_EQ(reader.transaction().commit_time_us, 123);
}

TEST(StreamDecoder, NullAndEmptyTextStayApart) {
    Stream stream;
    stream.announce(1, "t");
    stream.transaction(700, 1000, {wire::insert(1, {text_value("1"), null_value, text_value("")})});
    EXPECT_THAT(stream.take(), testing::Contains("c t#1 [0] new(1, ~, )"));
}

TEST(StreamDecoder, AWholeOldRowIsKeptWhole) {
    Stream stream;
    stream.announce(1, "t", 'f');
    stream.transaction(700, 1000, {wire::remove(1, 'O', {text_value("1"), null_value, text_value("y")})});
    EXPECT_THAT(stream.take(), testing::Contains("d t#1 [0] old(1, ~, y)"));
}

TEST(StreamDecoder, UnderFullAnUnchangedValueIsFilledFromTheOldRow) {
    Stream stream;
    stream.announce(1, "t", 'f');
    WireTuple changed = {text_value("1"), unchanged_value, text_value("z")};
    stream.transaction(700, 1000, {wire::update(1, 'O', row(1, "toast", "y"), changed)});
    EXPECT_THAT(stream.take(), testing::Contains("u t#1 [0] old(1, toast, y) new(1, toast, z)"));
}

TEST(StreamDecoder, WithoutAWholeOldRowAnUnchangedValueStaysUnchanged) {
    Stream stream;
    stream.announce(1, "t");
    WireTuple changed = {text_value("2"), unchanged_value, text_value("z")};
    stream.transaction(700, 1000, {wire::update(1, 0, {}, changed), wire::update(1, 'K', key(1), changed)});
    EXPECT_THAT(stream.take(), ElementsAre("schema t#1", "begin 700 @1000", "u t#1 [0] new(2, ?, z)",
                                           "u t#1 [1] key(1, ., .) new(2, ?, z)", "commit 2 @1008"));
}

TEST(StreamDecoder, AValueThatCannotBeReadNamesTableColumnAndPlaceButNotTheValue) {
    Stream stream;
    stream.announce(1, "t");
    stream.must(wire::begin(1000, 700));
    Status status =
        stream.feed(wire::insert(1, {text_value("secret"), null_value, null_value}), 0x16000000AB);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::PG_VALUE_MALFORMED);
    EXPECT_THAT(status.error().message, HasSubstr("public.t"));
    EXPECT_THAT(status.error().message, HasSubstr("column id"));
    EXPECT_THAT(status.error().message, HasSubstr("16/AB"));
    EXPECT_THAT(status.error().message, Not(HasSubstr("secret")));
}

TEST(StreamDecoder, ARowOfAnotherWidthThanItsTableIsMalformed) {
    for (const WireTuple& tuple : {WireTuple{text_value("1")}, WireTuple(4, null_value), WireTuple{}}) {
        Stream stream;
        stream.announce(1, "t", 'f');
        stream.must(wire::begin(1000, 700));
        for (const std::string& message : {wire::insert(1, tuple), wire::remove(1, 'O', tuple),
                                           wire::update(1, 'O', tuple, row(1, "", ""))}) {
            Status status = stream.feed(message);
            ASSERT_FALSE(status);
            EXPECT_EQ(status.error().code, ErrorCode::PG_MESSAGE_MALFORMED);
        }
    }
}

// ---- schemas ----

TEST(StreamDecoder, ASchemaStandsOnceBeforeItsFirstRow) {
    Stream stream;
    stream.announce(1, "t");
    stream.transaction(700, 1000, {wire::insert(1, row(1, "", ""))});
    stream.announce(1, "t");  // as the server does after a cache invalidation
    stream.transaction(701, 1100, {wire::insert(1, row(2, "", ""))});
    EXPECT_THAT(stream.take(),
                ElementsAre("schema t#1", "begin 700 @1000", "c t#1 [0] new(1, , )", "commit 1 @1008",
                            "begin 701 @1100", "c t#1 [0] new(2, , )", "commit 1 @1108"));
}

TEST(StreamDecoder, ASchemaThatTheLogHasIsNotRepeated) {
    std::string announcement = wire::relation(1, "public", "t", 'd', {{"id", int4, true}});
    auto message = decode_relation(as_bytes(announcement));
    ASSERT_TRUE(message);
    SchemaVersions versions{std::vector<std::shared_ptr<const TableSchema>>{}};
    auto known = versions.assign(definition_of(*message));
    StreamDecoder decoder({}, {known}, [&](const RelationMessage&) { return known; }, large_block);
    for (const std::string& bytes :
         {announcement, wire::begin(1000, 700), wire::insert(1, {text_value("1")}), wire::commit(1000, 1008)})
        ASSERT_TRUE(decoder.decode({Lsn(1), Lsn(1), as_bytes(bytes)}));
    EXPECT_FALSE(has(decoder.take(), BlockFlag::has_schemas));
}

TEST(StreamDecoder, ATableWithoutChangesIsNotAnnouncedToTheLog) {
    Stream stream;
    stream.announce(1, "t");
    EXPECT_FALSE(stream.decoder.has_changes());
}

TEST(StreamDecoder, ASchemaChangeInMidTransactionTakesEffectForTheRowsAfterIt) {
    Stream stream;
    stream.announce(1, "t");
    stream.must(wire::begin(1000, 700));
    stream.must(wire::insert(1, row(1, "x", "y")));
    stream.must(wire::relation(1, "public", "t", 'd', {{"id", int4, true}, {"a", text}}));
    stream.must(wire::insert(1, {text_value("2"), text_value("z")}));
    stream.must(wire::commit(1000, 1008));
    EXPECT_THAT(stream.take(), ElementsAre("schema t#1", "begin 700 @1000", "c t#1 [0] new(1, x, y)",
                                           "schema t#2", "c t#2 [1] new(2, z)", "commit 2 @1008"));
}

TEST(StreamDecoder, ARowOfAnUnknownRelationIsAnError) {
    Stream stream;
    stream.must(wire::begin(1000, 700));
    for (const std::string& message : {wire::insert(9, row(1, "", "")), wire::truncate({9})}) {
        Status status = stream.feed(message);
        ASSERT_FALSE(status);
        EXPECT_EQ(status.error().code, ErrorCode::PG_PROTOCOL);
        EXPECT_THAT(status.error().message, HasSubstr("9"));
    }
}

TEST(StreamDecoder, WhatDescribesTablesMayFail) {
    Stream stream;
    stream.describe_error = Error{ErrorCode::PG_CONNECTION_LOST, "gone", {}};
    stream.announce(1, "t");
    stream.must(wire::begin(1000, 700));
    Status status = stream.feed(wire::insert(1, row(1, "", "")));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::PG_CONNECTION_LOST);
}

TEST(StreamDecoder, TablesThatAreNotCapturedLeaveNoTrace) {
    Stream stream;
    stream.not_captured = {"other"};
    stream.announce(1, "t");
    stream.announce(2, "other");
    stream.transaction(700, 1000, {wire::insert(2, row(1, "", ""))});
    EXPECT_FALSE(stream.decoder.has_changes());
    stream.transaction(
        701, 1100,
        {wire::insert(2, row(2, "", "")), wire::insert(1, row(3, "", "")), wire::truncate({2, 1})});
    EXPECT_THAT(stream.take(), ElementsAre("schema t#1", "begin 701 @1100", "c t#1 [0] new(3, , )",
                                           "t t#1 [1]", "commit 2 @1108"));
}

// ---- truncates and messages ----

TEST(StreamDecoder, ATruncateIsAChangePerTable) {
    Stream stream;
    stream.announce(1, "t");
    stream.announce(2, "s");
    stream.transaction(700, 1000, {wire::truncate({1, 2}, 3)});
    EXPECT_THAT(stream.take(), ElementsAre("schema t#1", "begin 700 @1000", "t t#1 [0] cascade restart",
                                           "schema s#1", "t s#1 [1] cascade restart", "commit 2 @1008"));
}

TEST(StreamDecoder, ATransactionalMessageStandsInItsTransaction) {
    Stream stream;
    stream.transaction(700, 1000, {wire::logical_message(true, 990, "audit", "by x")});
    EXPECT_THAT(stream.take(), ElementsAre("begin 700 @1000", "m audit:by x @990", "commit 1 @1008"));
}

TEST(StreamDecoder, AMessageOfItsOwnStandsOutsideOfTransactions) {
    Stream stream;
    stream.must(wire::logical_message(false, 990, "note", "now"));
    Block block = stream.take_block();
    EXPECT_THAT(stream.read(block), ElementsAre("m alone note:now @990"));
    EXPECT_TRUE(has(block, BlockFlag::unit_end));
    // The end of its record. The next one begins there, and the server leaves out what begins before the
    // position.
    EXPECT_EQ(position_of(block), Lsn(990));
    stream.transaction(700, 990, {wire::logical_message(true, 980, "", "")});
    EXPECT_THAT(stream.take(), ElementsAre("begin 700 @990", "m : @980", "commit 1 @998"));
}

TEST(StreamDecoder, AMessageThatIsSentAgainIsNotRepeated) {
    for (uint64_t lsn : {990, 5000}) {
        Stream stream;
        stream.decoder.reached(Lsn(5000));
        stream.must(wire::logical_message(false, lsn, "", ""));
        EXPECT_FALSE(stream.decoder.has_changes());
        EXPECT_EQ(stream.decoder.position(), Lsn(5000));
    }
}

TEST(StreamDecoder, ThePositionNeverGoesBack) {
    Stream stream;
    stream.decoder.reached(Lsn(5000));
    stream.must(wire::begin(6000, 700));
    Status status = stream.feed(wire::commit(6000, 4000));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::PG_PROTOCOL);
}

// A transaction that is prepared makes the stream begin before the position.
TEST(StreamDecoder, ATransactionThatIsSentAgainIsNotRepeated) {
    ResumeState resume;
    resume.lsn = Lsn(1008);
    Stream stream(large_block, resume);
    stream.announce(1, "t");
    stream.transaction(
        700, 1000,
        {wire::insert(1, row(1, "", "")), wire::truncate({1}), wire::logical_message(true, 990, "", "")});
    EXPECT_FALSE(stream.decoder.has_changes());
    EXPECT_EQ(stream.decoder.position(), Lsn(1008));
    stream.transaction(701, 1008, {wire::insert(1, row(2, "", ""))});
    EXPECT_THAT(stream.take(),
                ElementsAre("schema t#1", "begin 701 @1008", "c t#1 [0] new(2, , )", "commit 1 @1016"));
}

TEST(StreamDecoder, TypesAndOriginsAreReadAndLeaveNothing) {
    Stream stream;
    stream.must(wire::type(16400, "public", "mood"));
    stream.must(wire::begin(1000, 700));
    stream.must(wire::origin(900, "node_a"));
    stream.must(wire::commit(1000, 1008));
    EXPECT_FALSE(stream.decoder.has_changes());
    EXPECT_FALSE(stream.feed(wire::type(1, "a", "b") + "x"));
    EXPECT_FALSE(stream.feed(wire::origin(1, "a") + "x"));
}

// ---- units and positions ----

TEST(StreamDecoder, WholeTransactionsMakeOneUnit) {
    Stream stream;
    stream.announce(1, "t");
    stream.transaction(700, 1000, {wire::insert(1, row(1, "", ""))});
    stream.transaction(701, 1100, {wire::insert(1, row(2, "", ""))});
    Block block = stream.take_block();
    EXPECT_TRUE(has(block, BlockFlag::unit_begin));
    EXPECT_TRUE(has(block, BlockFlag::unit_end));
    EXPECT_EQ(position_of(block), Lsn(1108));
    EXPECT_EQ(block.header().change_count, 2u);
}

TEST(StreamDecoder, ALargeTransactionIsOneUnitOfSeveralBlocks) {
    Stream stream(600);
    stream.announce(1, "t");
    stream.must(wire::begin(1000, 700));
    std::vector<Block> blocks;
    int rows = 0;
    while (blocks.size() < 3) {
        stream.must(wire::insert(1, row(rows++, std::string(50, 'x'), "")));
        if (stream.decoder.block_is_full()) blocks.push_back(stream.take_block());
    }
    stream.must(wire::insert(1, row(rows++, "", "")));
    stream.must(wire::commit(1000, 1008));
    blocks.push_back(stream.take_block());

    int read = 0;
    for (size_t i = 0; i < blocks.size(); ++i) {
        EXPECT_EQ(has(blocks[i], BlockFlag::unit_begin), i == 0);
        EXPECT_EQ(has(blocks[i], BlockFlag::unit_end), i == 3);
        EXPECT_EQ(blocks[i].position().empty(), i < 3);
        Lines lines = stream.read(blocks[i]);
        if (i == 0) lines.erase(lines.begin());  // the schema
        ASSERT_FALSE(lines.empty());
        EXPECT_EQ(lines.front(), i == 0 ? "begin 700 @1000" : "begin 700 @1000 continued");
        EXPECT_EQ(lines.back() == fmt::format("commit {} @1008", rows), i == 3);
        for (const std::string& line : lines) {
            if (!line.starts_with("c ")) continue;
            EXPECT_THAT(line, HasSubstr(fmt::format("[{}] new({},", read, read)));
            ++read;
        }
    }
    EXPECT_EQ(read, rows);
    EXPECT_EQ(position_of(blocks.back()), Lsn(1008));
}

// A block that fills with the last row of its transaction: the end comes in a block of its own, at once.
TEST(StreamDecoder, ATransactionThatEndsWithAFullBlockIsEndedInTheNext) {
    Stream stream(1);
    stream.announce(1, "t");
    stream.must(wire::begin(1000, 700));
    stream.must(wire::insert(1, row(1, "", "")));
    ASSERT_TRUE(stream.decoder.block_is_full());
    EXPECT_FALSE(has(stream.take_block(), BlockFlag::unit_end));
    stream.must(wire::commit(1000, 1008));
    ASSERT_TRUE(stream.decoder.has_changes());
    Block block = stream.take_block();
    EXPECT_FALSE(has(block, BlockFlag::unit_begin));
    EXPECT_TRUE(has(block, BlockFlag::unit_end));
    EXPECT_THAT(stream.read(block), ElementsAre("begin 700 @1000 continued", "commit 1 @1008"));
}

TEST(StreamDecoder, AfterALargeTransactionTheNextUnitBeginsAnew) {
    Stream stream(1);
    stream.announce(1, "t");
    stream.must(wire::begin(1000, 700));
    stream.must(wire::insert(1, row(1, "", "")));
    (void)stream.take();
    stream.must(wire::commit(1000, 1008));
    (void)stream.take();
    stream.transaction(701, 1100, {wire::insert(1, row(2, "", ""))});
    Block block = stream.take_block();
    EXPECT_TRUE(has(block, BlockFlag::unit_begin) && has(block, BlockFlag::unit_end));
    EXPECT_THAT(stream.read(block), ElementsAre("begin 701 @1100", "c t#1 [0] new(2, , )", "commit 1 @1108"));
}

TEST(StreamDecoder, ATransactionKnowsWhereTheOneBeforeItEnded) {
    Stream stream;
    stream.announce(1, "t");
    stream.transaction(700, 1000, {wire::insert(1, row(1, "", ""))});
    stream.transaction(701, 1100, {});
    stream.transaction(702, 1200, {wire::insert(1, row(2, "", ""))});
    Block block = stream.take_block();
    SchemaSet schemas;
    BlockReader reader(block, schemas);
    std::vector<uint64_t> ends;
    for (auto item = reader.next(); item && *item != BlockReader::Item::end_of_block; item = reader.next())
        if (*item == BlockReader::Item::begin) ends.push_back(reader.transaction().previous_end.value);
    EXPECT_THAT(ends, ElementsAre(0, 1108));
}

TEST(StreamDecoder, AnEmptyTransactionOnlyMovesThePosition) {
    Stream stream;
    EXPECT_FALSE(stream.decoder.position_moved());
    stream.transaction(700, 1000, {});
    EXPECT_FALSE(stream.decoder.has_changes());
    EXPECT_TRUE(stream.decoder.position_moved());
    Block block = stream.take_block();
    EXPECT_TRUE(has(block, BlockFlag::unit_begin) && has(block, BlockFlag::unit_end));
    EXPECT_EQ(block.header().change_count, 0u);
    EXPECT_EQ(position_of(block), Lsn(1008));
    EXPECT_FALSE(stream.decoder.position_moved());
}

TEST(StreamDecoder, AKeepaliveMovesThePositionBetweenTransactions) {
    Stream stream;
    stream.decoder.reached(Lsn(2000));
    EXPECT_TRUE(stream.decoder.position_moved());
    EXPECT_EQ(stream.decoder.position(), Lsn(2000));
    stream.decoder.reached(Lsn(1500));
    EXPECT_EQ(stream.decoder.position(), Lsn(2000));
}

TEST(StreamDecoder, AKeepaliveInsideOfATransactionDoesNot) {
    Stream stream;
    stream.must(wire::begin(1000, 700));
    stream.decoder.reached(Lsn(2000));
    EXPECT_FALSE(stream.decoder.position_moved());
    stream.must(wire::commit(1000, 1008));
    EXPECT_EQ(stream.decoder.position(), Lsn(1008));
}

TEST(StreamDecoder, ThePositionKeepsWhatElseTheLogKnows) {
    ResumeState resume;
    resume.phase = ResumeState::Phase::streaming;
    resume.system_id = 42;
    resume.timeline = 3;
    resume.slot = "leat_shop";
    Stream stream(large_block, resume);
    stream.transaction(700, 1000, {});
    resume.lsn = resume.committed = Lsn(1008);
    auto state = ResumeState::decode(stream.take_block().position());
    ASSERT_TRUE(state);
    EXPECT_EQ(*state, resume);
}

// ---- what a snapshot shows already ----

// Table 1 was read under a snapshot that shows all below 710 but 705, when the WAL ended at 2000.
ResumeState beside_snapshot() {
    ResumeState resume;
    resume.phase = ResumeState::Phase::streaming;
    resume.lsn = Lsn(500);
    resume.snapshots = {{700, 710, {705}, Lsn(2000)}};
    resume.tables = {{1, 0}};
    return resume;
}

TEST(StreamDecoder, ChangesThatTheSnapshotShowsAreLeftOut) {
    Stream stream(large_block, beside_snapshot());
    stream.announce(1, "t");
    stream.announce(2, "s");
    stream.transaction(
        704, 1000,
        {wire::insert(1, row(1, "", "")), wire::insert(2, row(2, "", "")), wire::truncate({1, 2})});
    stream.transaction(705, 1100, {wire::insert(1, row(3, "", ""))});
    stream.transaction(709, 1200, {wire::insert(1, row(4, "", ""))});
    stream.transaction(710, 1300, {wire::insert(1, row(5, "", ""))});
    EXPECT_THAT(stream.take(),
                ElementsAre("schema s#1", "begin 704 @1000", "c s#1 [0] new(2, , )", "t s#1 [1]",
                            "commit 2 @1008", "schema t#1", "begin 705 @1100", "c t#1 [0] new(3, , )",
                            "commit 1 @1108", "begin 710 @1300", "c t#1 [0] new(5, , )", "commit 1 @1308"));
}

TEST(StreamDecoder, ThePositionKeepsTheSnapshotUntilTheStreamIsPastIt) {
    Stream stream(large_block, beside_snapshot());
    stream.transaction(704, 1000, {});
    auto before = ResumeState::decode(stream.take_block().position());
    ASSERT_TRUE(before);
    EXPECT_EQ(before->tables.size(), 1u);
    stream.transaction(720, 2000, {});
    auto after = ResumeState::decode(stream.take_block().position());
    ASSERT_TRUE(after);
    EXPECT_TRUE(after->tables.empty());
    EXPECT_TRUE(after->snapshots.empty());
}

TEST(StreamDecoder, PastTheSnapshotNothingIsLeftOut) {
    for (bool by_keepalive : {false, true}) {
        Stream stream(large_block, beside_snapshot());
        stream.announce(1, "t");
        if (by_keepalive)
            stream.decoder.reached(Lsn(2000));
        else
            stream.transaction(704, 1992, {wire::insert(1, row(1, "", ""))});
        // An id that the snapshot would show: 2^31 transactions later ids mean others.
        stream.transaction(703, 2100, {wire::insert(1, row(2, "", ""))});
        EXPECT_THAT(stream.take(),
                    ElementsAre("schema t#1", "begin 703 @2100", "c t#1 [0] new(2, , )", "commit 1 @2108"));
    }
}

TEST(StreamDecoder, TwoTablesMayHaveTwoSnapshots) {
    ResumeState resume = beside_snapshot();
    resume.snapshots.push_back({720, 730, {}, Lsn(3000)});
    resume.tables.push_back({2, 1});
    Stream stream(large_block, resume);
    stream.announce(1, "t");
    stream.announce(2, "s");
    stream.transaction(725, 1000, {wire::insert(1, row(1, "", "")), wire::insert(2, row(2, "", ""))});
    stream.transaction(726, 2000, {});  // past the first snapshot, not the second
    stream.transaction(727, 2100, {wire::insert(1, row(3, "", "")), wire::insert(2, row(4, "", ""))});
    EXPECT_THAT(stream.take(),
                ElementsAre("schema t#1", "begin 725 @1000", "c t#1 [0] new(1, , )", "commit 1 @1008",
                            "begin 727 @2100", "c t#1 [0] new(3, , )", "commit 1 @2108"));
}

struct Observer : ChangeObserver {
    Lines seen;
    bool watches(uint32_t relation) const override { return relation == 2; }
    void row(Op op, uint32_t xid, const TableSchema& schema, const RowMessage& row) override {
        seen.push_back(fmt::format("{}{} {} {}", static_cast<char>(op), xid, schema.name,
                                   row.has_new ? row.new_tuple[0].text : row.old_tuple[0].text));
    }
    void truncate(uint32_t xid, const TableSchema& schema) override {
        seen.push_back(fmt::format("{} truncate {}", xid, schema.name));
    }
    void committed(uint32_t xid, Lsn end) override {
        seen.push_back(fmt::format("{} committed {}", xid, end.value));
    }
};

TEST(StreamDecoder, AnObserverSeesTheTablesItWatchesAndEveryCommit) {
    Stream stream;
    Observer observer;
    stream.decoder.set_observer(&observer);
    stream.announce(1, "a");
    stream.announce(2, "b");
    stream.transaction(700, 1000, {wire::insert(1, row(1, "x", "y")), wire::insert(2, row(2, "x", "y"))});
    stream.transaction(701, 2000, {wire::remove(2, 'K', key(2)), wire::truncate({1, 2}, 0)});
    EXPECT_THAT(observer.seen, ElementsAre("c700 b 2", "700 committed 1008", "d701 b 2", "701 truncate b",
                                           "701 committed 2008"));
}

TEST(StreamDecoder, ASchemaThatAnotherUnitBroughtIsNotRepeated) {
    Stream stream;
    stream.announce(1, "a");
    std::string announced =
        wire::relation(1, "public", "a", 'd', {{"id", int4, true}, {"a", text}, {"b", text}});
    auto schema = stream.versions_.assign(definition_of(*decode_relation(as_bytes(announced))));
    EXPECT_FALSE(stream.decoder.is_in_log(*schema));
    stream.decoder.set_in_log(*schema);
    EXPECT_TRUE(stream.decoder.is_in_log(*schema));
    stream.transaction(700, 1000, {wire::truncate({1}, 0)});
    auto lines = stream.read(stream.decoder.take());
    EXPECT_EQ(lines.front(), "begin 700 @1000");
}

TEST(StreamDecoder, ThePositionHasTheTablesThatAreUnfinished) {
    Stream stream;
    TableProgress progress;
    progress.table = 1;
    stream.decoder.set_unfinished({progress});
    stream.transaction(700, 1000, {});
    auto state = ResumeState::decode(stream.decoder.take().position());
    ASSERT_TRUE(state);
    EXPECT_EQ(state->unfinished, std::vector<TableProgress>{progress});
}

TEST(StreamDecoder, AMessageIsNeverLeftOut) {
    Stream stream(large_block, beside_snapshot());
    stream.transaction(704, 1000, {wire::logical_message(true, 990, "p", "c")});
    EXPECT_THAT(stream.take(), ElementsAre("begin 704 @1000", "m p:c @990", "commit 1 @1008"));
}

// ---- what no server sends ----

TEST(StreamDecoder, MessagesOutOfOrderAreErrors) {
    const std::vector<std::string> inside_only = {wire::commit(1, 2),
                                                  wire::insert(1, row(1, "", "")),
                                                  wire::update(1, 0, {}, row(1, "", "")),
                                                  wire::remove(1, 'K', key(1)),
                                                  wire::truncate({1}),
                                                  wire::logical_message(true, 1, "", "")};
    for (const std::string& message : inside_only) {
        Stream stream;
        stream.announce(1, "t");
        Status status = stream.feed(message);
        ASSERT_FALSE(status) << message[0];
        EXPECT_EQ(status.error().code, ErrorCode::PG_PROTOCOL);
        EXPECT_THAT(status.error().message, HasSubstr("outside of a transaction"));
    }
    for (const std::string& message : {wire::begin(2, 2), wire::logical_message(false, 1, "", "")}) {
        Stream stream;
        stream.must(wire::begin(1, 1));
        Status status = stream.feed(message);
        ASSERT_FALSE(status) << message[0];
        EXPECT_EQ(status.error().code, ErrorCode::PG_PROTOCOL);
        EXPECT_THAT(status.error().message, HasSubstr("inside of a transaction"));
    }
}

TEST(StreamDecoder, AnUnknownMessageIsNamedAndNeverSkipped) {
    Stream stream;
    Status status = stream.feed("S1234", 0x1600000010);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::PG_MESSAGE_MALFORMED);
    EXPECT_THAT(status.error().message, HasSubstr("0x53"));
    EXPECT_THAT(status.error().message, HasSubstr("16/10"));
    EXPECT_FALSE(stream.feed(""));
}

TEST(StreamDecoder, ADescriptionOfOtherWidthThanAnnouncedIsRefused) {
    TableDefinition definition;
    definition.id = SchemaId(1);
    auto schema = TableSchema::make(definition);
    StreamDecoder decoder({}, {}, [&](const RelationMessage&) { return schema; }, large_block);
    std::string message = wire::relation(1, "public", "t", 'd', {{"id", int4, true}});
    ASSERT_TRUE(decoder.decode({Lsn(1), Lsn(1), as_bytes(message)}));
    ASSERT_TRUE(decoder.begin({Lsn(1000), 0, 700}));
    std::string insert = wire::insert(1, {text_value("1")});
    EXPECT_FALSE(decoder.decode({Lsn(1), Lsn(1), as_bytes(insert)}));
}

// ---- transactions that were kept ----

TEST(StreamDecoder, ATableIsDescribedWithItsFirstRow) {
    Stream stream;
    stream.describe_error = Error{ErrorCode::INTERNAL, "nobody should ask", {}};
    stream.announce(1, "t");
    stream.transaction(700, 1000, {wire::relation(2, "public", "never_used", 'd', {{"id", int4, true}})});
    stream.describe_error.reset();
    stream.transaction(701, 1100, {wire::insert(1, row(1, "", ""))});
    EXPECT_EQ(stream.take().size(), 4u);
}

TEST(StreamDecoder, AKeptRelationCountsWithinItsTransactionAndAfterwardsUnlessALaterOneCame) {
    std::string narrow = wire::relation(1, "public", "t", 'd', {{"id", int4, true}});
    for (bool announced_meanwhile : {false, true}) {
        Stream stream;
        uint64_t number = stream.decoder.number_relation();  // kept from here on
        if (announced_meanwhile) stream.announce(1, "t");
        ASSERT_TRUE(stream.decoder.begin({Lsn(1000), 0, 700}, StreamDecoder::Order::kept));
        ASSERT_TRUE(stream.decoder.relation(as_bytes(narrow), number));
        stream.must(wire::insert(1, {text_value("1")}));
        ASSERT_TRUE(stream.decoder.commit({Lsn(1000), Lsn(1008), 0}));
        WireTuple next = announced_meanwhile ? row(2, "a", "b") : WireTuple{text_value("2")};
        stream.transaction(701, 1100, {wire::insert(1, next)});
        std::string last = announced_meanwhile ? "c t#2 [0] new(2, a, b)" : "c t#1 [0] new(2)";
        EXPECT_THAT(stream.take(),
                    testing::AllOf(testing::Contains("c t#1 [0] new(1)"), testing::Contains(last)));
    }
}

}  // namespace
}  // namespace leat::pg
