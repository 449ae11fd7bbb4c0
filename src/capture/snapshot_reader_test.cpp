#include "capture/snapshot_reader.h"

#include "capture/test_support.h"

namespace leat {
namespace {

using namespace capture_test;
using testing::Contains;
using testing::ElementsAre;
using testing::Not;

// What came through the channel, a line a block: flags, schemas and rows as table:id, position.
std::string show(const Block& block, SchemaSet& schemas) {
    std::string line;
    auto add = [&](std::string_view word) { line += (line.empty() ? "" : " ") + std::string(word); };
    if (block.header().has(BlockFlag::unit_begin)) add("begin");
    if (block.header().has(BlockFlag::unit_end)) add("end");
    if (block.header().has(BlockFlag::snapshot)) add("snapshot");
    BlockReader reader(block, schemas);
    for (auto item = reader.next();; item = reader.next()) {
        if (!item) return item.error().to_string();
        if (*item == BlockReader::Item::end_of_block) break;
        if (*item == BlockReader::Item::schema)
            add((reader.schema().captured() ? "schema " : "marker ") + reader.schema().name);
        if (*item == BlockReader::Item::change)
            add(fmt::format("{}:{}", reader.change().schema->name, reader.change().after.fixed<int32_t>(0)));
    }
    if (block.header().position_length) add(fmt::format("[{}]", block.position()));
    return line;
}

struct Snapshot {
    Journal journal;
    FakeSnapshotPlan plan{journal};
    BlockChannel channel{64 << 20};
    std::stop_source stop;
    Lines blocks;
    uint64_t rows = 0;

    // Reads the plan and answers as the capture thread does, until all is read.
    Status read(uint32_t readers = 2) {
        SnapshotReader reader("test", channel, readers);
        Status status;
        std::jthread thread([&] {
            status = reader.read(plan, stop.get_token());
            channel.close();
        });
        SchemaSet schemas;
        while (auto item = channel.pop(60s)) {
            blocks.push_back(show(item->block, schemas));
            if (!item->wait_durable) continue;
            journal.add("durable");
            channel.set_durable();
        }
        thread.join();
        rows = reader.progress().rows;
        return status;
    }
};

TEST(SnapshotReader, WritesSchemasThenRowsThenThePositionOfEachStep) {
    Snapshot snapshot;
    snapshot.plan.add_table(1);
    snapshot.plan.add_table(1, 1);
    ASSERT_TRUE(snapshot.read(1));
    EXPECT_THAT(snapshot.blocks,
                ElementsAre("begin end [before]", "begin snapshot schema t1", "snapshot t1:1 t1:2",
                            "end snapshot [step 0]", "begin snapshot schema t2", "snapshot t2:1",
                            "end snapshot [step 1]", "begin end [after]"));
    EXPECT_EQ(snapshot.rows, 3u);
}

TEST(SnapshotReader, TheSourceIsTouchedOnlyAfterTheIntentIsDurable) {
    Snapshot snapshot;
    ASSERT_TRUE(snapshot.read());
    EXPECT_LT(snapshot.journal.place("durable"), snapshot.journal.place("begin"));
    EXPECT_TRUE(snapshot.journal.has("begin"));
}

TEST(SnapshotReader, MarkersStandWithTheIntent) {
    Snapshot snapshot;
    TableDefinition marker;
    marker.id = SchemaId(9);
    marker.name = "gone";
    marker.replica_identity = TableDefinition::not_captured;
    snapshot.plan.markers = {TableSchema::make(marker)};
    ASSERT_TRUE(snapshot.read());
    EXPECT_EQ(snapshot.blocks.front(), "begin end marker gone [before]");
}

TEST(SnapshotReader, APlanWithoutTablesOnlyMovesThePosition) {
    Snapshot snapshot;
    ASSERT_TRUE(snapshot.read());
    EXPECT_THAT(snapshot.blocks, ElementsAre("begin end [before]", "begin end [after]"));
    EXPECT_FALSE(snapshot.journal.has("open reader"));
}

TEST(SnapshotReader, AnEmptyTableIsAStepWithItsSchema) {
    Snapshot snapshot;
    snapshot.plan.add_table(1);
    snapshot.plan.on_read = [](auto&, auto&, auto) { return Status{}; };
    ASSERT_TRUE(snapshot.read());
    EXPECT_THAT(snapshot.blocks, ElementsAre("begin end [before]", "begin snapshot schema t1",
                                             "end snapshot [step 0]", "begin end [after]"));
}

TEST(SnapshotReader, ATableWithoutChunksIsAStepToo) {
    Snapshot snapshot;
    snapshot.plan.add_table(0);
    ASSERT_TRUE(snapshot.read());
    EXPECT_THAT(snapshot.blocks, Contains("end snapshot [step 0]"));
}

TEST(SnapshotReader, TablesOfOneStepAreOneUnit) {
    Snapshot snapshot;
    snapshot.plan.add_table(1);
    snapshot.plan.add_table(1);
    snapshot.plan.join_last_steps();
    ASSERT_TRUE(snapshot.read(1));
    EXPECT_EQ(snapshot.blocks[1], "begin snapshot schema t1 schema t2");
    EXPECT_EQ(snapshot.blocks.size(), 6u);
}

TEST(SnapshotReader, EveryChunkIsReadOnceWhateverTheNumberOfReaders) {
    for (uint32_t readers : {1, 2, 7, 50}) {
        Snapshot snapshot;
        snapshot.plan.add_table(20, 1);
        ASSERT_TRUE(snapshot.read(readers));
        for (int chunk = 1; chunk <= 20; ++chunk)
            EXPECT_EQ(snapshot.journal.count(fmt::format("chunk 0 {}-{}", chunk, chunk)), 1u);
        EXPECT_EQ(snapshot.rows, 20u);
        EXPECT_EQ(snapshot.journal.count("open reader"), std::min(readers, 20u));
        EXPECT_EQ(snapshot.blocks.size(), 24u);
    }
}

TEST(SnapshotReader, ReadersAreKeptFromStepToStep) {
    Snapshot snapshot;
    snapshot.plan.add_table(1);
    snapshot.plan.add_table(3);
    snapshot.plan.add_table(2);
    ASSERT_TRUE(snapshot.read(2));
    EXPECT_EQ(snapshot.journal.count("open reader"), 2u);
}

TEST(SnapshotReader, TheFirstErrorEndsTheOtherReadersAndIsTold) {
    Snapshot snapshot;
    snapshot.plan.add_table(2, 1);
    snapshot.plan.on_read = [&](const Chunk& chunk, auto&, std::stop_token stop) -> Status {
        if (chunk.from == "2") return wait_for_stop(stop);  // ends only because of the other
        snapshot.journal.wait_for("chunk 0 2-2");
        return fail(ErrorCode::PG_TABLE_CHANGED, "the cause");
    };
    Status status = snapshot.read(2);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().message, "the cause");
}

TEST(SnapshotReader, AfterAnErrorTheStepHasNoEnd) {
    Snapshot snapshot;
    snapshot.plan.add_table(1);
    snapshot.plan.add_table(1);
    snapshot.plan.on_read = [](auto&, auto&, auto) { return fail(ErrorCode::PG_CONNECTION_LOST, ""); };
    ASSERT_FALSE(snapshot.read());
    EXPECT_THAT(snapshot.blocks, ElementsAre("begin end [before]", "begin snapshot schema t1"));
}

TEST(SnapshotReader, NoFurtherChunkIsBegunAfterAnError) {
    Snapshot snapshot;
    snapshot.plan.add_table(10, 1);
    snapshot.plan.on_read = [](auto&, auto&, auto) { return fail(ErrorCode::PG_CONNECTION_LOST, ""); };
    ASSERT_FALSE(snapshot.read(1));
    EXPECT_TRUE(snapshot.journal.has("chunk 0 1-1"));
    EXPECT_FALSE(snapshot.journal.has("chunk 0 2-2"));
}

TEST(SnapshotReader, AReaderThatCannotBeOpenedEndsTheSnapshot) {
    Snapshot snapshot;
    snapshot.plan.add_table(1);
    snapshot.plan.on_open_reader = [] { return fail(ErrorCode::PG_CONNECT, "full"); };
    Status status = snapshot.read();
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::PG_CONNECT);
    EXPECT_THAT(snapshot.blocks, Not(Contains("begin snapshot schema t1")));
}

TEST(SnapshotReader, ADivisibleStepIsVisibleChunkByChunk) {
    Snapshot snapshot;
    snapshot.plan.add_table(3, 1);
    snapshot.plan.make_divisible();
    // Blocks as large as what ends a unit.
    snapshot.plan.on_read = [&](const Chunk&, auto& take, auto) {
        return take(make_rows(*snapshot.plan.tables()[0].schema, 1, 150000));
    };
    ASSERT_TRUE(snapshot.read(1));
    std::vector<std::string> positions;
    for (auto& line : snapshot.blocks)
        if (size_t at = line.find('['); at != std::string::npos) positions.push_back(line.substr(at));
    EXPECT_THAT(positions, ElementsAre("[before]", "[in step 0: 1-1]", "[in step 0: 1-1 2-2]",
                                       "[in step 0: 1-1 2-2 3-3]", "[step 0]", "[after]"));
}

TEST(SnapshotReader, SmallChunksShareAUnit) {
    Snapshot snapshot;
    snapshot.plan.add_table(3, 1);
    snapshot.plan.make_divisible();
    snapshot.plan.on_read = [&](const Chunk& chunk, auto& take, auto) -> Status {
        LEAT_TRY(
            take(make_rows(*snapshot.plan.tables()[0].schema, std::stoi(chunk.from), std::stoi(chunk.to))));
        return {};
    };
    ASSERT_TRUE(snapshot.read(1));
    // Unless the machine is so slow that a second passes.
    EXPECT_LE(snapshot.blocks.size(), 9u);
    EXPECT_THAT(snapshot.blocks, Contains("end snapshot [step 0]"));
}

TEST(SnapshotReader, AnErrorOfTheBeginningIsTold) {
    Snapshot snapshot;
    snapshot.plan.on_begin = [](auto) { return fail(ErrorCode::PG_NO_FREE_SLOT, ""); };
    Status status = snapshot.read();
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::PG_NO_FREE_SLOT);
    EXPECT_THAT(snapshot.blocks, ElementsAre("begin end [before]"));
}

TEST(SnapshotReader, AStopEndsReadersInTheMiddleOfAChunk) {
    Snapshot snapshot;
    snapshot.plan.add_table(4);
    snapshot.plan.on_read = [&](auto&, auto&, std::stop_token stop) {
        snapshot.stop.request_stop();
        return wait_for_stop(stop);
    };
    Status status = snapshot.read(2);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::STOPPED);
}

}  // namespace
}  // namespace leat
