#include "capture/table_counts.h"

#include <fmt/core.h>

#include "capture/test_support.h"

namespace leat {
namespace {

using namespace capture_test;

std::string text(const TableCounts& counts) {
    std::string text;
    for (auto& count : counts.counts())
        text += fmt::format("{} {} {}\n", count.table, static_cast<char>(count.op), count.changes);
    return text;
}

TEST(TableCounts, ByTableAndOperation) {
    TableCounts counts;
    auto one = make_schema(1), two = make_schema(2);
    counts.learn({one, two});
    counts.add(make_rows(*one, 1, 3));
    counts.add(make_rows(*two, 1, 1));
    counts.add(make_rows(*one, 4, 5));
    counts.add(make_block("", whole_unit, 4));
    EXPECT_EQ(text(counts),
              fmt::format("{} r 5\n{} r 1\n m 4\n", one->qualified_name(), two->qualified_name()));
}

TEST(TableCounts, ARowThatWasTakenBackDoesNotCount) {
    auto schema = make_schema(1);
    BlockBuilder builder(256);
    builder.begin_transaction({}, 0);
    builder.begin_row(Op::update, *schema, SourceOffset(1));
    builder.abort_row();
    builder.begin_row(Op::remove, *schema, SourceOffset(1));
    builder.end_row();
    builder.add_truncate(*schema, SourceOffset(1), false, false);
    builder.end_transaction(2, SourceOffset(2));
    TableCounts counts;
    counts.learn({schema});
    counts.add(builder.finish(whole_unit, "p"));
    EXPECT_EQ(text(counts), fmt::format("{0} d 1\n{0} t 1\n", schema->qualified_name()));
}

// Versions of a table are one table, and a schema that comes with a block is known from there on.
TEST(TableCounts, VersionsOfATableAreOne) {
    auto first = make_schema(1);
    TableDefinition definition;
    definition.id = SchemaId(9);
    definition.name = "t1";
    auto second = TableSchema::make(std::move(definition));
    TableCounts counts;
    counts.learn({first});
    counts.add(make_rows(*first, 1, 2));
    BlockBuilder builder(256);
    builder.add_schema(*second);
    builder.begin_transaction({}, 0);
    builder.begin_row(Op::read, *second, SourceOffset(1));
    builder.end_row();
    builder.end_transaction(1, SourceOffset(2));
    counts.add(builder.finish(whole_unit, "p"));
    EXPECT_EQ(text(counts), fmt::format("{} r 3\n", first->qualified_name()));
}

TEST(TableCounts, IsBounded) {
    TableCounts counts;
    constexpr uint32_t more = 7;
    for (uint32_t id = 1; id <= TableCounts::tables_max + more; ++id) {
        auto schema = make_schema(id);
        counts.learn({schema});
        counts.add(make_rows(*schema, 1, 2));
    }
    auto all = counts.counts();
    ASSERT_EQ(all.size(), TableCounts::tables_max + 1);
    EXPECT_EQ(all.back().table, "(others)");
    EXPECT_EQ(all.back().changes, 2 * more);
}

}  // namespace
}  // namespace leat
