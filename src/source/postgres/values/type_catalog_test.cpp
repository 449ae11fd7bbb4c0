#include "source/postgres/values/type_catalog.h"

#include <gtest/gtest.h>

#include "source/postgres/values/type_queries.h"
#include "source/postgres/values/well_known_types.h"

namespace leat::pg {

namespace {

using Row = std::vector<std::string>;

// A database that answers the three queries whatever the OIDs, and remembers what it was asked.
struct FakeDatabase {
    std::vector<Row> types, labels, attributes;
    std::vector<std::string> asked;

    RunQuery run() {
        return [this](const std::string& sql, const std::string& oids, const auto& each_row) -> Status {
            asked.push_back(oids);
            const auto& rows = sql == types_query ? types : sql == enum_labels_query ? labels : attributes;
            for (const Row& row : rows) {
                std::vector<Cell> cells(row.begin(), row.end());
                LEAT_TRY(each_row(cells));
            }
            return {};
        };
    }
};

FakeDatabase shop() {
    FakeDatabase database;
    database.types = {
        {"16400", "mood", "e", "0", ",", "0", "-1"},
        {"16401", "_mood", "b", "16400", ",", "0", "-1"},
        {"16410", "price", "d", "0", ",", "1700", "655366"},  // numeric(10,2)
        {"16411", "net_price", "d", "0", ",", "16410", "-1"},
        {"16412", "_net_price", "b", "16411", ",", "0", "-1"},
        {"16420", "address", "c", "0", ",", "0", "-1"},
        {"16421", "_address", "b", "16420", ",", "0", "-1"},
        {"16430", "hstore", "b", "0", ",", "0", "-1"},
        {"16440", "geometry", "b", "0", ":", "0", "-1"},
        {"16441", "_geometry", "b", "16440", ":", "0", "-1"},
        {"16450", "odd", "b", "0", "|", "0", "-1"},
        {"16451", "_odd", "b", "16450", "|", "0", "-1"},
        {"16460", "vector", "b", "0", ",", "0", "-1"},
        {"16470", "citext", "b", "0", ",", "0", "-1"},
        {"16480", "floatrange", "r", "0", ",", "0", "-1"},
        {"1700", "numeric", "b", "0", ",", "0", "-1"},
    };
    database.labels = {{"16400", "sad"}, {"16400", "ok"}};
    database.attributes = {{"16420", "street", "1043", "44"},
                           {"16420", "moods", "16401", "-1"},
                           {"16420", "cost", "16411", "-1"}};
    return database;
}

TypeCatalog loaded() {
    TypeCatalog catalog;
    FakeDatabase database = shop();
    uint32_t oids[] = {16421};
    EXPECT_TRUE(catalog.load(oids, database.run()));
    return catalog;
}

}  // namespace

TEST(TypeCatalog, BuiltInTypesNeedNoDatabase) {
    const std::pair<uint32_t, Kind> expected[] = {
        {16, Kind::boolean},    {17, Kind::bytes},     {18, Kind::text},        {19, Kind::text},
        {20, Kind::int64},      {21, Kind::int16},     {23, Kind::int32},       {25, Kind::text},
        {26, Kind::int64},      {28, Kind::text},      {114, Kind::json},       {142, Kind::xml},
        {600, Kind::point},     {603, Kind::text},     {700, Kind::float32},    {701, Kind::float64},
        {790, Kind::decimal},   {869, Kind::text},     {1042, Kind::text},      {1043, Kind::text},
        {1082, Kind::date},     {1083, Kind::time},    {1114, Kind::timestamp}, {1184, Kind::timestamp_tz},
        {1186, Kind::interval}, {1266, Kind::time_tz}, {1560, Kind::bits},      {1562, Kind::bits},
        {1700, Kind::decimal},  {2950, Kind::uuid},    {3802, Kind::json},      {3904, Kind::text},
        {3614, Kind::text},     {3220, Kind::text},    {5069, Kind::text},      {4451, Kind::text},
        {22, Kind::text},       {30, Kind::text},      {705, Kind::text},       {2278, Kind::text}};
    TypeCatalog catalog;
    for (auto [oid, kind] : expected) {
        EXPECT_TRUE(catalog.knows(oid)) << oid;
        Type type = catalog.resolve(oid);
        EXPECT_EQ(type.kind, kind) << type.native_name;
        EXPECT_EQ(type.native_id, oid);
    }
    EXPECT_EQ(catalog.resolve(23).native_name, "int4");
}

TEST(TypeCatalog, BuiltInArrays) {
    TypeCatalog catalog;
    for (const WellKnownType& known : well_known_types()) {
        if (known.array_oid == 0) continue;
        Type type = catalog.resolve(known.array_oid);
        ASSERT_EQ(type.kind, Kind::array) << known.name;
        EXPECT_EQ(type.native_name, "_" + std::string(known.name));
        EXPECT_EQ(type.element->native_id, known.oid);
        EXPECT_EQ(type.element->kind, known.kind);
    }
}

TEST(TypeCatalog, Modifiers) {
    TypeCatalog catalog;
    auto modifiers = [&](uint32_t oid, int32_t typmod) {
        Type type = catalog.resolve(oid, typmod);
        return std::pair(type.precision, type.scale);
    };
    // As PostgreSQL's typmodin functions code them.
    EXPECT_EQ(modifiers(1700, -1), std::pair(-1, -1));
    EXPECT_EQ(modifiers(1700, 655366), std::pair(10, 2));  // numeric(10,2)
    EXPECT_EQ(modifiers(1700, 327684), std::pair(5, 0));   // numeric(5)
    EXPECT_EQ(modifiers(1700, 133121), std::pair(2, -3));  // numeric(2,-3)
    EXPECT_EQ(modifiers(1700, 196617), std::pair(3, 5));   // numeric(3,5)
    EXPECT_EQ(modifiers(1700, (1000 << 16 | 1000) + 4), std::pair(1000, 1000));
    EXPECT_EQ(modifiers(1043, 24), std::pair(20, -1));  // varchar(20)
    EXPECT_EQ(modifiers(1043, -1), std::pair(-1, -1));
    EXPECT_EQ(modifiers(1042, 5), std::pair(1, -1));  // char(1)
    EXPECT_EQ(modifiers(1560, 8), std::pair(8, -1));  // bit(8)
    EXPECT_EQ(modifiers(1562, 9), std::pair(9, -1));  // varbit(9)
    EXPECT_EQ(modifiers(1114, 3), std::pair(3, -1));  // timestamp(3)
    EXPECT_EQ(modifiers(1184, 0), std::pair(0, -1));
    EXPECT_EQ(modifiers(1083, 6), std::pair(6, -1));
    EXPECT_EQ(modifiers(1266, 2), std::pair(2, -1));
    EXPECT_EQ(modifiers(1186, 2147418115), std::pair(3, -1));  // interval(3)
    EXPECT_EQ(modifiers(1186, 470286338), std::pair(2, -1));   // interval day to second(2)
    EXPECT_EQ(modifiers(1186, 458751), std::pair(-1, -1));     // interval year to month
    EXPECT_EQ(modifiers(790, -1), std::pair(19, 2));           // money
    EXPECT_EQ(modifiers(25, -1), std::pair(-1, -1));
    Type array = catalog.resolve(1231, 655366);  // numeric(10,2)[]
    EXPECT_EQ(array.precision, -1);
    EXPECT_EQ(array.element->precision, 10);
    EXPECT_EQ(array.element->scale, 2);
}

TEST(TypeCatalog, UnknownTypesAreText) {
    TypeCatalog catalog;
    EXPECT_FALSE(catalog.knows(99999));
    Type type = catalog.resolve(99999);
    EXPECT_EQ(type.kind, Kind::text);
    EXPECT_EQ(type.native_name, "oid:99999");
    EXPECT_EQ(type.native_id, 99999U);
}

TEST(TypeCatalog, AsksForWhatItNeeds) {
    TypeCatalog catalog;
    FakeDatabase database = shop();
    uint32_t oids[] = {16421, 16400};
    ASSERT_TRUE(catalog.load(oids, database.run()));
    EXPECT_EQ(database.asked, (std::vector<std::string>{"{16421,16400}", "{16400}", "{16420}"}));
    for (uint32_t oid : {16400U, 16401U, 16410U, 16420U, 16421U}) EXPECT_TRUE(catalog.knows(oid));
}

TEST(TypeCatalog, DatabaseTypes) {
    TypeCatalog catalog = loaded();
    EXPECT_EQ(catalog.resolve(16400).kind, Kind::enumeration);
    EXPECT_EQ(catalog.resolve(16400).labels, (std::vector<std::string>{"sad", "ok"}));
    EXPECT_EQ(catalog.resolve(16430).kind, Kind::map);
    EXPECT_EQ(catalog.resolve(16440).kind, Kind::geometry);
    EXPECT_EQ(catalog.resolve(16441).kind, Kind::array);
    EXPECT_EQ(catalog.resolve(16460, 3).kind, Kind::vector);
    EXPECT_EQ(catalog.resolve(16460, 3).precision, 3);
    EXPECT_EQ(catalog.resolve(16470).kind, Kind::text);
    EXPECT_EQ(catalog.resolve(16470).native_name, "citext");
    EXPECT_EQ(catalog.resolve(16480).kind, Kind::text);
    EXPECT_EQ(catalog.resolve(16480).native_name, "floatrange");
    // The decoder could not tell its elements apart.
    EXPECT_EQ(catalog.resolve(16451).kind, Kind::text);
}

TEST(TypeCatalog, Domains) {
    TypeCatalog catalog = loaded();
    for (uint32_t oid : {16410U, 16411U}) {
        Type type = catalog.resolve(oid);
        EXPECT_EQ(type.kind, Kind::decimal);
        EXPECT_EQ(type.native_name, "numeric");
        EXPECT_EQ(type.native_id, 1700U);
        EXPECT_EQ(type.precision, 10);
        EXPECT_EQ(type.scale, 2);
        EXPECT_TRUE(catalog.domain_name(oid));
    }
    EXPECT_FALSE(catalog.domain_name(1700));
    EXPECT_EQ(catalog.resolve(16412).element->precision, 10);
}

TEST(TypeCatalog, Composites) {
    Type addresses = loaded().resolve(16421);
    ASSERT_EQ(addresses.kind, Kind::array);
    const Type& address = *addresses.element;
    ASSERT_EQ(address.kind, Kind::composite);
    ASSERT_EQ(address.fields.size(), 3U);
    EXPECT_EQ(address.fields[0].name, "street");
    EXPECT_EQ(address.fields[0].type.precision, 40);
    EXPECT_EQ(address.fields[1].type.element->labels.size(), 2U);
    EXPECT_EQ(address.fields[2].type.scale, 2);
}

TEST(TypeCatalog, LoadingAgainReplaces) {
    TypeCatalog catalog = loaded();
    FakeDatabase database = shop();
    database.labels.push_back({"16400", "meh"});
    uint32_t oids[] = {16400};
    ASSERT_TRUE(catalog.load(oids, database.run()));
    EXPECT_EQ(catalog.resolve(16400).labels.size(), 3U);
    EXPECT_EQ(catalog.resolve(16420).fields.size(), 3U);
}

TEST(TypeCatalog, StrangeRowsAreErrors) {
    FakeDatabase database;
    uint32_t oids[] = {16400};
    for (const Row& row :
         {Row{}, Row{"x", "a", "b", "0", ",", "0", "-1"}, Row{"1", "a", "", "0", ",", "0", "-1"},
          Row{"1", "a", "b", "0", ",", "0"}, Row{"1", "a", "b", "0", ",", "0", "?"}}) {
        TypeCatalog catalog;
        database.types = {row};
        EXPECT_EQ(catalog.load(oids, database.run()).error().code, ErrorCode::PG_QUERY);
    }
}

TEST(TypeCatalog, NestingAndSizeAreBounded) {
    // Each composite has two of the next one: 2^30 fields if it were written out.
    FakeDatabase database;
    for (int i = 0; i < 30; ++i) {
        std::string oid = std::to_string(20000 + i), next = std::to_string(20001 + i);
        database.types.push_back({oid, "t" + oid, "c", "0", ",", "0", "-1"});
        for (auto name : {"a", "b"}) database.attributes.push_back({oid, name, next, "-1"});
    }
    database.types.push_back({"21000", "loop", "d", "0", ",", "21000", "-1"});
    TypeCatalog catalog;
    uint32_t oids[] = {20000};
    ASSERT_TRUE(catalog.load(oids, database.run()));
    TableDefinition definition;
    definition.columns.emplace_back().type = catalog.resolve(20000);
    ByteBuffer encoded;
    TableSchema::make(definition)->encode(encoded);
    EXPECT_LT(encoded.size(), 2000000U);
    EXPECT_TRUE(TableSchema::decode(encoded.view()));  // nests no deeper than the format says
    EXPECT_EQ(catalog.resolve(21000).kind, Kind::text);
}

}  // namespace leat::pg
