#include "source/schema_versions.h"

#include <gtest/gtest.h>

namespace leat {
namespace {

TableDefinition table(uint64_t id, std::vector<std::string> columns) {
    TableDefinition definition;
    definition.table = TableId(id);
    definition.schema = "public";
    definition.name = "t" + std::to_string(id);
    definition.replica_identity = 'd';
    for (std::string& name : columns) {
        definition.columns.emplace_back();
        definition.columns.back().name = std::move(name);
    }
    return definition;
}

SchemaVersions empty() { return SchemaVersions(std::vector<std::shared_ptr<const TableSchema>>{}); }

TEST(SchemaVersions, TheFirstSchemaOfATableIsItsFirstVersion) {
    SchemaVersions versions = empty();
    auto first = versions.assign(table(100, {"id"})), second = versions.assign(table(200, {"id"}));
    EXPECT_EQ(first->version, 1u);
    EXPECT_EQ(second->version, 1u);
    EXPECT_NE(first->id, second->id);
    EXPECT_NE(first->id, SchemaId(0));
}

TEST(SchemaVersions, AnUnchangedTableKeepsItsSchema) {
    SchemaVersions versions = empty();
    auto first = versions.assign(table(100, {"id"}));
    EXPECT_EQ(versions.assign(table(100, {"id"})), first);
}

TEST(SchemaVersions, AChangedTableGetsTheNextVersionAndANewId) {
    SchemaVersions versions = empty();
    auto first = versions.assign(table(100, {"id"}));
    auto second = versions.assign(table(100, {"id", "note"}));
    EXPECT_EQ(second->version, 2u);
    EXPECT_NE(second->id, first->id);
    EXPECT_EQ(versions.latest(TableId(100)), second.get());
}

// The log repeats only the latest schema of a table: an older id must not come back.
TEST(SchemaVersions, AShapeThatComesBackIsANewVersion) {
    SchemaVersions versions = empty();
    auto first = versions.assign(table(100, {"id"}));
    versions.assign(table(100, {"id", "note"}));
    auto third = versions.assign(table(100, {"id"}));
    EXPECT_EQ(third->version, 3u);
    EXPECT_NE(third->id, first->id);
}

TEST(SchemaVersions, WhatTheLogKnowsIsGoneOnFrom) {
    TableDefinition known = table(100, {"id"});
    known.id = SchemaId(41);
    known.version = 5;
    SchemaVersions versions({TableSchema::make(known)});
    EXPECT_EQ(versions.assign(table(100, {"id"}))->id, SchemaId(41));
    auto changed = versions.assign(table(100, {"other"}));
    EXPECT_EQ(changed->version, 6u);
    EXPECT_GT(changed->id, SchemaId(41));
}

TEST(SchemaVersions, AnUnknownTableHasNoLatest) { EXPECT_EQ(empty().latest(TableId(1)), nullptr); }

TEST(SchemaVersions, AMarkerIsAVersionWithoutColumns) {
    SchemaVersions versions = empty();
    auto schema = versions.assign(table(100, {"id"}));
    auto marker = versions.assign_not_captured(*schema);
    EXPECT_FALSE(marker->captured());
    EXPECT_TRUE(marker->columns.empty());
    EXPECT_EQ(marker->table, schema->table);
    EXPECT_EQ(marker->qualified_name(), schema->qualified_name());
    EXPECT_EQ(marker->version, 2u);
    EXPECT_EQ(versions.assign_not_captured(*marker), marker);
}

TEST(SchemaVersions, CapturingAgainAfterAMarkerIsANewVersion) {
    SchemaVersions versions = empty();
    auto schema = versions.assign(table(100, {"id"}));
    versions.assign_not_captured(*schema);
    auto again = versions.assign(table(100, {"id"}));
    EXPECT_TRUE(again->captured());
    EXPECT_EQ(again->version, 3u);
}

}  // namespace
}  // namespace leat
