#include "codec/debezium_encoder.h"

#include "codec/test_support.h"

namespace leat {
namespace {

using test::column;
using test::lines;
using test::options;
using test::type_of;

std::shared_ptr<const TableSchema> customers() {
    return test::table("customers",
                       {column("id", type_of(Kind::int32), false), column("name", type_of(Kind::text), false),
                        column("email", type_of(Kind::text))},
                       {0});
}

void put_row(BlockBuilder& b, int32_t id, std::string_view name) {
    b.set_fixed<int32_t>(0, id);
    b.set_text(1, name);
    b.set_state(2, ValueState::null);
    b.end_tuple();
}

void insert(BlockBuilder& b, const TableSchema& t, int32_t id, std::string_view name, Op op = Op::create,
            SnapshotPlace place = SnapshotPlace::none) {
    b.begin_row(op, t, SourceOffset(53195744), place);
    b.begin_after();
    put_row(b, id, name);
    b.end_row();
}

std::string source_with(std::string_view snapshot, std::string_view table = "customers") {
    return R"("source":{"version":"0.1","connector":"postgresql","name":"shop","ts_ms":1559033904863,"snapshot":")" +
           std::string(snapshot) +
           R"(","db":"shop","sequence":"[\"53195701\",\"53195744\"]","ts_us":1559033904863123,)"
           R"("ts_ns":1559033904863123000,"schema":"public","table":")" +
           std::string(table) + R"(","txId":571,"lsn":53195744,"xmin":null,"origin":null,"origin_lsn":null})";
}
const std::string source = source_with("false");
const std::string tail = R"(","ts_ms":1559033905000,"ts_us":1559033905000456,"ts_ns":1559033905000456000}})"
                         "\n";
const std::string head = R"({"topic":"shop.public.customers","key":)";

}  // namespace

TEST(DebeziumEncoder, Insert) {
    auto t = customers();
    EXPECT_EQ(
        lines(options(), t, [&](auto& b) { insert(b, *t, 1, "Ann"); }),
        head + R"({"id":1},"headers":{},"value":{"before":null,"after":{"id":1,"name":"Ann","email":null},)" +
            source + R"(,"transaction":null,"op":"c)" + tail);
}

TEST(DebeziumEncoder, SnapshotReadSaysItsPlace) {
    auto t = customers();
    std::pair<SnapshotPlace, const char*> places[] = {
        {SnapshotPlace::inside, "true"},
        {SnapshotPlace::first, "first"},
        {SnapshotPlace::first_of_table, "first_in_data_collection"},
        {SnapshotPlace::last_of_table, "last_in_data_collection"},
        {SnapshotPlace::last, "last"}};
    for (auto [place, name] : places) {
        auto line = lines(options(), t, [&](auto& b) { insert(b, *t, 1, "Ann", Op::read, place); });
        EXPECT_NE(line.find(source_with(name)), std::string::npos) << line;
        EXPECT_NE(line.find(R"("op":"r")"), std::string::npos) << line;
    }
}

TEST(DebeziumEncoder, UpdateWithoutOldRowHasNoBefore) {
    auto t = customers();
    EXPECT_EQ(
        lines(options(), t, [&](auto& b) { insert(b, *t, 1, "Bea", Op::update); }),
        head + R"({"id":1},"headers":{},"value":{"before":null,"after":{"id":1,"name":"Bea","email":null},)" +
            source + R"(,"transaction":null,"op":"u)" + tail);
}

TEST(DebeziumEncoder, UpdateUnderReplicaIdentityFullHasTheWholeOldRow) {
    auto t = customers();
    auto update = [&](BlockBuilder& b) {
        b.begin_row(Op::update, *t, SourceOffset(53195744));
        b.begin_before(false);
        put_row(b, 1, "Ann");
        b.begin_after();
        b.set_fixed<int32_t>(0, 1);
        b.set_state(1, ValueState::unchanged);  // the old row has it
        b.set_text(2, "a@x");
        b.end_tuple();
        b.end_row();
    };
    EXPECT_EQ(lines(options(), t, update),
              head + R"({"id":1},"headers":{},"value":{"before":{"id":1,"name":"Ann","email":null},)" +
                  R"("after":{"id":1,"name":"Ann","email":"a@x"},)" + source +
                  R"(,"transaction":null,"op":"u)" + tail);
}

TEST(DebeziumEncoder, DeleteHasTheKeyAndATombstoneFollows) {
    auto t = customers();
    auto remove = [&](BlockBuilder& b) {
        b.begin_row(Op::remove, *t, SourceOffset(53195744));
        b.begin_before(true);
        b.set_fixed<int32_t>(0, 7);
        b.end_tuple();
        b.end_row();
    };
    std::string deleted =
        head + R"({"id":7},"headers":{},"value":{"before":{"id":7,"name":null,"email":null},"after":null,)" +
        source + R"(,"transaction":null,"op":"d)" + tail;
    EXPECT_EQ(lines(options(), t, remove), deleted + head + R"({"id":7},"headers":{},"value":null})" + "\n");
    auto without = options();
    without.tombstones = false;
    EXPECT_EQ(lines(without, t, remove), deleted);
    auto filled = options();
    filled.replace_null_with_default = true;
    EXPECT_NE(lines(filled, t, remove).find(R"("before":{"id":7,"name":"","email":null})"),
              std::string::npos);
}

TEST(DebeziumEncoder, UpdateOfTheKeyIsADeleteAndACreate) {
    auto t = customers();
    auto update = [&](bool key_only) {
        return [&t, key_only](BlockBuilder& b) {
            b.begin_row(Op::update, *t, SourceOffset(53195744));
            b.begin_before(key_only);
            if (key_only) {
                b.set_fixed<int32_t>(0, 1);
                b.end_tuple();
            } else {
                put_row(b, 1, "Ann");
            }
            b.begin_after();
            put_row(b, 2, "Ann");
            b.end_row();
        };
    };
    auto expected = [&](std::string before) {
        return head + R"({"id":1},"headers":{"__debezium.newkey":{"id":2}},"value":{"before":)" + before +
               R"(,"after":null,)" + source + R"(,"transaction":null,"op":"d)" + tail +              //
               head + R"({"id":1},"headers":{"__debezium.newkey":{"id":2}},"value":null})" + "\n" +  //
               head + R"({"id":2},"headers":{"__debezium.oldkey":{"id":1}},"value":{"before":null,)" +
               R"("after":{"id":2,"name":"Ann","email":null},)" + source + R"(,"transaction":null,"op":"c)" +
               tail;
    };
    EXPECT_EQ(lines(options(), t, update(true)), expected(R"({"id":1,"name":null,"email":null})"));
    EXPECT_EQ(lines(options(), t, update(false)), expected(R"({"id":1,"name":"Ann","email":null})"));
}

TEST(DebeziumEncoder, ContextHeadersFollowThoseOfTheRecord) {
    auto t = customers();
    auto o = options();
    o.context_headers = true;
    const std::string context =
        R"("__debezium.context.connectorLogicalName":"shop","__debezium.context.taskId":"0","__debezium.context.connectorName":"postgresql"})";
    auto created = lines(o, t, [&](auto& b) { insert(b, *t, 1, "Ann"); });
    EXPECT_NE(created.find("\"headers\":{" + context + ","), std::string::npos) << created;
    auto moved = lines(o, t, [&](BlockBuilder& b) {
        b.begin_row(Op::update, *t, SourceOffset(5));
        b.begin_before(false);
        put_row(b, 1, "Ann");
        b.begin_after();
        put_row(b, 2, "Ann");
        b.end_row();
    });
    size_t found = 0, count = 0;
    while ((found = moved.find("{\"id\":2}," + context, found + 1)) != std::string::npos) ++count;
    EXPECT_EQ(count, 2u) << "delete and tombstone: " << moved;
    EXPECT_NE(moved.find(R"("headers":{"__debezium.oldkey":{"id":1},)" + context), std::string::npos);
    o.header_schemas = true;
    created = lines(o, t, [&](auto& b) { insert(b, *t, 1, "Ann"); });
    EXPECT_NE(
        created.find(
            R"("__debezium.context.taskId":{"schema":{"type":"string","optional":false},"payload":"0"})"),
        std::string::npos)
        << created;
    auto message = lines(o, nullptr, [&](BlockBuilder& b) { b.add_message(SourceOffset(1), true, "p", {}); });
    EXPECT_EQ(message.find("context"), std::string::npos);
}

TEST(DebeziumEncoder, NoKeyNoTombstone) {
    auto t = test::table("notes", {column("a", type_of(Kind::text))}, {});
    auto remove = [&](BlockBuilder& b) {
        b.begin_row(Op::remove, *t, SourceOffset(53195744));
        b.begin_before(false);
        b.set_text(0, "x");
        b.end_tuple();
        b.end_row();
    };
    EXPECT_EQ(
        lines(options(), t, remove),
        R"({"topic":"shop.public.notes","key":null,"headers":{},"value":{"before":{"a":"x"},"after":null,)" +
            source_with("false", "notes") + R"(,"transaction":null,"op":"d)" + tail);
}

TEST(DebeziumEncoder, Truncate) {
    auto t = customers();
    auto truncate = [&](BlockBuilder& b) { b.add_truncate(*t, SourceOffset(53195744), false, false); };
    EXPECT_EQ(lines(options(), t, truncate), head +
                                                 R"(null,"headers":{},"value":{"before":null,"after":null,)" +
                                                 source + R"(,"transaction":null,"op":"t)" + tail);
    auto skipping = options();
    skipping.skipped_operations = "t";
    EXPECT_EQ(lines(skipping, t, truncate), "");
}

TEST(DebeziumEncoder, Message) {
    auto message = [&](BlockBuilder& b) {
        b.add_message(SourceOffset(53195744), true, "audit", as_bytes("hello"));
    };
    auto with_database = options();
    with_database.database = "shop";
    std::string source_of_message = source_with("false", "");
    source_of_message.replace(source_of_message.find("public"), 6, "");
    EXPECT_EQ(
        lines(with_database, nullptr, message),
        R"({"topic":"shop.message","key":{"prefix":"audit"},"headers":{},"value":{"op":"m","ts_ms":1559033905000,)" +
            source_of_message + R"(,"transaction":null,"message":{"prefix":"audit","content":"aGVsbG8="}}})" +
            "\n");
    with_database.message_prefix_exclude = {"aud.*"};
    EXPECT_EQ(lines(with_database, nullptr, message), "");
    with_database.message_prefix_exclude = {"aud"};  // matches the whole prefix or nothing
    EXPECT_NE(lines(with_database, nullptr, message), "");
    with_database.message_prefix_include = {"other"};
    EXPECT_EQ(lines(with_database, nullptr, message), "");
}

TEST(DebeziumEncoder, MessageOutsideOfATransactionHasNoTransaction) {
    DebeziumJsonEncoder encoder(options());
    ByteBuffer buffer;
    NdjsonWriter writer(buffer);
    BlockBuilder b;
    b.add_message(SourceOffset(99), false, "p", as_bytes(""));
    SchemaSet schemas;
    ASSERT_TRUE(test::run_block(encoder, b.finish(BlockFlag::unit_begin | BlockFlag::unit_end, "P"), schemas,
                                writer));
    EXPECT_NE(buffer.text().find(R"("sequence":"[null,\"99\"]","ts_us":1559033905000456,)"),
              std::string::npos)
        << buffer.text();
    EXPECT_NE(buffer.text().find(R"("txId":null,"lsn":99)"), std::string::npos) << buffer.text();
}

TEST(DebeziumEncoder, TransactionMetadata) {
    auto t = customers();
    auto o = options();
    o.transaction_metadata = true;
    auto text = lines(o, t, [&](auto& b) {
        insert(b, *t, 1, "a");
        b.add_message(SourceOffset(53195744), true, "p", {});
        insert(b, *t, 2, "b");
    });
    EXPECT_TRUE(text.starts_with(
        R"({"topic":"shop.transaction","key":{"id":"571:53195832"},"headers":{},"value":{"status":"BEGIN",)"
        R"("id":"571:53195832","event_count":null,"data_collections":null,"ts_ms":1559033904863}})"
        "\n"))
        << text;
    EXPECT_NE(
        text.find(
            R"("transaction":{"id":"571:53195832","total_order":1,"data_collection_order":1},"op":"c")"),
        std::string::npos);
    EXPECT_NE(
        text.find(
            R"("transaction":{"id":"571:53195832","total_order":2,"data_collection_order":1},"message")"),
        std::string::npos);
    EXPECT_NE(
        text.find(
            R"("transaction":{"id":"571:53195832","total_order":3,"data_collection_order":2},"op":"c")"),
        std::string::npos);
    EXPECT_TRUE(text.ends_with(
        R"({"topic":"shop.transaction","key":{"id":"571:53195832"},"headers":{},"value":{"status":"END",)"
        R"("id":"571:53195832","event_count":3,"data_collections":[{"data_collection":"public.customers",)"
        R"("event_count":2},{"data_collection":"LOGICAL_DECODING_MESSAGE","event_count":1}],"ts_ms":1559033904863}})"
        "\n"))
        << text;
}

TEST(DebeziumEncoder, TopicHasOnlyWhatKafkaTakes) {
    EXPECT_EQ(sanitized_topic("shop.pub lic.Bestellungen-ä_1"), "shop.pub_lic.Bestellungen-__1");
    EXPECT_EQ(sanitized_topic("日本😀"), "____") << "Java has the last one as two characters";
    auto t = test::table("a b", {column("id", type_of(Kind::int32), false)}, {0});
    auto o = options();
    o.topic_delimiter = "-";
    auto text = lines(o, t, [&](BlockBuilder& b) {
        b.begin_row(Op::create, *t, SourceOffset(1));
        b.begin_after();
        b.set_fixed<int32_t>(0, 1);
        b.end_tuple();
        b.end_row();
    });
    EXPECT_TRUE(text.starts_with(R"({"topic":"shop-public-a_b",)")) << text;
}

TEST(DebeziumEncoder, AnotherSchemaOfTheSameTable) {
    auto t = customers();
    auto o = options();
    DebeziumJsonEncoder encoder(o);
    ByteBuffer buffer;
    NdjsonWriter writer(buffer);
    ASSERT_TRUE(test::run(encoder, t, [&](auto& b) { insert(b, *t, 1, "a"); }, writer));
    TableDefinition wider = *t;
    wider.id = SchemaId(2), wider.version = 2;
    wider.columns.push_back(column("age", type_of(Kind::int16)));
    auto second = TableSchema::make(wider);
    buffer.clear();
    ASSERT_TRUE(test::run(
        encoder, second,
        [&](BlockBuilder& b) {
            b.begin_row(Op::create, *second, SourceOffset(1));
            b.begin_after();
            b.set_fixed<int32_t>(0, 2);
            b.set_text(1, "b");
            b.set_state(2, ValueState::null);
            b.set_fixed<int16_t>(3, 44);
            b.end_tuple();
            b.end_row();
        },
        writer));
    EXPECT_NE(buffer.text().find(R"("after":{"id":2,"name":"b","email":null,"age":44})"), std::string::npos);
}

TEST(DebeziumEncoder, AColumnThatIsOnlyInTheKey) {
    TableDefinition definition = *customers();
    definition.columns[0].key_only = true;
    auto t = TableSchema::make(definition);
    EXPECT_EQ(lines(options(), t, [&](auto& b) { insert(b, *t, 1, "Ann"); }),
              head + R"({"id":1},"headers":{},"value":{"before":null,"after":{"name":"Ann","email":null},)" +
                  source + R"(,"transaction":null,"op":"c)" + tail);
    auto with_schemas = options();
    with_schemas.key_schemas = with_schemas.schemas_enable = true;
    std::string line = lines(with_schemas, t, [&](auto& b) { insert(b, *t, 1, "Ann"); });
    std::string id = R"({"type":"int32","optional":false,"field":"id"})";
    EXPECT_EQ(line.find(id), line.rfind(id)) << "once, in the key";
}

TEST(DebeziumEncoder, MessageKeyColumns) {
    auto t = customers();
    auto keyed = options();
    keyed.message_key_columns = {"PUBLIC.cust.*.name", "public.customers.(id|name)", "public.other.email"};
    std::string line = lines(keyed, t, [&](auto& b) { insert(b, *t, 1, "Ann"); });
    EXPECT_NE(line.find(R"("key":{"name":"Ann","id":1})"), std::string::npos) << line;
    // A delete that has the primary key alone has no such key, and no tombstone.
    line = lines(keyed, t, [&](auto& b) {
        b.begin_row(Op::remove, *t, SourceOffset(53195744));
        b.begin_before(true);
        b.template set_fixed<int32_t>(0, 1);
        b.end_tuple();
        b.end_row();
    });
    EXPECT_NE(line.find(R"("key":null)"), std::string::npos) << line;
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

TEST(DebeziumEncoder, MasksStandInTheSchema) {
    TableDefinition definition = *customers();
    definition.columns[1].masked = true;
    definition.columns[2].truncated_to = 20;
    auto t = TableSchema::make(definition);
    auto with_schemas = options();
    with_schemas.key_schemas = with_schemas.schemas_enable = true;
    std::string line = lines(with_schemas, t, [&](auto& b) { insert(b, *t, 1, "Ann"); });
    EXPECT_NE(line.find(R"("parameters":{"masked":"true"},"field":"name")"), std::string::npos) << line;
    EXPECT_NE(line.find(R"("parameters":{"truncateLength":"20"},"field":"email")"), std::string::npos)
        << line;
}

TEST(DebeziumEncoder, UpdatesThatChangeNothingMayBeSkipped) {
    auto t = customers();
    auto skipping = options();
    skipping.skip_unchanged = true;
    auto update = [&](std::string_view before, std::string_view after, bool key_only) {
        return lines(skipping, t, [&](auto& b) {
            b.begin_row(Op::update, *t, SourceOffset(53195744));
            b.begin_before(key_only);
            put_row(b, 1, before);
            b.begin_after();
            put_row(b, 1, after);
            b.end_row();
        });
    };
    EXPECT_EQ(update("Ann", "Ann", false), "");
    EXPECT_NE(update("Ann", "Bob", false), "");
    EXPECT_NE(update("Ann", "Ann", true), "") << "what else was there is not known";
}

TEST(DebeziumEncoder, SchemasOfKeysOrOfValues) {
    auto t = customers();
    auto keys = options();
    keys.key_schemas = true;
    std::string line = lines(keys, t, [&](auto& b) { insert(b, *t, 1, "Ann"); });
    EXPECT_NE(line.find(R"("key":{"schema":)"), std::string::npos) << line;
    EXPECT_NE(line.find(R"("value":{"before":)"), std::string::npos) << line;
    auto values = options();
    values.schemas_enable = true;
    line = lines(values, t, [&](auto& b) { insert(b, *t, 1, "Ann"); });
    EXPECT_NE(line.find(R"("key":{"id":1})"), std::string::npos) << line;
    EXPECT_NE(line.find(R"("value":{"schema":)"), std::string::npos) << line;
}

TEST(DebeziumEncoder, NamesThatAvroTakes) {
    auto t = test::table(
        "odd", {column("a b", type_of(Kind::int32), false), column("c_d", type_of(Kind::text))}, {0});
    auto avro = options();
    avro.field_names = NameAdjustment::avro_unicode;
    std::string line = lines(avro, t, [&](auto& b) {
        b.begin_row(Op::create, *t, SourceOffset(53195744));
        b.begin_after();
        b.template set_fixed<int32_t>(0, 1);
        b.set_text(1, "x");
        b.end_tuple();
        b.end_row();
    });
    EXPECT_NE(line.find(R"("key":{"a_u0020b":1})"), std::string::npos) << line;
    EXPECT_NE(line.find(R"({"a_u0020b":1,"c_u005fd":"x"})"), std::string::npos) << line;
}

}  // namespace leat
