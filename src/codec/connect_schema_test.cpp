// Schemas as Kafka's JsonConverter prints those that Debezium builds.

#include "codec/connect_schema.h"

#include "codec/default_value.h"
#include "codec/test_support.h"

namespace leat {
namespace {

using test::column;
using test::type_of;

std::string schema(const Type& type, const DebeziumOptions& options = {}) {
    return connect_schema(type, options).render(true, "c");
}

std::string literal(Kind kind, std::string expression) {
    Column c = column("c", type_of(kind));
    c.default_expression = std::move(expression);
    return default_json(c, {});
}

}  // namespace

TEST(ConnectSchema, Plain) {
    EXPECT_EQ(schema(type_of(Kind::int16)), R"({"type":"int16","optional":true,"field":"c"})");
    EXPECT_EQ(schema(type_of(Kind::float32)), R"({"type":"float","optional":true,"field":"c"})");
    EXPECT_EQ(schema(type_of(Kind::float64)), R"({"type":"double","optional":true,"field":"c"})");
    EXPECT_EQ(schema(type_of(Kind::bytes)), R"({"type":"bytes","optional":true,"field":"c"})");
    EXPECT_EQ(schema(type_of(Kind::text, "int4range")), R"({"type":"string","optional":true,"field":"c"})");
    DebeziumOptions hex;
    hex.binary = BinaryMode::hex;
    EXPECT_EQ(schema(type_of(Kind::bytes), hex), R"({"type":"string","optional":true,"field":"c"})");
}

TEST(ConnectSchema, Named) {
    auto named = [](std::string type, std::string name) {
        return R"({"type":")" + type + R"(","optional":true,"name":")" + name +
               R"(","version":1,"field":"c"})";
    };
    EXPECT_EQ(schema(type_of(Kind::timestamp)), named("int64", "io.debezium.time.MicroTimestamp"));
    EXPECT_EQ(schema(type_of(Kind::timestamp, "", 3)), named("int64", "io.debezium.time.Timestamp"));
    EXPECT_EQ(schema(type_of(Kind::time, "", 3)), named("int32", "io.debezium.time.Time"));
    EXPECT_EQ(schema(type_of(Kind::time)), named("int64", "io.debezium.time.MicroTime"));
    EXPECT_EQ(schema(type_of(Kind::date)), named("int32", "io.debezium.time.Date"));
    EXPECT_EQ(schema(type_of(Kind::timestamp_tz)), named("string", "io.debezium.time.ZonedTimestamp"));
    EXPECT_EQ(schema(type_of(Kind::time_tz)), named("string", "io.debezium.time.ZonedTime"));
    EXPECT_EQ(schema(type_of(Kind::interval)), named("int64", "io.debezium.time.MicroDuration"));
    EXPECT_EQ(schema(type_of(Kind::uuid)), named("string", "io.debezium.data.Uuid"));
    EXPECT_EQ(schema(type_of(Kind::json)), named("string", "io.debezium.data.Json"));
    EXPECT_EQ(schema(type_of(Kind::map)), named("string", "io.debezium.data.Json"));
    EXPECT_EQ(schema(type_of(Kind::xml)), named("string", "io.debezium.data.Xml"));
    EXPECT_EQ(schema(type_of(Kind::text, "tsvector")), named("string", "io.debezium.data.Tsvector"));
    EXPECT_EQ(schema(type_of(Kind::text, "ltree")), named("string", "io.debezium.data.Ltree"));
    DebeziumOptions connect;
    connect.time = TimePrecision::connect;
    EXPECT_EQ(schema(type_of(Kind::date), connect), named("int32", "org.apache.kafka.connect.data.Date"));
    EXPECT_EQ(schema(type_of(Kind::timestamp), connect),
              named("int64", "org.apache.kafka.connect.data.Timestamp"));
    DebeziumOptions iso;
    iso.time = TimePrecision::isostring;
    EXPECT_EQ(schema(type_of(Kind::timestamp), iso), named("string", "io.debezium.time.IsoTimestamp"));
}

TEST(ConnectSchema, Parameters) {
    EXPECT_EQ(schema(type_of(Kind::decimal, "numeric", 5, 2)),
              R"({"type":"bytes","optional":true,"name":"org.apache.kafka.connect.data.Decimal","version":1,)"
              R"("parameters":{"scale":"2","connect.decimal.precision":"5"},"field":"c"})");
    EXPECT_EQ(schema(type_of(Kind::decimal, "money", -1, 2)),
              R"({"type":"bytes","optional":true,"name":"org.apache.kafka.connect.data.Decimal","version":1,)"
              R"("parameters":{"scale":"2"},"field":"c"})");
    EXPECT_EQ(
        schema(type_of(Kind::decimal, "numeric")),
        R"({"type":"struct","fields":[{"type":"int32","optional":false,"field":"scale"},)"
        R"({"type":"bytes","optional":false,"field":"value"}],"optional":true,)"
        R"("name":"io.debezium.data.VariableScaleDecimal","version":1,"doc":"Variable scaled decimal","field":"c"})");
    EXPECT_EQ(schema(type_of(Kind::bits, "bit", 2)),
              R"({"type":"bytes","optional":true,"name":"io.debezium.data.Bits","version":1,)"
              R"("parameters":{"length":"2"},"field":"c"})");
    EXPECT_EQ(schema(type_of(Kind::bits, "bit", 1)), R"({"type":"boolean","optional":true,"field":"c"})");
    Type status = type_of(Kind::enumeration, "status");
    status.labels = {"new", "paid"};
    EXPECT_EQ(schema(status),
              R"({"type":"string","optional":true,"name":"io.debezium.data.Enum","version":1,)"
              R"("parameters":{"allowed":"new,paid"},"field":"c"})");
}

TEST(ConnectSchema, Nested) {
    Type numbers = type_of(Kind::array);
    numbers.element = std::make_shared<Type>(type_of(Kind::int32));
    EXPECT_EQ(schema(numbers),
              R"({"type":"array","items":{"type":"int32","optional":true},"optional":true,"field":"c"})");
    DebeziumOptions map;
    map.hstore = HstoreMode::map;
    EXPECT_EQ(
        schema(type_of(Kind::map), map),
        R"({"type":"map","keys":{"type":"string","optional":false},"values":{"type":"string","optional":true},)"
        R"("optional":true,"field":"c"})");
}

TEST(ConnectSchema, DefaultsAreOnlyWhatIsALiteral) {
    EXPECT_EQ(literal(Kind::text, "'it''s'::text"), R"("it's")");
    EXPECT_EQ(literal(Kind::text, "'x'::character varying(20)"), R"("x")");
    EXPECT_EQ(literal(Kind::enumeration, "'new'::order_status"), R"("new")");
    EXPECT_EQ(literal(Kind::int32, "0"), "0");
    EXPECT_EQ(literal(Kind::int32, "'-1'::integer"), "-1");
    EXPECT_EQ(literal(Kind::int32, "1.5"), "");
    EXPECT_EQ(literal(Kind::boolean, "true"), "true");
    EXPECT_EQ(literal(Kind::float64, "0.5"), "0.5");
    for (auto expression :
         {"CURRENT_USER", "NULL::text", "(1 + 2)", "'a' || 'b'", "'a'::text || 'b'::text", "'open"})
        EXPECT_EQ(literal(Kind::text, expression), "") << expression;
    EXPECT_EQ(literal(Kind::int32, "1 + 2"), "");
}

TEST(ConnectSchema, DefaultsInTheTypesRepresentation) {
    auto shown = [](Type type, std::string expression, DebeziumOptions o = {}) {
        Column c = column("c", std::move(type));
        c.default_expression = std::move(expression);
        return default_json(c, o);
    };
    EXPECT_EQ(shown(type_of(Kind::decimal, "numeric", 5, 2), "1.50"), "\"AJY=\"");
    EXPECT_EQ(shown(type_of(Kind::date), "'2020-01-01'::date"), "18262");
    EXPECT_EQ(shown(type_of(Kind::time), "'10:00:00'::time without time zone"), "36000000000");
    EXPECT_EQ(shown(type_of(Kind::timestamp), "'2020-01-01 10:00:00.5'::timestamp without time zone"),
              "1577872800500000");
    EXPECT_EQ(shown(type_of(Kind::timestamp_tz), "'2020-01-01 10:00:00+00'::timestamp with time zone"),
              R"("2020-01-01T10:00:00.000000Z")");
    EXPECT_EQ(shown(type_of(Kind::timestamp_tz), "'2020-01-01 10:00:00-03:30'::timestamp with time zone"),
              R"("2020-01-01T13:30:00.000000Z")");
    EXPECT_EQ(shown(type_of(Kind::interval), "'1 day'::interval"), "86400000000");
    EXPECT_EQ(shown(type_of(Kind::interval), "'1 mon -00:00:01.5'::interval"), "2629798500000");
    EXPECT_EQ(shown(type_of(Kind::bits, "bit", 3), "'101'::\"bit\""), "\"BQ==\"");
    EXPECT_EQ(shown(type_of(Kind::bits, "bit", 10), "B'1000000001'::\"bit\""), "\"AQI=\"");
    EXPECT_EQ(shown(type_of(Kind::uuid), "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid"),
              "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\"");
    for (auto expression : {"'2020-01'::date", "'infinity'::date", "'2020-01-01 BC'::date", "'x'::date"})
        EXPECT_EQ(shown(type_of(Kind::date), expression), "") << expression;
    for (auto expression : {"'1 fortnight'::interval", "'1'::interval", "'01:0x'::interval"})
        EXPECT_EQ(shown(type_of(Kind::interval), expression), "") << expression;
}

// What the server would compute is not known; Debezium shows a zero.
TEST(ConnectSchema, DefaultsThatAreFunctions) {
    EXPECT_EQ(literal(Kind::text, "lower('X'::text)"), "\"\"");
    EXPECT_EQ(literal(Kind::int32, "nextval('s'::regclass)"), "0");
    EXPECT_EQ(literal(Kind::int32, "f()"), "0");
    EXPECT_EQ(literal(Kind::timestamp, "now()"), "0");
    EXPECT_EQ(literal(Kind::timestamp_tz, "pg_catalog.now()"), R"("1970-01-01T00:00:00.000000Z")");
    EXPECT_EQ(literal(Kind::date, "CURRENT_DATE"), "0");
    EXPECT_EQ(literal(Kind::bytes, "decode('00'::text, 'hex'::text)"), "");
}

TEST(ConnectSchema, RecordsWithSchemas) {
    Column status = column("status", type_of(Kind::text), false);
    status.default_expression = "'new'::text";
    auto t = test::table("orders", {column("id", type_of(Kind::int32), false), status}, {0});
    auto o = test::options();
    o.key_schemas = o.schemas_enable = true;
    auto text = test::lines(o, t, [&](BlockBuilder& b) {
        b.begin_row(Op::remove, *t, SourceOffset(5));
        b.begin_before(true);
        b.set_fixed<int32_t>(0, 9);
        b.end_tuple();
        b.end_row();
    });
    std::string key =
        R"({"schema":{"type":"struct","fields":[{"type":"int32","optional":false,"field":"id"}],)"
        R"("optional":false,"name":"shop.public.orders.Key"},"payload":{"id":9}})";
    auto row = [](std::string field) {
        return R"({"type":"struct","fields":[{"type":"int32","optional":false,"field":"id"},)"
               R"({"type":"string","optional":false,"default":"new","field":"status"}],"optional":true,)"
               R"("name":"shop.public.orders.Value","field":")" +
               field + "\"}";
    };
    EXPECT_TRUE(text.starts_with(R"({"topic":"shop.public.orders","key":)" + key +
                                 R"(,"headers":{},"value":{"schema":{"type":"struct","fields":[)" +
                                 row("before") + "," + row("after") +
                                 R"(,{"type":"struct","fields":[{"type":"string",)"))
        << text;
    // A column that is NOT NULL cannot be null under this schema: it has its default.
    EXPECT_NE(
        text.find(
            R"("name":"shop.public.orders.Envelope","version":2},"payload":{"before":{"id":9,"status":"new"},)"),
        std::string::npos)
        << text;
    EXPECT_TRUE(text.ends_with(R"("ts_ns":1559033905000456000}}})"
                               "\n"
                               R"({"topic":"shop.public.orders","key":)" +
                               key + R"(,"headers":{},"value":null})" + "\n"))
        << text;
}

TEST(ConnectSchema, MessagesAndTransactionsWithSchemas) {
    auto o = test::options();
    o.key_schemas = o.schemas_enable = o.transaction_metadata = true;
    auto text =
        test::lines(o, nullptr, [&](BlockBuilder& b) { b.add_message(SourceOffset(1), true, "p", {}); });
    int depth = 0;
    for (char c : text) {
        if (c == '{' || c == '[') ++depth;
        if (c == '}' || c == ']') --depth;
        if (c == '\n') {
            EXPECT_EQ(depth, 0);
        }
    }
    for (auto name :
         {"io.debezium.connector.postgresql.MessageKey", "io.debezium.connector.postgresql.MessageValue",
          "io.debezium.connector.common.TransactionMetadataKey",
          "io.debezium.connector.common.TransactionMetadataValue"})
        EXPECT_NE(text.find(name), std::string::npos) << name;
}

}  // namespace leat
