#include "source/postgres/snapshot/key_sql.h"

#include <gtest/gtest.h>

namespace leat::pg {
namespace {

std::shared_ptr<const TableSchema> make(std::vector<uint32_t> key, bool identity = true) {
    TableDefinition definition;
    for (const char* name : {"id", "na\"me", "rest"}) {
        Column column;
        column.name = name;
        column.identity = identity;
        definition.columns.push_back(column);
    }
    definition.key = std::move(key);
    return TableSchema::make(definition);
}
const auto one = make({0}), two = make({1, 0});

TEST(KeySql, AKeyIsUsableWhereTheStreamHasIt) {
    EXPECT_TRUE(has_usable_key(*one));
    EXPECT_FALSE(has_usable_key(*make({})));
    EXPECT_FALSE(has_usable_key(*make({0}, false)));
}

// Its values would stand in the position, on disk.
TEST(KeySql, AMaskedKeyIsNotUsable) {
    TableDefinition masked = *one, truncated = *one;
    masked.columns[0].masked = true;
    truncated.columns[0].truncated_to = 3;
    EXPECT_FALSE(has_usable_key(*TableSchema::make(masked)));
    EXPECT_FALSE(has_usable_key(*TableSchema::make(truncated)));
}

TEST(KeySql, ARangeIsOpenWhereItHasNoKey) {
    EXPECT_EQ(in_range(*one, {}), "");
    EXPECT_EQ(in_range(*one, {{"1"}, {}}), "ROW(\"id\") > ROW('1')");
    EXPECT_EQ(in_range(*one, {{}, {"9"}}), "ROW(\"id\") <= ROW('9')");
}

TEST(KeySql, SeveralColumnsAreComparedAsARowInTheOrderOfTheKey) {
    EXPECT_EQ(
        in_range(*two, {{"a", "1"}, {"o'b", "\\"}}),
        "ROW(\"na\"\"me\", \"id\") > ROW('a', '1') AND ROW(\"na\"\"me\", \"id\") <= ROW('o''b',  E'\\\\')");
}

TEST(KeySql, SingleRowsAreNamedByTheirKeys) {
    EXPECT_EQ(is_one_of(*two, {{"a", "1"}, {"b", "2"}}),
              "ROW(\"na\"\"me\", \"id\") IN (ROW('a', '1'), ROW('b', '2'))");
}

TEST(KeySql, WhatPagesDoNotHaveIsElsewhereOrNew) {
    TableProgress progress;
    EXPECT_EQ(not_in_pages(progress), "");
    progress.pages_xmin = (uint64_t{1} << 32) + 700;
    progress.pages = {{16384, 1, 0, 512}, {16385, 1, 1024, 0}};
    EXPECT_EQ(not_in_pages(progress),
              "NOT (pg_catalog.age(xmin) > pg_catalog.age('700'::pg_catalog.xid) AND "
              "((tableoid = 16384 AND ctid >= '(0,0)' AND ctid < '(512,0)') OR "
              "(tableoid = 16385 AND ctid >= '(1024,0)')))");
}

TEST(KeySql, ConditionsAreJoined) {
    EXPECT_EQ(where({"", ""}), "");
    EXPECT_EQ(where({"a", "", "b"}), " WHERE a AND b");
}

TEST(KeySql, BoundsAreFoundInKeyOrder) {
    EXPECT_EQ(last_key_sql(*two, "ONLY t"),
              "SELECT \"na\"\"me\", \"id\" FROM ONLY t ORDER BY \"na\"\"me\" DESC, \"id\" DESC LIMIT 1");
    EXPECT_EQ(
        bound_sql(*one, "ONLY t", {{"5"}, {"9"}}, 100),
        "SELECT \"id\" FROM ONLY t WHERE ROW(\"id\") > ROW('5') AND ROW(\"id\") <= ROW('9') ORDER BY \"id\" "
        "OFFSET 99 LIMIT 1");
}

}  // namespace
}  // namespace leat::pg
