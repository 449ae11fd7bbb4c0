// The engine with a database that is a map of rows, and a stream that is written by hand. Its threads are
// real: tests wait for what happens, never for time to pass.
#include "source/postgres/snapshot/incremental_snapshot.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/block_reader.h"
#include "source/postgres/wire/pgoutput_test_support.h"

namespace leat::pg {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using Lines = std::vector<std::string>;

constexpr uint32_t oid = 100, int4 = 23, text = 25;

TableProgress whole_table() {
    TableProgress progress;
    progress.table = oid;
    return progress;
}

// A table of numbers 1 to rows, and what the server's clocks say.
class Server {
  public:
    int rows = 10;
    bool known = true, has_key = true;
    std::string file = "1";

    // What the next chunks see.
    void at(uint64_t next_xid, uint64_t wal, std::vector<uint64_t> running = {}) {
        std::lock_guard lock(mutex_);
        seen_ = {running.empty() ? next_xid : running.front(), next_xid, running, Lsn(wal)};
    }
    // Readers stop before they take their snapshot, and after they have read.
    void hold(bool before, bool after) {
        std::lock_guard lock(mutex_);
        hold_before_ = before, hold_after_ = after;
        changed_.notify_all();
    }
    void wait_for_reads(size_t count) {
        std::unique_lock lock(mutex_);
        bool in_time = changed_.wait_for(lock, 60s, [&] { return reads_.size() >= count; });
        ASSERT_TRUE(in_time) << reads_.size() << " reads";
    }
    Lines reads() {
        std::lock_guard lock(mutex_);
        return reads_;
    }

    Result<KeyResult> read(const KeyTask& task, const KeyChunkReader::Progress& progress,
                           std::stop_token stop) {
        KeyResult result;
        {
            std::unique_lock lock(mutex_);
            reads_.push_back(task.keys.empty() ? fmt::format("{}-{}", first(task.range.after),
                                                             task.to_last_key ? "?" : first(task.range.to))
                                               : "rows");
            changed_.notify_all();
            changed_.wait(lock, stop, [&] { return !hold_before_; });
            result.chunk.seen = seen_;
        }
        if (task.version != file) {
            result.kind = KeyResult::Kind::altered;
            return result;
        }
        if (result.chunk.seen.xmin < task.xmin_least) {
            result.kind = KeyResult::Kind::too_early;
            return result;
        }
        progress.seen(result.chunk.seen);
        fill(task, progress, result.chunk);
        std::unique_lock lock(mutex_);
        changed_.wait(lock, stop, [&] { return !hold_after_; });
        return result;
    }

  private:
    static std::string first(const KeyText& key) { return key.empty() ? "" : key[0]; }

    void fill(const KeyTask& task, const KeyChunkReader::Progress& progress, KeyChunk& chunk) {
        std::vector<int> ids;
        int from = task.range.after.empty() ? 0 : std::stoi(task.range.after[0]);
        int to = task.range.to.empty() ? rows : std::stoi(task.range.to[0]);
        if (task.to_last_key)
            progress.last_key(rows ? std::optional(KeyText{std::to_string(rows)}) : std::nullopt);
        if (task.keys.empty() && to - from > static_cast<int>(task.rows_max)) {
            to = from + static_cast<int>(task.rows_max);
            progress.cut({std::to_string(to)});
        }
        for (auto& key : task.keys) ids.push_back(std::stoi(key[0]));
        for (int id = from + 1; task.keys.empty() && id <= to; ++id) ids.push_back(id);
        chunk.table = oid;
        chunk.schema = task.schema;
        if (ids.empty()) return;
        BlockBuilder builder;
        builder.begin_transaction({TransactionId(), chunk.seen.wal_end, 0, SourceOffset(), true}, 0);
        for (int id : ids) {
            builder.begin_row(Op::read, *task.schema, chunk.seen.wal_end, SnapshotPlace::incremental);
            builder.begin_after();
            builder.set_fixed<int32_t>(0, id);
            builder.set_text(1, "read");
            builder.end_tuple();
            builder.end_row();
            std::string key;
            append_key_value(std::to_string(id), key);
            chunk.keys.put_string(key);
        }
        builder.end_transaction(ids.size(), chunk.seen.wal_end);
        chunk.rows = ids.size();
        chunk.bytes = chunk.rows;
        chunk.blocks.push_back(builder.finish(BlockFlags{} | BlockFlag::snapshot));
    }

    std::mutex mutex_;
    std::condition_variable_any changed_;
    Visibility seen_{700, 700, {}, Lsn(1000)};
    bool hold_before_ = false, hold_after_ = false;
    Lines reads_;
};

struct Engine {
    Server server;
    Options options;
    SchemaVersions schemas{std::vector<std::shared_ptr<const TableSchema>>{}};
    uint64_t next_transaction = 650;
    StreamDecoder decoder{{}, {}, [this](const RelationMessage&) { return describe(); }, 1 << 20};
    std::unique_ptr<IncrementalSnapshot> engine;
    Lines log;  // what was appended: rows "r5", changes, and the ends of units
    SchemaSet seen_schemas;
    std::vector<TableProgress> progress;  // of the last position

    explicit Engine(uint64_t chunk_rows = 100, std::vector<TableProgress> tables = {whole_table()}) {
        options.name = "test";
        options.chunk_rows = chunk_rows;
        options.snapshot_readers = 1;
        IncrementalSnapshot::Database database;
        database.describe = [this](uint32_t) -> Result<std::optional<IncrementalSnapshot::Description>> {
            if (!server.known) return std::nullopt;
            return IncrementalSnapshot::Description{describe(), "public.t", false, server.file, 0};
        };
        database.next_transaction = [this]() -> Result<uint64_t> { return next_transaction; };
        engine = std::make_unique<IncrementalSnapshot>(
            options, std::move(database), std::move(tables), [this]() -> IncrementalSnapshot::ReadChunk {
                return [this](const KeyTask& task, const KeyChunkReader::Progress& told,
                              std::stop_token stop) { return server.read(task, told, stop); };
            });
        decoder.set_observer(engine.get());
        feed(wire::relation(oid, "public", "t", 'd', {{"id", int4, true}, {"v", text, false}}));
        EXPECT_TRUE(engine->begin());
    }
    ~Engine() {
        server.hold(false, false);
        engine.reset();
    }

    std::shared_ptr<const TableSchema> describe() {
        TableDefinition definition;
        definition.table = TableId(oid);
        definition.schema = "public";
        definition.name = "t";
        definition.replica_identity = 'd';
        definition.columns.resize(2);
        definition.columns[0].name = "id";
        definition.columns[0].type.kind = Kind::int32;
        definition.columns[0].identity = server.has_key;
        definition.columns[1].name = "v";
        if (server.has_key) definition.key = {0};
        return schemas.assign(std::move(definition));
    }

    void feed(const std::string& message) {
        Status status = decoder.decode({Lsn(1), Lsn(1), as_bytes(message)});
        ASSERT_TRUE(status) << status.error().to_string();
    }
    void transaction(uint32_t xid, uint64_t commit, const std::vector<std::string>& messages) {
        feed(wire::begin(commit, xid));
        for (auto& message : messages) feed(message);
        feed(wire::commit(commit, commit + 8));
        take();
    }
    void take() {
        if (auto changed = engine->changed_progress()) decoder.set_unfinished(std::move(*changed));
        if (decoder.has_changes()) append(decoder.take());
    }
    void append(const Block& block) {
        BlockReader reader(block, seen_schemas);
        for (auto item = reader.next();; item = reader.next()) {
            ASSERT_TRUE(item) << item.error().to_string();
            if (*item == BlockReader::Item::end_of_block) break;
            if (*item != BlockReader::Item::change) continue;
            const Change& change = reader.change();
            const TupleView& tuple = change.has_after ? change.after : change.before;
            std::string line(1, static_cast<char>(change.op));
            log.push_back(change.op == Op::truncate ? line : line + std::to_string(tuple.fixed<int32_t>(0)));
        }
        if (!block.header().has(BlockFlag::unit_end)) return;
        auto state = ResumeState::decode(block.position());
        ASSERT_TRUE(state);
        progress = state->unfinished;
    }
    // Merges what can be, until the condition holds.
    template <class Condition>
    void merge_until(Condition condition) {
        auto deadline = SteadyClock::now() + 60s;
        while (!condition()) {
            ASSERT_LT(SteadyClock::now(), deadline);
            if (!engine->is_due(decoder.position())) {
                std::this_thread::sleep_for(1ms);
                continue;
            }
            auto blocks = engine->merge(decoder, schemas);
            ASSERT_TRUE(blocks) << blocks.error().to_string();
            for (const Block& block : *blocks) append(block);
            take();
        }
    }
    void merge_all() {
        merge_until([&] { return engine->done(); });
    }
    // The first chunk's snapshot is taken, and its reader waits.
    void begin_reading() {
        server.hold(false, true);
        merge_until([&] { return !server.reads().empty(); });
    }
    void reach(uint64_t lsn) { decoder.reached(Lsn(lsn)); }
};

WireTuple row(int id, WireValue v = text_value("new")) {
    return {text_value(std::to_string(id)), std::move(v)};
}
WireTuple key(int id) { return {text_value(std::to_string(id)), null_value}; }

Lines reads(int from, int to) {
    Lines lines;
    for (int i = from; i <= to; ++i) lines.push_back(fmt::format("r{}", i));
    return lines;
}

TEST(IncrementalSnapshot, ReadsATableChunkByChunk) {
    Engine e(4);
    e.reach(1000);
    e.merge_all();
    EXPECT_EQ(e.log, reads(1, 10));
    EXPECT_THAT(e.server.reads(), ElementsAre("-?", "4-10", "8-10"));
    EXPECT_THAT(e.progress, IsEmpty());
}

TEST(IncrementalSnapshot, AChunkWaitsUntilTheStreamHasPassedWhatItShows) {
    Engine e;
    e.server.at(700, 2000);
    e.reach(1999);
    e.merge_until([&] { return e.engine->waits_beyond(e.decoder.position()); });
    EXPECT_THAT(e.log, IsEmpty());
    e.reach(2000);
    e.merge_all();
    EXPECT_EQ(e.log, reads(1, 10));
}

TEST(IncrementalSnapshot, ThePositionSaysWhatIsLeft) {
    Engine e(4);
    e.reach(1000);
    e.merge_until([&] { return !e.log.empty(); });
    if (e.log.size() == 4) {
        ASSERT_EQ(e.progress.size(), 1u);
        EXPECT_TRUE(e.progress[0].cut);
        EXPECT_EQ(e.progress[0].left, (std::vector<KeyRange>{{{"4"}, {"10"}}}));
    }
    e.merge_all();
}

TEST(IncrementalSnapshot, GoesOnFromAPosition) {
    TableProgress progress = whole_table();
    progress.cut = true;
    progress.left = {{{"2"}, {"3"}}, {{"7"}, {"10"}}};
    progress.again = {{"5"}};
    Engine e(100, {progress});
    e.reach(1000);
    e.merge_all();
    EXPECT_EQ(e.log, (Lines{"r5", "r3", "r8", "r9", "r10"}));
}

TEST(IncrementalSnapshot, RowsThatTheStreamHasNewerAreLeftOut) {
    Engine e;
    e.server.at(700, 1000);
    e.begin_reading();
    e.transaction(
        700, 1500,
        {wire::update(oid, 0, {}, row(3)), wire::remove(oid, 'K', key(4)), wire::insert(oid, row(11))});
    e.transaction(699, 1600, {wire::update(oid, 0, {}, row(5))});  // which the chunk shows
    e.server.hold(false, false);
    e.merge_all();
    EXPECT_EQ(e.log, (Lines{"u3", "d4", "c11", "u5", "r1", "r2", "r5", "r6", "r7", "r8", "r9", "r10"}));
}

TEST(IncrementalSnapshot, WhatIsStreamedBeforeItIsSeenIsNewerToo) {
    Engine e;
    e.server.at(700, 1000, {690});  // 690 has committed, and waits for a standby
    e.server.hold(true, false);
    e.merge_until([&] { return !e.server.reads().empty(); });
    e.transaction(690, 900, {wire::update(oid, 0, {}, row(3))});
    e.reach(1000);
    e.server.hold(false, false);
    e.merge_all();
    EXPECT_EQ(e.log[0], "u3");
    EXPECT_EQ(std::count(e.log.begin(), e.log.end(), "r3"), 0);
    EXPECT_EQ(e.log.size(), 10u);
}

TEST(IncrementalSnapshot, NothingIsReadWhileTransactionsRunFromBeforeItBegan) {
    Engine e;
    e.next_transaction = 695;
    e.server.at(700, 1000, {690});
    e.reach(1000);
    e.merge_until([&] { return e.server.reads().size() >= 2; });
    EXPECT_THAT(e.log, IsEmpty());
    e.server.at(700, 1000, {695});
    e.merge_all();
    EXPECT_EQ(e.log, reads(1, 10));
}

TEST(IncrementalSnapshot, ARowThatCameInPartIsReadAgain) {
    Engine e;
    e.begin_reading();
    e.transaction(700, 1500, {wire::update(oid, 0, {}, row(3, {'u', ""}))});
    e.server.at(701, 1500);
    e.server.hold(false, false);
    e.merge_until([&] { return e.log.size() >= 10; });
    EXPECT_EQ(e.progress, (std::vector<TableProgress>{[] {
                  TableProgress left = whole_table();
                  left.cut = true;
                  left.again = {{"3"}};
                  return left;
              }()}));
    e.merge_all();
    EXPECT_EQ(e.log.back(), "r3");
    EXPECT_THAT(e.progress, IsEmpty());
}

TEST(IncrementalSnapshot, ARowWhoseKeyChangedInPartIsReadUnderItsNewOne) {
    Engine e;
    e.begin_reading();
    e.transaction(700, 1500, {wire::update(oid, 'K', key(3), row(33, {'u', ""}))});
    ASSERT_EQ(e.progress.size(), 1u);  // the unit that has the change says so
    EXPECT_THAT(e.progress[0].again, ElementsAre(KeyText{"33"}));
    e.server.at(701, 1500);
    e.server.hold(false, false);
    e.merge_all();
    EXPECT_EQ(std::count(e.log.begin(), e.log.end(), "r3"), 0);
    EXPECT_EQ(std::count(e.log.begin(), e.log.end(), "r33"), 1);
}

TEST(IncrementalSnapshot, ARowThatMovesInPartToWhatWasReadIsReadAgainThoughAllOfTheRestShowsIt) {
    Engine e(4);
    e.begin_reading();
    e.server.at(800, 3000);  // the other chunks
    e.server.hold(false, false);
    e.reach(1000);
    e.merge_until([&] { return e.log.size() == 4 && e.engine->waits_beyond(e.decoder.position()); });
    e.transaction(750, 2500, {wire::update(oid, 'K', key(8), row(-3, {'u', ""}))});
    ASSERT_EQ(e.progress.size(), 1u);
    EXPECT_THAT(e.progress[0].again, ElementsAre(KeyText{"-3"}));
    e.reach(3000);
    e.merge_all();
    EXPECT_EQ(std::count(e.log.begin(), e.log.end(), "r-3"), 1);
}

TEST(IncrementalSnapshot, AfterATruncateNoneOfAChunkIsLeft) {
    Engine e;
    e.begin_reading();
    e.transaction(700, 1500, {wire::truncate({oid}), wire::insert(oid, row(3))});
    e.server.hold(false, false);
    e.merge_all();
    EXPECT_EQ(e.log, (Lines{"t", "c3"}));
}

TEST(IncrementalSnapshot, ATableThatWasAlteredIsDescribedAgain) {
    Engine e;
    e.begin_reading();
    e.server.file = "2";
    e.server.hold(false, false);
    e.reach(1000);
    e.merge_all();
    EXPECT_EQ(e.log, reads(1, 10));
}

TEST(IncrementalSnapshot, ATableThatIsGoneIsForgotten) {
    Engine e;
    e.server.known = false;
    e.merge_all();
    EXPECT_THAT(e.log, IsEmpty());
}

TEST(IncrementalSnapshot, AnEmptyTableHasItsSchemaInTheLog) {
    Engine e;
    e.server.rows = 0;
    e.reach(1000);
    e.merge_all();
    EXPECT_THAT(e.log, IsEmpty());
    EXPECT_EQ(e.seen_schemas.all().size(), 1u);
}

TEST(IncrementalSnapshot, MoreThanCanBeRememberedIsReadAgain) {
    Engine e;
    e.begin_reading();
    e.server.at(800, 1000);
    std::string large(1000, 'x');
    e.feed(wire::begin(1500, 700));
    // Beyond the window's bytes single rows are not told apart, which is no reason to remember less.
    for (int i = 0; i < 60000; ++i) e.feed(wire::insert(oid, row(1000 + i)));
    e.feed(wire::update(oid, 0, {}, row(3)));
    e.feed(wire::commit(1500, 1508));
    e.take();
    e.server.hold(false, false);
    e.merge_all();
    EXPECT_EQ(Lines(e.log.end() - 10, e.log.end()), reads(1, 10));
    EXPECT_EQ(e.server.reads().size(), 2u);
}

TEST(IncrementalSnapshot, TablesAreAddedAndRemovedWhileItRuns) {
    Engine e;
    e.engine->set_paused(true);
    e.engine->remove(oid);
    EXPECT_TRUE(e.engine->done());
    TableProgress again = whole_table();
    again.condition = "true";
    e.engine->add(again);
    e.transaction(690, 900, {wire::update(oid, 0, {}, row(3))});
    ASSERT_EQ(e.progress.size(), 1u);
    EXPECT_EQ(e.progress[0].condition, "true");
    EXPECT_THAT(e.server.reads(), IsEmpty());
    e.reach(1000);
    e.engine->set_paused(false);
    e.merge_all();
    EXPECT_EQ(e.log.size(), 11u);
}

}  // namespace
}  // namespace leat::pg
