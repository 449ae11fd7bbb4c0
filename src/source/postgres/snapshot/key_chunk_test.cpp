#include "source/postgres/snapshot/key_chunk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/block_reader.h"

namespace leat::pg {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr uint32_t table = 100;

std::shared_ptr<const TableSchema> schema() {
    static const auto made = [] {
        TableDefinition definition;
        definition.id = SchemaId(1);
        definition.table = TableId(table);
        definition.columns.resize(2);
        definition.columns[0].name = "id";
        definition.columns[1].name = "note";
        definition.key = {0};
        return TableSchema::make(definition);
    }();
    return made;
}

std::string key(std::string_view value) {
    std::string text;
    append_key_value(value, text);
    return text;
}

// Blocks of rows, whose ids are given.
KeyChunk make(const std::vector<std::vector<std::string>>& blocks) {
    KeyChunk chunk;
    chunk.table = table;
    chunk.schema = schema();
    chunk.seen = {700, 700, {}, Lsn(500)};
    for (auto& ids : blocks) {
        BlockBuilder builder;
        builder.begin_transaction({TransactionId(), Lsn(500), 7, SourceOffset(), true}, 0);
        for (const std::string& id : ids) {
            builder.begin_row(Op::read, *schema(), Lsn(500), SnapshotPlace::incremental);
            builder.begin_after();
            builder.set_text(0, id);
            builder.set_state(1, ValueState::null);
            builder.end_tuple();
            builder.end_row();
            chunk.keys.put_string(key(id));
            ++chunk.rows;
        }
        builder.end_transaction(ids.size(), Lsn(500));
        chunk.blocks.push_back(builder.finish(BlockFlags{} | BlockFlag::snapshot));
    }
    return chunk;
}

std::vector<std::string> ids(const MergedChunk& chunk) {
    std::vector<std::string> found;
    SchemaSet schemas;
    schemas.add(schema());
    for (const Block& block : chunk.blocks) {
        BlockReader reader(block, schemas);
        while (true) {
            auto item = reader.next();
            if (!item) return {item.error().to_string()};
            if (*item == BlockReader::Item::end_of_block) break;
            if (*item == BlockReader::Item::begin) {
                EXPECT_TRUE(reader.transaction().snapshot);
                EXPECT_EQ(reader.transaction().commit, Lsn(500));
            }
            if (*item == BlockReader::Item::commit) {
                EXPECT_EQ(reader.transaction_changes(), block.header().change_count);
            }
            if (*item != BlockReader::Item::change) continue;
            EXPECT_EQ(reader.change().op, Op::read);
            EXPECT_EQ(reader.change().snapshot_place, SnapshotPlace::incremental);
            EXPECT_EQ(reader.change().after.state(1), ValueState::null);
            found.emplace_back(reader.change().after.text(0));
        }
    }
    return found;
}

MergedChunk merged(KeyChunk chunk, const ChangeWindow& window, size_t again_max = 10) {
    auto result = merge(std::move(chunk), window, again_max);
    EXPECT_TRUE(result) << result.error().to_string();
    return result ? std::move(*result) : MergedChunk{};
}

TEST(KeyChunk, IsTakenAsItIsWhereNothingChanged) {
    ChangeWindow window(1 << 20);
    window.add_row(table, key("2"), 699, true);
    window.add_row(table + 1, key("2"), 700, true);
    auto chunk = make({{"1", "2"}, {"3"}});
    const uint8_t* first = chunk.blocks[0].bytes().data();
    auto result = merged(std::move(chunk), window);
    EXPECT_TRUE(result.merged);
    EXPECT_EQ(result.blocks[0].bytes().data(), first);
    EXPECT_EQ(result.rows, 3u);
    EXPECT_THAT(ids(result), ElementsAre("1", "2", "3"));
}

TEST(KeyChunk, LosesTheRowsThatTheStreamHasNewer) {
    ChangeWindow window(1 << 20);
    window.add_row(table, key("2"), 700, true);
    window.add_row(table, key("4"), 701, true);
    window.add_row(table, key("5"), 701, true);
    window.add_row(table, key("9"), 702, true);
    auto result = merged(make({{"1", "2", "3"}, {"4", "5"}, {"6"}}), window);
    EXPECT_TRUE(result.merged);
    EXPECT_THAT(ids(result), ElementsAre("1", "3", "6"));
    EXPECT_EQ(result.rows, 3u);
    EXPECT_EQ(result.blocks.size(), 2u);  // one that is empty is none
    EXPECT_THAT(result.again, IsEmpty());
}

TEST(KeyChunk, NamesTheRowsOfWhichTheStreamHadOnlyAPart) {
    ChangeWindow window(1 << 20);
    window.add_row(table, key("2"), 700, false);
    window.add_row(table, key("3"), 700, true);
    auto result = merged(make({{"1", "2", "3"}}), window);
    EXPECT_TRUE(result.merged);
    EXPECT_THAT(ids(result), ElementsAre("1"));
    EXPECT_THAT(result.again, ElementsAre(KeyText{"2"}));
    EXPECT_FALSE(merged(make({{"1", "2", "3"}}), window, 0).merged);
}

TEST(KeyChunk, OfATruncatedTableHasNoRows) {
    ChangeWindow window(1 << 20);
    window.add_truncate(table, 700);
    auto result = merged(make({{"1", "2"}}), window);
    EXPECT_TRUE(result.merged);
    EXPECT_THAT(ids(result), IsEmpty());
}

TEST(KeyChunk, IsReadAgainWhereItIsUnknownWhatChanged) {
    ChangeWindow window(1 << 20);
    window.add_unknown(table, 700);
    EXPECT_FALSE(merged(make({{"1"}}), window).merged);
}

TEST(KeyChunk, MayBeEmpty) {
    ChangeWindow window(1 << 20);
    window.add_row(table, key("2"), 700, true);
    auto result = merged(make({}), window);
    EXPECT_TRUE(result.merged);
    EXPECT_THAT(ids(result), IsEmpty());
}

TEST(Reachable, TheHeaderOfAPageIsNotWaitedFor) {
    constexpr uint64_t page = 8192, segment = 1 << 20;
    EXPECT_EQ(reachable(Lsn(page * 5 + 24), page, segment), Lsn(page * 5));
    EXPECT_EQ(reachable(Lsn(segment * 2 + 40), page, segment), Lsn(segment * 2));
    EXPECT_EQ(reachable(Lsn(page * 5 + 40), page, segment), Lsn(page * 5 + 40));  // a record's last bytes
    EXPECT_EQ(reachable(Lsn(page * 5), page, segment), Lsn(page * 5));
    EXPECT_EQ(reachable(Lsn(page * 5 + 1000), page, segment), Lsn(page * 5 + 1000));
}

}  // namespace
}  // namespace leat::pg
