#include "codec/source_type.h"

#include "codec/connect_schema.h"
#include "codec/test_support.h"

namespace leat {

using test::column, test::type_of;

namespace {
std::string told(const Type& type) {
    SourceType found = source_type(type);
    return found.name + " " + std::to_string(found.length) + " " + std::to_string(found.scale);
}

Type array_of(Type element) {
    Type array = type_of(Kind::array, "_" + element.native_name);
    array.element = std::make_shared<const Type>(std::move(element));
    return array;
}
}  // namespace

TEST(SourceType, LengthAndScaleAreThoseOfTheDriver) {
    EXPECT_EQ(told(type_of(Kind::int32, "int4")), "INT4 10 0");
    EXPECT_EQ(told(type_of(Kind::int64, "oid")), "OID 10 0");
    EXPECT_EQ(told(type_of(Kind::int64, "int8")), "INT8 19 0");
    EXPECT_EQ(told(type_of(Kind::decimal, "numeric")), "NUMERIC 131089 0");
    EXPECT_EQ(told(type_of(Kind::decimal, "price", 12, 3)), "PRICE 12 3");
    EXPECT_EQ(told(type_of(Kind::decimal, "money", 19, 2)), "MONEY 2147483647 0");
    EXPECT_EQ(told(type_of(Kind::text, "varchar", 40)), "VARCHAR 40 0");
    EXPECT_EQ(told(type_of(Kind::text, "text")), "TEXT 2147483647 0");
    EXPECT_EQ(told(type_of(Kind::text, "char")), "CHAR 1 0");
    EXPECT_EQ(told(type_of(Kind::interval, "interval")), "INTERVAL 49 6");
    EXPECT_EQ(told(array_of(type_of(Kind::decimal, "numeric", 5, 2))), "_NUMERIC 5 2");
}

TEST(SourceType, AFractionOfASecondTakesCharacters) {
    EXPECT_EQ(told(type_of(Kind::timestamp, "timestamp")), "TIMESTAMP 29 6");
    EXPECT_EQ(told(type_of(Kind::timestamp, "timestamp", 0)), "TIMESTAMP 22 0");
    EXPECT_EQ(told(type_of(Kind::timestamp, "timestamp", 1)), "TIMESTAMP 25 1");
    EXPECT_EQ(told(type_of(Kind::timestamp_tz, "timestamptz", 3)), "TIMESTAMPTZ 32 3");
    EXPECT_EQ(told(type_of(Kind::time, "time", 4)), "TIME 13 4");
    EXPECT_EQ(told(type_of(Kind::time_tz, "timetz")), "TIMETZ 21 6");
}

TEST(SourceType, ColumnsAreSelectedByNameOrType) {
    auto table =
        test::table("t",
                    {column("id", type_of(Kind::int32, "int4")), column("v", type_of(Kind::text, "varchar")),
                     column("p", type_of(Kind::decimal))},
                    {0});
    TableDefinition definition = *table;
    definition.columns[2].declared = std::make_shared<const Type>(type_of(Kind::decimal, "price"));
    auto selected = [&](const DebeziumOptions& options) {
        SourceTypeSelector selector(options);
        std::string names;
        for (const Column& column : definition.columns)
            if (selector.selects(definition, column)) names += column.name + " ";
        return names;
    };
    std::string name = table->qualified_name();
    DebeziumOptions options;
    EXPECT_EQ(selected(options), "");
    options.source_type_columns = {name + ".ID", "v"};
    EXPECT_EQ(selected(options), "id ");
    options.source_type_columns = {};
    options.source_type_names = {name + ".VARCHAR", ".*\\.PRICE", "int4"};
    EXPECT_EQ(selected(options), "v p ");
    definition.columns[1].truncated_to = 3;
    definition.columns[2].masked = true;
    EXPECT_EQ(selected(options), "") << "masked and cut columns do not tell their type";
}

TEST(SourceType, StandsInTheSchemaOfTheValueAlone) {
    Type mood = type_of(Kind::enumeration, "mood");
    mood.labels = {"{ok}", "bad}"};
    auto table = test::table("t", {column("id", type_of(Kind::int32, "int4")), column("m", mood)}, {0});
    DebeziumOptions options;
    options.source_type_columns = {".*"};
    SourceTypeSelector told(options);
    std::string schema = row_schema(*table, {1}, "x", false, "", options, &told);
    EXPECT_NE(
        schema.find(R"("parameters":{"allowed":"{ok},bad}","__debezium.source.column.type":"MOOD",)"
                    R"("__debezium.source.column.length":"2147483647","__debezium.source.column.scale":"0",)"
                    R"("__debezium.source.column.name":"m"})"),
        std::string::npos)
        << schema;
    EXPECT_EQ(row_schema(*table, {0}, "x", false, "", options).find("__debezium"), std::string::npos);
}

}  // namespace leat
