#include "source/column_rules.h"

#include <gmock/gmock.h>

namespace leat {
namespace {

using testing::ElementsAre;

TableDefinition people() {
    TableDefinition definition;
    definition.table = TableId(1);
    definition.schema = "public";
    definition.name = "people";
    auto add = [&](const char* name, Kind kind) {
        definition.columns.emplace_back();
        definition.columns.back().name = name;
        definition.columns.back().type.kind = kind;
        definition.columns.back().type.native_name = "native";
    };
    add("id", Kind::int32);
    add("email", Kind::text);
    add("born", Kind::date);
    add("photo", Kind::bytes);
    definition.key = {0};
    return definition;
}

ColumnRules rules_of(const ColumnSelection& selection) {
    auto rules = ColumnRules::make(selection);
    EXPECT_TRUE(rules);
    return rules ? std::move(*rules) : ColumnRules();
}

std::vector<std::string> names(const TableDefinition& definition) {
    std::vector<std::string> out;
    for (const Column& column : definition.columns) out.push_back(column.name);
    return out;
}

TEST(ColumnRules, WithoutRulesEverythingStays) {
    EXPECT_TRUE(every_column.empty());
    EXPECT_TRUE(every_column.project(people()).same_shape(people()));
}

TEST(ColumnRules, ExcludedColumnsAreNotThere) {
    auto rules = rules_of({{}, {"public.people.(email|PHOTO)", "other.people.born"}, {}, {}});
    EXPECT_THAT(names(rules.project(people())), ElementsAre("id", "born"));
}

TEST(ColumnRules, OnlyIncludedColumnsAreThere) {
    auto definition = rules_of({{"public.people.(id|email)"}, {}, {}, {}}).project(people());
    EXPECT_THAT(names(definition), ElementsAre("id", "email"));
    EXPECT_FALSE(definition.columns[0].key_only);
}

TEST(ColumnRules, TheKeyStaysInTheKey) {
    TableDefinition table = people();
    table.key = {1, 0};
    auto definition = rules_of({{}, {".*\\.id"}, {}, {}}).project(table);
    EXPECT_THAT(names(definition), ElementsAre("id", "email", "born", "photo"));
    EXPECT_TRUE(definition.columns[0].key_only);
    EXPECT_FALSE(definition.columns[1].key_only);
    EXPECT_THAT(definition.key, ElementsAre(1u, 0u));
}

TEST(ColumnRules, TheKeysPlacesMoveWithTheColumns) {
    TableDefinition table = people();
    table.key = {3, 1};
    auto definition = rules_of({{}, {".*\\.(id|born)"}, {}, {}}).project(table);
    EXPECT_THAT(names(definition), ElementsAre("email", "photo"));
    EXPECT_THAT(definition.key, ElementsAre(1u, 0u));
}

TEST(ColumnRules, AColumnThatRecordsHaveInTheirKeyStaysThere) {
    auto definition = rules_of({{}, {".*\\.email"}, {}, {"public.people.email"}}).project(people());
    ASSERT_THAT(names(definition), ElementsAre("id", "email", "born", "photo"));
    EXPECT_TRUE(definition.columns[1].key_only);
}

TEST(ColumnRules, MasksChangeTheType) {
    auto rules = rules_of({{}, {}, {{{".*\\.(email|born)"}, ColumnMask::asterisks(4)}}, {}});
    auto definition = rules.project(people());
    EXPECT_TRUE(definition.columns[1].masked);
    EXPECT_EQ(definition.columns[2].type.kind, Kind::text);
    EXPECT_TRUE(definition.columns[2].masked);
    EXPECT_FALSE(definition.columns[0].masked);
    EXPECT_EQ(definition.columns[0].type.kind, Kind::int32);
    EXPECT_TRUE(rules.mask("public", "people", "born"));
    EXPECT_FALSE(rules.mask("public", "people", "id"));
    EXPECT_FALSE(definition.same_shape(people()));  // a new version of the schema
}

TEST(ColumnRules, TruncationIsOfTextAndBytes) {
    auto definition = rules_of({{}, {}, {{{".*"}, ColumnMask::truncate(5)}}, {}}).project(people());
    EXPECT_FALSE(definition.columns[0].is_changed());
    EXPECT_EQ(definition.columns[1].truncated_to, 5u);
    EXPECT_EQ(definition.columns[2].type.kind, Kind::date);
    EXPECT_EQ(definition.columns[3].truncated_to, 5u);
    EXPECT_EQ(definition.columns[3].type.kind, Kind::bytes);
}

TEST(ColumnRules, TruncationToNothingIsAMask) {
    auto definition = rules_of({{}, {}, {{{".*email"}, ColumnMask::truncate(0)}}, {}}).project(people());
    EXPECT_EQ(definition.columns[1].truncated_to, 0u);
    EXPECT_TRUE(definition.columns[1].is_changed());
}

TEST(ColumnRules, TheFirstMaskCounts) {
    auto rules =
        rules_of({{}, {}, {{{".*email"}, ColumnMask::truncate(5)}, {{".*"}, ColumnMask::asterisks(1)}}, {}});
    EXPECT_EQ(rules.mask("public", "people", "email")->kind(), ColumnMask::Kind::truncate);
    EXPECT_EQ(rules.mask("public", "people", "id")->kind(), ColumnMask::Kind::asterisks);
}

TEST(ColumnRules, PatternsThatMatchNothingAreFound) {
    auto rules = rules_of(
        {{}, {"public.people.emial", ".*\\.id"}, {{{"public.poeple.born"}, ColumnMask::truncate(1)}}, {}});
    EXPECT_THAT(rules.unmatched({"public.people.id", "public.people.born"}),
                ElementsAre("public.people.emial", "public.poeple.born"));
}

TEST(ColumnRules, NoRegularExpression) { EXPECT_FALSE(ColumnRules::make({{"("}, {}, {}, {}})); }

}  // namespace
}  // namespace leat
