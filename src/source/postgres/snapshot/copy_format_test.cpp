#include "source/postgres/snapshot/copy_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "source/postgres/values/well_known_types.h"

namespace leat::pg {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct ColumnOf {
    std::string name;
    uint32_t type;
    Kind kind;
};

std::shared_ptr<const TableSchema> schema_of(const std::vector<ColumnOf>& columns,
                                             std::vector<uint32_t> key) {
    TableDefinition definition;
    definition.name = "t";
    for (const ColumnOf& one : columns) {
        Column column;
        column.name = one.name;
        column.type.native_id = one.type;
        column.type.kind = one.kind;
        definition.columns.push_back(std::move(column));
    }
    definition.key = std::move(key);
    return TableSchema::make(std::move(definition));
}

CopyFormat format_of(const TableSchema& schema, KeyTexts keys, const OddTextCasts& odd = {}) {
    return make_copy_format(schema, odd, every_column, keys);
}

TEST(CopyFormat, KeysStandBehindABinaryRow) {
    auto schema = schema_of({{"id", oid::int4, Kind::int32}, {"v", oid::text, Kind::text}}, {0});
    CopyFormat format = format_of(*schema, KeyTexts::as_text);
    EXPECT_TRUE(format.binary);
    EXPECT_EQ(format.columns, R"("id", "v", "id"::pg_catalog.text AS leat_text_2)");
    EXPECT_EQ(format.decoders.size(), 2u);
    EXPECT_EQ(format.row_columns, 3u);
    EXPECT_THAT(format.keys, ElementsAre(2));
}

TEST(CopyFormat, TextIsItsOwnKey) {
    auto schema = schema_of(
        {{"a", oid::varchar, Kind::text}, {"b", oid::int8, Kind::int64}, {"c", oid::bpchar, Kind::text}},
        {2, 1, 0});
    CopyFormat format = format_of(*schema, KeyTexts::as_text, {oid::varchar, oid::bpchar});
    EXPECT_TRUE(format.binary);
    EXPECT_THAT(format.keys, ElementsAre(2, 3, 0));
    EXPECT_EQ(format.row_columns, 4u);
}

TEST(CopyFormat, AKeyWhoseCastIsNotItsOutputIsReadAsText) {
    auto schema = schema_of({{"b", oid::boolean, Kind::boolean}, {"v", oid::int4, Kind::int32}}, {0});
    EXPECT_TRUE(format_of(*schema, KeyTexts::none, {oid::boolean}).binary);
    CopyFormat format = format_of(*schema, KeyTexts::as_text, {oid::boolean});
    EXPECT_FALSE(format.binary);
    EXPECT_EQ(format.columns, R"("b", "v")");
    EXPECT_EQ(format.row_columns, 2u);
    EXPECT_THAT(format.keys, ElementsAre(0));
}

TEST(CopyFormat, WithoutKeysThereIsNothingBehindTheColumns) {
    auto schema = schema_of({{"id", oid::int4, Kind::int32}}, {0});
    CopyFormat format = format_of(*schema, KeyTexts::none);
    EXPECT_EQ(format.columns, R"("id")");
    EXPECT_EQ(format.row_columns, 1u);
    EXPECT_THAT(format.keys, IsEmpty());
    EXPECT_TRUE(format.plain);
}

}  // namespace
}  // namespace leat::pg
