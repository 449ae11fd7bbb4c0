#include "source/postgres/stream/transaction_assembler.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "model/block_reader.h"
#include "source/postgres/stream/test_support.h"
#include "source/postgres/wire/pgoutput_test_support.h"
#include "source/schema_versions.h"

namespace leat::pg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Lines = std::vector<std::string>;

constexpr uint32_t int4 = 23, text = 25;

// The stream of one server: messages in, lines of what a reader of the log sees out.
class Stream {
  public:
    explicit Stream(ResumeState resume = {}, size_t block_bytes = 1 << 20, size_t memory_bytes = 1 << 20)
        : decoder(
              std::move(resume), {}, [this](const RelationMessage& message) { return describe(message); },
              block_bytes),
          spill_(std::make_shared<SpillSpace>("/tmp", 1 << 30), memory_bytes),
          assembler(decoder, spill_) {}

    Status feed(const std::string& message, uint64_t at = 2000) {
        LEAT_TRY(assembler.take({Lsn(at), Lsn(at), as_bytes(message)}));
        while (assembler.replaying()) {
            LEAT_TRY(assembler.replay());
            if (decoder.block_is_full()) read();
        }
        return {};
    }
    void must(const std::string& message, uint64_t at = 2000) {
        Status status = feed(message, at);
        ASSERT_TRUE(status) << message[0] << ": " << status.error().to_string();
    }
    // One segment of a transaction in progress.
    void segment(uint32_t xid, bool first, const std::vector<std::string>& messages) {
        must(wire::stream_start(xid, first));
        for (const std::string& message : messages) must(message);
        must(wire::stream_stop());
    }

    // What has come since the last time.
    Lines take() {
        read();
        return std::exchange(lines_, {});
    }
    ResumeState position() {
        auto state = ResumeState::decode(decoder.take().position());
        EXPECT_TRUE(state);
        return state.value_or(ResumeState());
    }

    int described = 0;
    StreamDecoder decoder;

  private:
    Result<std::shared_ptr<const TableSchema>> describe(const RelationMessage& message) {
        ++described;
        return versions_.assign(definition_of(message));
    }

    void read() {
        Block block = decoder.take();
        block.seal(next_, UnitId(1));
        next_ = Seq(block.header().end_seq());
        bool begins = block.header().has(BlockFlag::unit_begin);
        ASSERT_EQ(begins, !in_unit_);
        in_unit_ = !block.header().has(BlockFlag::unit_end);
        BlockReader reader(block, schemas_);
        while (true) {
            auto item = reader.next();
            ASSERT_TRUE(item) << item.error().to_string();
            const Transaction& transaction = reader.transaction();
            if (*item == BlockReader::Item::end_of_block) return;
            if (*item == BlockReader::Item::begin && !reader.continued())
                lines_.push_back(fmt::format("begin {} @{}", transaction.id.value, transaction.commit.value));
            if (*item == BlockReader::Item::commit)
                lines_.push_back(fmt::format("commit {} @{}", reader.transaction_changes(),
                                             reader.transaction_end().value));
            if (*item == BlockReader::Item::change) lines_.push_back(show(reader.change()));
        }
    }

    static std::string show(const Change& change) {
        if (change.op == Op::message) return "m " + std::string(as_text(change.message_content));
        std::string line = fmt::format("{} {}", static_cast<char>(change.op), change.schema->name);
        const TupleView& tuple = change.has_after ? change.after : change.before;
        if (change.has_after || change.has_before)
            for (size_t i = 0; i < tuple.schema().column_count(); ++i)
                if (tuple.state(i) == ValueState::value)
                    line += tuple.schema().columns[i].type.kind == Kind::int32
                                ? fmt::format(" {}", tuple.fixed<int32_t>(i))
                                : fmt::format(" '{}'", tuple.text(i));
        return line;
    }

    SchemaVersions versions_{std::vector<std::shared_ptr<const TableSchema>>{}};
    SchemaSet schemas_;
    Spill spill_;
    Seq next_{1};
    bool in_unit_ = false;
    Lines lines_;

  public:
    TransactionAssembler assembler;
};

std::string table(uint32_t oid = 1, bool wide = false) {
    std::vector<WireColumn> columns = {{"id", int4, true}};
    if (wide) columns.push_back({"note", text});
    return wire::relation(oid, "public", fmt::format("t{}", oid), 'd', columns);
}
std::string insert(int id, uint32_t oid = 1) { return wire::insert(oid, {text_value(std::to_string(id))}); }
std::string wide(int id, std::string note) {
    return wire::insert(1, {text_value(std::to_string(id)), text_value(std::move(note))});
}
std::string in(uint32_t xid, const std::string& message) { return wire::streamed(xid, message); }

// ---- transactions in progress ----

TEST(TransactionAssembler, AStreamedTransactionAppearsAtItsCommitAndWhole) {
    Stream stream;
    stream.segment(700, true, {in(700, table()), in(700, insert(1)), in(700, insert(2))});
    stream.segment(
        700, false,
        {in(700, insert(3)), in(700, wire::truncate({1})), in(700, wire::remove(1, 'K', {text_value("3")}))});
    EXPECT_FALSE(stream.decoder.has_changes());
    stream.must(wire::stream_commit(700, 1000, 1008));
    EXPECT_THAT(stream.take(), ElementsAre("begin 700 @1000", "c t1 1", "c t1 2", "c t1 3", "t t1", "d t1 3",
                                           "commit 5 @1008"));
    EXPECT_EQ(stream.decoder.position(), Lsn(1008));
}

TEST(TransactionAssembler, AnAbortedOneLeavesNothing) {
    Stream stream;
    stream.segment(700, true, {in(700, table()), in(700, insert(1))});
    stream.must(wire::stream_abort(700, 700));
    EXPECT_FALSE(stream.decoder.has_changes());
    EXPECT_FALSE(stream.feed(wire::stream_commit(700, 1000, 1008)));
    EXPECT_EQ(stream.described, 0);
}

TEST(TransactionAssembler, AnAbortOfATransactionOfWhichNothingWasSentIsNothing) {
    Stream stream;
    stream.must(wire::stream_abort(700, 700));
    stream.must(wire::stream_abort(701, 702));
    EXPECT_FALSE(stream.decoder.has_changes());
    EXPECT_FALSE(stream.feed(wire::stream_commit(700, 1000, 1008)));
}

TEST(TransactionAssembler, SubtransactionsThatWereRolledBackAreLeftOut) {
    for (bool parallel : {false, true}) {
        Stream stream;
        stream.segment(700, true,
                       {in(700, table()), in(700, insert(1)), in(701, insert(2)), in(702, insert(3))});
        stream.must(wire::stream_abort(700, 702, parallel));
        stream.must(wire::stream_abort(700, 701, parallel));
        stream.segment(700, false, {in(703, insert(4)), in(700, insert(5))});
        stream.must(wire::stream_commit(700, 1000, 1008));
        EXPECT_THAT(stream.take(),
                    ElementsAre("begin 700 @1000", "c t1 1", "c t1 4", "c t1 5", "commit 3 @1008"));
    }
}

TEST(TransactionAssembler, SeveralAtATimeComeInTheOrderOfTheirCommits) {
    Stream stream;
    stream.segment(700, true, {in(700, table()), in(700, insert(1))});
    stream.segment(800, true, {in(800, table()), in(800, insert(2))});
    stream.must(wire::begin(900, 650));
    stream.must(table());
    stream.must(insert(3));
    stream.must(wire::commit(900, 908));
    stream.segment(700, false, {in(700, insert(4))});
    stream.must(wire::stream_commit(800, 1000, 1008));
    stream.must(wire::stream_commit(700, 1100, 1108));
    EXPECT_THAT(stream.take(),
                ElementsAre("begin 650 @900", "c t1 3", "commit 1 @908", "begin 800 @1000", "c t1 2",
                            "commit 1 @1008", "begin 700 @1100", "c t1 1", "c t1 4", "commit 2 @1108"));
}

TEST(TransactionAssembler, ALargeOneComesBlockByBlockAsOneUnit) {
    Stream stream({}, 4096, 0);  // everything goes to disk
    std::vector<std::string> messages = {in(700, table(1, true))};
    Lines expected = {"begin 700 @1000"};
    for (int i = 0; i < 5000; ++i) {
        messages.push_back(in(700, wide(i, "note")));
        expected.push_back(fmt::format("c t1 {} 'note'", i));
    }
    expected.push_back("commit 5000 @1008");
    stream.segment(700, true, messages);
    stream.must(wire::stream_commit(700, 1000, 1008));
    EXPECT_EQ(stream.take(), expected);
}

TEST(TransactionAssembler, ReplayPausesWithTheBlock) {
    Stream stream({}, 4096);
    std::vector<std::string> messages = {in(700, table(1, true))};
    for (int i = 0; i < 500; ++i) messages.push_back(in(700, wide(i, std::string(100, 'x'))));
    stream.segment(700, true, messages);
    std::string commit = wire::stream_commit(700, 1000, 1008);
    ASSERT_TRUE(stream.assembler.take({Lsn(1), Lsn(1), as_bytes(commit)}));
    int blocks = 0;
    while (stream.assembler.replaying()) {
        ASSERT_TRUE(stream.assembler.replay());
        EXPECT_TRUE(stream.decoder.block_is_full() || !stream.assembler.replaying());
        Block block = stream.decoder.take();
        EXPECT_LT(block.size(), 8192u);
        EXPECT_EQ(block.header().has(BlockFlag::unit_begin), blocks == 0);
        EXPECT_EQ(block.header().has(BlockFlag::unit_end), !stream.assembler.replaying());
        ++blocks;
    }
    EXPECT_GT(blocks, 5);
}

TEST(TransactionAssembler, DdlOfARolledBackSubtransactionNeverCounts) {
    Stream stream;
    stream.segment(700, true,
                   {in(700, table()), in(700, insert(1)), in(701, table(1, true)), in(701, wide(2, "x"))});
    stream.must(wire::stream_abort(700, 701));
    stream.segment(700, false, {in(700, insert(3))});
    stream.must(wire::stream_commit(700, 1000, 1008));
    stream.must(wire::begin(1100, 702));
    stream.must(insert(4));
    stream.must(wire::commit(1100, 1108));
    EXPECT_THAT(stream.take(), ElementsAre("begin 700 @1000", "c t1 1", "c t1 3", "commit 2 @1008",
                                           "begin 702 @1100", "c t1 4", "commit 1 @1108"));
    EXPECT_EQ(stream.described, 1);
}

TEST(TransactionAssembler, DdlWithinATransactionTakesEffectInOrder) {
    Stream stream;
    stream.segment(700, true,
                   {in(700, table()), in(700, insert(1)), in(700, table(1, true)), in(700, wide(2, "x"))});
    stream.must(wire::stream_commit(700, 1000, 1008));
    EXPECT_THAT(stream.take(), ElementsAre("begin 700 @1000", "c t1 1", "c t1 2 'x'", "commit 2 @1008"));
}

TEST(TransactionAssembler, MessagesTypesAndOriginsAreTakenInside) {
    Stream stream;
    stream.segment(700, true,
                   {wire::origin(5, "node"), in(700, wire::logical_message(true, 990, "p", "one")),
                    in(700, wire::type(16400, "public", "mood"))});
    stream.must(wire::stream_commit(700, 1000, 1008));
    EXPECT_THAT(stream.take(), ElementsAre("begin 700 @1000", "m one", "commit 1 @1008"));
}

// The server names the top-level transaction, so nobody can say whether the message was rolled back.
TEST(TransactionAssembler, AMessageThatMayHaveBeenRolledBackIsNotGuessed) {
    Stream stream;
    stream.segment(
        700, true,
        {in(700, wire::logical_message(true, 990, "p", "one")), in(700, table()), in(701, insert(1))});
    Status status = stream.feed(wire::stream_abort(700, 701));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::PG_STREAMED_MESSAGE);
}

TEST(TransactionAssembler, ASnapshotThatShowsTheTransactionHidesItByItsTopLevelId) {
    ResumeState resume;
    resume.snapshots = {{701, 702, {}, Lsn(5000)}};  // shows what is below 702
    resume.tables = {{1, 0}};
    Stream stream(resume);
    stream.segment(700, true, {in(700, table()), in(710, insert(1))});
    stream.segment(705, true, {in(705, table()), in(705, insert(2))});
    stream.must(wire::stream_commit(700, 1000, 1008));
    stream.must(wire::stream_commit(705, 1100, 1108));
    EXPECT_THAT(stream.take(), ElementsAre("begin 705 @1100", "c t1 2", "commit 1 @1108"));
}

TEST(TransactionAssembler, KeepalivesMoveThePositionOverOpenTransactions) {
    Stream stream;
    stream.segment(700, true, {in(700, table()), in(700, insert(1))});
    stream.assembler.reached(Lsn(900));
    EXPECT_EQ(stream.position().start(), Lsn(900));
    stream.must(wire::stream_commit(700, 1000, 1008));
    EXPECT_THAT(stream.take(), ElementsAre("begin 700 @1000", "c t1 1", "commit 1 @1008"));
}

// ---- two-phase commit ----

TEST(TransactionAssembler, APreparedTransactionAppearsAtItsCommit) {
    Stream stream;
    stream.must(wire::prepare('b', 500, 700, "g"));
    stream.must(table());
    stream.must(insert(1));
    stream.must(wire::logical_message(true, 490, "p", "one"));
    stream.must(wire::prepare('P', 500, 700, "g"));
    EXPECT_FALSE(stream.decoder.has_changes());
    stream.must(wire::begin(600, 701));
    stream.must(insert(2));  // the server does not announce the table again
    stream.must(wire::commit(600, 608));
    stream.must(wire::commit_prepared(1000, 1008, 700, "g", 77));
    EXPECT_THAT(stream.take(), ElementsAre("begin 701 @600", "c t1 2", "commit 1 @608", "begin 700 @1000",
                                           "c t1 1", "m one", "commit 2 @1008"));
}

TEST(TransactionAssembler, ItsRowsKeepTheRelationOfTheirTime) {
    Stream stream;
    stream.must(table());
    stream.must(wire::prepare('b', 500, 700, "g"));
    stream.must(insert(1));
    stream.must(wire::prepare('P', 500, 700, "g"));
    stream.must(table(1, true));  // another column is published meanwhile
    stream.must(wire::commit_prepared(1000, 1008, 700, "g"));
    stream.must(wire::begin(1100, 701));
    stream.must(wide(2, "x"));
    stream.must(wire::commit(1100, 1108));
    EXPECT_THAT(stream.take(), ElementsAre("begin 700 @1000", "c t1 1", "commit 1 @1008", "begin 701 @1100",
                                           "c t1 2 'x'", "commit 1 @1108"));
}

TEST(TransactionAssembler, PreparedTransactionsDescribeNoTableAgain) {
    Stream stream;
    stream.must(table());
    for (uint32_t xid = 700; xid < 705; ++xid) {
        stream.must(wire::prepare('b', xid, xid, "g"));
        stream.must(insert(1));
        stream.must(wire::prepare('P', xid, xid, "g"));
        stream.must(wire::commit_prepared(1000 + xid, 1001 + xid, xid, "g"));
    }
    EXPECT_EQ(stream.described, 1);
}

TEST(TransactionAssembler, AStreamedTransactionMayBePrepared) {
    Stream stream;
    stream.segment(700, true, {in(700, table()), in(700, insert(1)), in(701, insert(2))});
    stream.must(wire::stream_abort(700, 701));
    stream.must(wire::prepare('p', 500, 700, "g"));
    EXPECT_FALSE(stream.decoder.has_changes());
    EXPECT_FALSE(stream.feed(wire::stream_start(700, false)));
    Stream again;
    again.segment(700, true, {in(700, table()), in(700, insert(1))});
    again.must(wire::prepare('p', 500, 700, "g"));
    again.must(wire::commit_prepared(1000, 1008, 700, "g"));
    EXPECT_THAT(again.take(), ElementsAre("begin 700 @1000", "c t1 1", "commit 1 @1008"));
}

TEST(TransactionAssembler, ARolledBackPreparedTransactionLeavesNothing) {
    Stream stream;
    stream.must(wire::prepare('b', 500, 700, "g"));
    stream.must(table());
    stream.must(insert(1));
    stream.must(wire::prepare('P', 500, 700, "g"));
    stream.must(wire::rollback_prepared(508, 1000, 700, "g"));
    stream.must(wire::rollback_prepared(400, 1100, 650, "unknown"));
    EXPECT_FALSE(stream.decoder.has_changes());
    stream.assembler.reached(Lsn(1200));
    EXPECT_EQ(stream.position().prepared, Lsn());
}

TEST(TransactionAssembler, ThePositionHoldsBackForTheOldestPreparedTransaction) {
    Stream stream;
    for (uint32_t xid : {700, 701}) {
        stream.must(wire::prepare('b', xid, xid, "g"));
        stream.must(wire::prepare('P', xid, xid, "g"));
    }
    stream.assembler.reached(Lsn(900));
    EXPECT_EQ(stream.position().start(), Lsn(700));
    EXPECT_EQ(stream.position().lsn, Lsn(900));
    stream.must(wire::commit_prepared(1000, 1008, 700, "g"));
    EXPECT_EQ(stream.position().start(), Lsn(701));
    stream.must(wire::rollback_prepared(709, 1100, 701, "g"));
    stream.assembler.reached(Lsn(1100));
    EXPECT_EQ(stream.position().start(), Lsn(1100));
}

// After a restart the stream begins at the oldest PREPARE: what was committed since is in the log.
TEST(TransactionAssembler, WhatTheLogHasIsNotRepeatedAfterARestart) {
    ResumeState resume;
    resume.lsn = Lsn(1008);
    resume.prepared = Lsn(500);
    Stream stream(resume);
    stream.must(table(), 400);
    EXPECT_EQ(stream.decoder.resume().prepared, Lsn(500)) << "nothing was sent again yet";
    for (uint32_t xid : {700, 701, 702}) {
        stream.must(wire::prepare('b', xid - 200, xid, "g"), xid - 200);
        stream.must(insert(static_cast<int>(xid)), xid - 200);
        stream.must(wire::prepare('P', xid - 200, xid, "g"), xid - 200);
    }
    stream.must(wire::begin(600, 650), 590);
    stream.must(insert(1), 590);
    stream.must(wire::commit(600, 608), 608);
    stream.must(wire::commit_prepared(900, 908, 700, "g"), 908);
    stream.segment(800, true, {in(800, table()), in(800, insert(2))});
    EXPECT_FALSE(stream.decoder.has_changes());
    EXPECT_EQ(stream.position().start(), Lsn(501));
    stream.must(wire::commit_prepared(1050, 1058, 701, "g"), 1058);
    stream.must(wire::stream_commit(800, 1100, 1108), 1108);
    EXPECT_THAT(stream.take(), ElementsAre("begin 701 @1050", "c t1 701", "commit 1 @1058", "begin 800 @1100",
                                           "c t1 2", "commit 1 @1108"));
}

TEST(TransactionAssembler, APreparedTransactionOfWhichNothingWasSentIsALoss) {
    Stream stream;
    Status status = stream.feed(wire::commit_prepared(1000, 1008, 700, "g"));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::PG_PREPARED_LOST);
    ResumeState resume;
    resume.lsn = Lsn(2000);
    Stream later(resume);
    later.must(wire::commit_prepared(1000, 1008, 700, "g"));
}

// ---- what cannot be ----

TEST(TransactionAssembler, MessagesOutOfOrderAreErrors) {
    using Messages = std::vector<std::string>;
    const std::string start = wire::stream_start(700, true), stop = wire::stream_stop();
    const std::string prepared = wire::prepare('b', 1, 700, "g");
    for (const Messages& messages : {
             Messages{stop},
             Messages{start, start},
             Messages{start, stop, start},
             Messages{wire::stream_start(700, false)},
             Messages{start, wire::stream_commit(700, 1, 2)},
             Messages{start, wire::stream_abort(700, 700)},
             Messages{start, wire::begin(1, 1)},
             Messages{start, wire::commit(1, 2)},
             Messages{start, prepared},
             Messages{start, wire::prepare('p', 1, 700, "g")},
             Messages{start, wire::commit_prepared(1, 2, 700, "g")},
             Messages{start, wire::rollback_prepared(1, 2, 700, "g")},
             Messages{wire::begin(1, 1), start},
             Messages{wire::begin(1, 1), prepared},
             Messages{wire::begin(1, 1), wire::commit_prepared(1, 2, 700, "g")},
             Messages{wire::stream_commit(700, 1, 2)},
             Messages{wire::prepare('P', 1, 700, "g")},
             Messages{wire::prepare('p', 1, 700, "g")},
             Messages{prepared, prepared},
             Messages{prepared, stop},
             Messages{prepared, wire::prepare('P', 1, 701, "g")},
             Messages{prepared, wire::prepare('P', 1, 700, "g"), wire::stream_commit(700, 1, 2)},
             Messages{prepared, wire::prepare('P', 1, 700, "g"), wire::stream_abort(700, 700)},
             Messages{prepared, wire::prepare('P', 1, 700, "g"), wire::prepare('p', 1, 700, "g")},
             Messages{prepared, wire::prepare('P', 1, 700, "g"), prepared},
         }) {
        Stream stream;
        for (size_t i = 0; i + 1 < messages.size(); ++i) stream.must(messages[i]);
        Status status = stream.feed(messages.back());
        ASSERT_FALSE(status) << messages.size() << " messages to " << messages.back()[0];
        EXPECT_EQ(status.error().code, ErrorCode::PG_PROTOCOL) << messages.back()[0];
    }
}

TEST(TransactionAssembler, UnknownAndCutMessagesAreErrors) {
    for (const std::string& message :
         {std::string("X1234"), std::string("I"), std::string("R\0\0", 3), std::string()}) {
        Stream stream;
        stream.must(wire::stream_start(700, true));
        Status status = stream.feed(message);
        ASSERT_FALSE(status);
        EXPECT_EQ(status.error().code, ErrorCode::PG_MESSAGE_MALFORMED);
        Stream prepared;
        prepared.must(wire::prepare('b', 1, 700, "g"));
        if (message == "I") continue;  // told at the commit
        EXPECT_FALSE(prepared.feed(message));
    }
}

TEST(TransactionAssembler, WhatCannotBeSpilledIsSaid) {
    Stream stream({}, 1 << 20, 0);
    stream.must(wire::stream_start(700, true));
    auto nowhere = std::make_shared<SpillSpace>("/nowhere", 1 << 20);
    Spill spill(nowhere, 0);
    TransactionAssembler assembler(stream.decoder, spill);
    std::string start = wire::stream_start(700, true), message = in(700, table());
    ASSERT_TRUE(assembler.take({Lsn(1), Lsn(1), as_bytes(start)}));
    Status status = assembler.take({Lsn(1), Lsn(1), as_bytes(message)});
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::SPILL_FAILED);
}

TEST(XidSet, HoldsWhatWasPutIn) {
    XidSet set;
    EXPECT_FALSE(set.contains(0));
    for (uint32_t xid : {0U, 1U, 63U, 64U, 511U, 512U, 4'294'967'295U}) set.insert(xid);
    for (uint32_t xid : {0U, 1U, 63U, 64U, 511U, 512U, 4'294'967'295U}) EXPECT_TRUE(set.contains(xid)) << xid;
    for (uint32_t xid : {2U, 62U, 65U, 510U, 513U, 4'294'967'294U}) EXPECT_FALSE(set.contains(xid)) << xid;
    size_t bytes = set.bytes();
    for (uint32_t xid = 0; xid < 1024; ++xid) set.insert(xid);
    EXPECT_EQ(set.bytes(), bytes);
}

}  // namespace
}  // namespace leat::pg
