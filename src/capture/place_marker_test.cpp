#include "capture/place_marker.h"

#include <gtest/gtest.h>

#include "model/block_builder.h"
#include "model/block_reader.h"

namespace leat {
namespace {

std::shared_ptr<const TableSchema> numbers() {
    TableDefinition definition;
    definition.id = SchemaId(1);
    Column column;
    column.name = "n";
    column.type.kind = Kind::int32;
    definition.columns.push_back(column);
    return TableSchema::make(definition);
}

// Rows of a table: its number in each of them.
Block rows(int32_t table, int count) {
    static const auto schema = numbers();
    BlockBuilder builder;
    builder.add_schema(*schema);
    Transaction snapshot;
    snapshot.snapshot = true;
    builder.begin_transaction(snapshot, 0);
    for (int i = 0; i < count; ++i) {
        builder.begin_row(Op::read, *schema, SourceOffset(1), SnapshotPlace::inside);
        builder.begin_after();
        builder.set_fixed<int32_t>(0, table);
        builder.end_tuple();
        builder.end_row();
    }
    builder.end_transaction(static_cast<uint64_t>(count), SourceOffset(1));
    return builder.finish(BlockFlags{} | BlockFlag::snapshot);
}

// What the marker hands on, as "table:place" of each row.
struct Log {
    std::vector<std::string> places;
    PlaceMarker marker{[this](Block block) { return add(block); }};

    Status add(const Block& block) {
        static constexpr const char* names[] = {"none", "inside", "first", "first of", "last of", "last"};
        SchemaSet schemas;
        BlockReader reader(block, schemas);
        while (true) {
            LEAT_ASSIGN(auto item, reader.next());
            if (item == BlockReader::Item::end_of_block) return {};
            if (item != BlockReader::Item::change) continue;
            const Change& change = reader.change();
            places.push_back(std::to_string(change.after.fixed<int32_t>(0)) + ":" +
                             names[static_cast<int>(change.snapshot_place)]);
        }
    }
};

using Places = std::vector<std::string>;

}  // namespace

TEST(PlaceMarker, FirstAndLastOfEverything) {
    Log log;
    ASSERT_TRUE(log.marker.take(0, 0, rows(0, 2)));
    ASSERT_TRUE(log.marker.take(1, 0, rows(1, 1)));  // of another reader
    ASSERT_TRUE(log.marker.take(0, 0, rows(0, 2)));
    EXPECT_EQ(log.places, (Places{"0:first", "0:inside"}));
    ASSERT_TRUE(log.marker.table_done(1));
    ASSERT_TRUE(log.marker.table_done(0));
    ASSERT_TRUE(log.marker.table_done(7));  // has no rows
    ASSERT_TRUE(log.marker.step_done(false));
    ASSERT_TRUE(log.marker.take(2, 0, rows(2, 3)));
    ASSERT_TRUE(log.marker.table_done(2));
    ASSERT_TRUE(log.marker.step_done(true));
    EXPECT_EQ(log.places, (Places{"0:first", "0:inside", "1:last of", "0:inside", "0:last of", "2:first of",
                                  "2:inside", "2:last"}));
}

TEST(PlaceMarker, OneRowAndNone) {
    Log one, none;
    ASSERT_TRUE(one.marker.take(0, 0, rows(0, 1)));
    ASSERT_TRUE(one.marker.table_done(0));
    ASSERT_TRUE(one.marker.step_done(true));
    EXPECT_EQ(one.places, Places{"0:last"});
    ASSERT_TRUE(none.marker.table_done(0));
    ASSERT_TRUE(none.marker.step_done(true));
    EXPECT_TRUE(none.places.empty());
}

TEST(PlaceMarker, ALargeBlockIsNotHeld) {
    Log log;
    ASSERT_TRUE(log.marker.take(0, 0, rows(0, 200000)));
    EXPECT_EQ(log.places.size(), 200000u);
    ASSERT_TRUE(log.marker.table_done(0));
    ASSERT_TRUE(log.marker.step_done(true));
    EXPECT_EQ(log.places.front(), "0:first");
    EXPECT_EQ(log.places.back(), "0:inside");
}

TEST(PlaceMarker, AChunkIsWrittenWhenNoneOfItIsHeld) {
    std::vector<size_t> written;
    PlaceMarker marker([](Block) { return Status{}; },
                       [&](size_t chunk) {
                           written.push_back(chunk);
                           return Status{};
                       });
    using Chunks = std::vector<size_t>;
    ASSERT_TRUE(marker.take(0, 10, rows(0, 1)));
    ASSERT_TRUE(marker.chunk_done(0, 10));
    EXPECT_EQ(written, Chunks{});
    ASSERT_TRUE(marker.chunk_done(0, 11));  // has no rows
    EXPECT_EQ(written, Chunks{11});
    ASSERT_TRUE(marker.take(0, 12, rows(0, 1)));
    EXPECT_EQ(written, (Chunks{11, 10}));
    ASSERT_TRUE(marker.chunk_done(0, 12));
    ASSERT_TRUE(marker.table_done(0));
    EXPECT_EQ(written, (Chunks{11, 10}));
    ASSERT_TRUE(marker.take(1, 13, rows(1, 1)));
    EXPECT_EQ(written, (Chunks{11, 10, 12}));
    ASSERT_TRUE(marker.chunk_done(1, 13));
    ASSERT_TRUE(marker.table_done(1));
    ASSERT_TRUE(marker.step_done(true));
    EXPECT_EQ(written, (Chunks{11, 10, 12, 13}));
}

TEST(PlaceMarker, AnErrorEndsIt) {
    PlaceMarker marker([](Block) -> Status { return fail(ErrorCode::STOPPED, ""); });
    ASSERT_TRUE(marker.take(0, 0, rows(0, 1)));
    EXPECT_FALSE(marker.take(0, 0, rows(0, 1)));
}

}  // namespace leat
