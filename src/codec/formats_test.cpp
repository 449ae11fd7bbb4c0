// The formats whose records are one object: flat, event, cloudevents.
#include "codec/format.h"
#include "codec/test_support.h"
#include "codec/text_encoder.h"

namespace leat {
namespace {

using test::column;
using test::options;
using test::type_of;

std::shared_ptr<const TableSchema> orders() {
    return test::table("orders",
                       {column("id", type_of(Kind::int32), false), column("note", type_of(Kind::text)),
                        column("price", type_of(Kind::decimal, "numeric", 10, 2))},
                       {0});
}

using Fill = std::function<void(BlockBuilder&)>;

std::string lines(Format format, const std::shared_ptr<const TableSchema>& schema, const Fill& fill,
                  DebeziumOptions o = options(), ColumnProjection columns = {},
                  Transaction t = test::transaction()) {
    o.database = "shop";
    auto encoder = make_encoder(format, o, std::move(columns));
    ByteBuffer buffer;
    std::unique_ptr<RecordSink> writer;
    if (encoder->values_alone())
        writer = std::make_unique<LineWriter>(buffer);
    else
        writer = std::make_unique<NdjsonWriter>(buffer);
    Status status = test::run(*encoder, schema, fill, *writer, t);
    if (!status) return "ERROR " + status.error().to_string();
    return std::string(buffer.text());
}

void put(BlockBuilder& b, int32_t id, std::string_view note, std::string_view price = "12.50") {
    b.set_fixed<int32_t>(0, id);
    b.set_text(1, note);
    b.set_text(2, price);
    b.end_tuple();
}

Fill insert(const TableSchema& t, Op op = Op::create) {
    return [&t, op](BlockBuilder& b) {
        b.begin_row(op, t, SourceOffset(900));
        b.begin_after();
        put(b, 7, "a \"b\"");
        b.end_row();
    };
}
Fill update_key(const TableSchema& t) {
    return [&t](BlockBuilder& b) {
        b.begin_row(Op::update, t, SourceOffset(900));
        b.begin_before(true);
        b.set_fixed<int32_t>(0, 7);
        b.end_tuple();
        b.begin_after();
        put(b, 8, "n");
        b.end_row();
    };
}
Fill remove(const TableSchema& t) {
    return [&t](BlockBuilder& b) {
        b.begin_row(Op::remove, t, SourceOffset(900));
        b.begin_before(true);
        b.set_fixed<int32_t>(0, 7);
        b.end_tuple();
        b.end_row();
    };
}
// An update of the price; the note is TOASTed and was not sent.
Fill update_toasted(const TableSchema& t, bool old_row) {
    return [&t, old_row](BlockBuilder& b) {
        b.begin_row(Op::update, t, SourceOffset(900));
        if (old_row) {
            b.begin_before(false);
            put(b, 7, "long", "1.00");
        }
        b.begin_after();
        b.set_fixed<int32_t>(0, 7);
        b.set_state(1, ValueState::unchanged);
        b.set_state(2, ValueState::null);
        b.end_tuple();
        b.end_row();
    };
}
Fill truncate(const TableSchema& t) {
    return [&t](BlockBuilder& b) { b.add_truncate(t, SourceOffset(900), false, false); };
}
Fill message() {
    return [](BlockBuilder& b) { b.add_message(SourceOffset(900), true, "audit", as_bytes("hi")); };
}

const std::string flat_end = R"("__table":"public.orders","__ts":"2019-05-28T08:58:24.863123Z")";

TEST(Flat, ColumnsThenMetadata) {
    auto t = orders();
    std::string row = R"({"id":7,"note":"a \"b\"","price":"BOI=",)";
    EXPECT_EQ(lines(Format::flat, t, insert(*t)),
              row + R"("__op":"c",)" + flat_end + R"(,"__deleted":"false","__seq":1})" + "\n");
    EXPECT_EQ(lines(Format::flat, t, insert(*t, Op::read)),
              row + R"("__op":"r",)" + flat_end + R"(,"__deleted":"false","__seq":1})" + "\n");
}

TEST(Flat, ADeleteHasWhatIsKnownOfTheRow) {
    auto t = orders();
    EXPECT_EQ(lines(Format::flat, t, remove(*t)),
              R"({"id":7,"__op":"d",)" + flat_end + R"(,"__deleted":"true","__seq":1})" + "\n");
}

TEST(Flat, WhatIsUnchangedAndNotKnownIsAbsent) {
    auto t = orders();
    EXPECT_EQ(lines(Format::flat, t, update_toasted(*t, false)),
              R"({"id":7,"price":null,"__op":"u",)" + flat_end + R"(,"__deleted":"false","__seq":1})" + "\n");
    EXPECT_EQ(lines(Format::flat, t, update_toasted(*t, true)),
              R"({"id":7,"note":"long","price":null,"__op":"u",)" + flat_end +
                  R"(,"__deleted":"false","__seq":1})" + "\n");
}

TEST(Flat, AChangeOfTheKeyIsADeleteAndACreateAndOnlyTheLastHasTheSequence) {
    auto t = orders();
    EXPECT_EQ(lines(Format::flat, t, update_key(*t)),
              R"({"id":7,"__op":"d",)" + flat_end + R"(,"__deleted":"true"})" + "\n" +
                  R"({"id":8,"note":"n","price":"BOI=","__op":"c",)" + flat_end +
                  R"(,"__deleted":"false","__seq":1})" + "\n");
}

TEST(Flat, TruncateAndMessages) {
    auto t = orders();
    EXPECT_EQ(lines(Format::flat, t, truncate(*t)), R"({"__op":"t",)" + flat_end + R"(,"__seq":1})" + "\n");
    EXPECT_EQ(lines(Format::flat, nullptr, message()),
              R"({"prefix":"audit","content":"aGk=","__op":"m","__table":null,)"
              R"("__ts":"2019-05-28T08:58:24.863123Z","__seq":1})"
              "\n");
}

TEST(Flat, AColumnNamedAsAMemberIsKeptApart) {
    auto t = test::table("odd",
                         {column("__op", type_of(Kind::int32), false), column("___op", type_of(Kind::int32)),
                          column("__seq", type_of(Kind::int32))},
                         {0});
    auto line = lines(Format::flat, t, [&](BlockBuilder& b) {
        b.begin_row(Op::create, *t, SourceOffset(1));
        b.begin_after();
        for (size_t i = 0; i < 3; ++i) b.set_fixed<int32_t>(i, static_cast<int32_t>(i));
        b.end_tuple();
        b.end_row();
    });
    EXPECT_TRUE(line.starts_with(R"({"____op":0,"___op":1,"___seq":2,"__op":"c",)")) << line;
}

TEST(Flat, OptionsOfTheSourceHold) {
    auto t = orders();
    auto o = options();
    o.decimal = DecimalMode::string;
    EXPECT_NE(lines(Format::flat, t, insert(*t), o).find(R"("price":"12.50")"), std::string::npos);
    o.skipped_operations = "dt";
    EXPECT_EQ(lines(Format::flat, t, remove(*t), o) + lines(Format::flat, t, truncate(*t), o), "");
    o.message_prefix_exclude = {"aud.*"};
    EXPECT_EQ(lines(Format::flat, nullptr, message(), o), "");
    o.skip_unchanged = true;
    EXPECT_NE(lines(Format::flat, t, update_toasted(*t, true), o), "");
    EXPECT_EQ(lines(Format::flat, t, update_toasted(*t, true), o, ColumnProjection({"note"})), "");
}

std::string event(std::string_view operation, std::string_view before, std::string_view after) {
    return R"({"event_id":"shop:1:900","source_db":"shop","table_name":"public.orders","operation":")" +
           std::string(operation) + R"(","before_data":)" + std::string(before) + R"(,"after_data":)" +
           std::string(after) +
           R"(,"timestamp":"2019-05-28T08:58:24.863123Z","transaction_id":"571","sequence_number":1})" + "\n";
}

TEST(Event, HasItsMembers) {
    auto t = orders();
    std::string row = R"({"id":7,"note":"a \"b\"","price":"BOI="})";
    EXPECT_EQ(lines(Format::event, t, insert(*t)), event("INSERT", "null", row));
    EXPECT_EQ(lines(Format::event, t, remove(*t)), event("DELETE", R"({"id":7})", "null"));
    EXPECT_EQ(lines(Format::event, t, truncate(*t)), event("TRUNCATE", "null", "null"));
    EXPECT_EQ(lines(Format::event, t, update_key(*t)),
              event("UPDATE", R"({"id":7})", R"({"id":8,"note":"n","price":"BOI="})"));
    EXPECT_EQ(lines(Format::event, t, update_toasted(*t, false)),
              event("UPDATE", "null", R"({"id":7,"price":null})"));
    EXPECT_EQ(lines(Format::event, t, update_toasted(*t, true)),
              event("UPDATE", R"({"id":7,"note":"long","price":"ZA=="})",
                    R"({"id":7,"note":"long","price":null})"));
}

TEST(Event, ASnapshotHasNoTransaction) {
    auto t = orders();
    auto transaction = test::transaction();
    transaction.snapshot = true;
    auto line = lines(Format::event, t, insert(*t, Op::read), options(), {}, transaction);
    EXPECT_NE(line.find(R"("operation":"SNAPSHOT")"), std::string::npos);
    EXPECT_NE(line.find(R"("transaction_id":null)"), std::string::npos);
}

TEST(Event, MessagesHaveTheTimeTheyWereTakenIfTheyBelongToNoTransaction) {
    std::string begin =
        R"({"event_id":"shop:1:900","source_db":"shop","table_name":null,"operation":"MESSAGE",)"
        R"("before_data":null,"after_data":{"prefix":"audit","content":"aGk="},"timestamp":)";
    EXPECT_EQ(lines(Format::event, nullptr, message()),
              begin + R"("2019-05-28T08:58:24.863123Z","transaction_id":"571","sequence_number":1})" + "\n");
    BlockBuilder builder;
    builder.add_message(SourceOffset(900), false, "audit", as_bytes("hi"));
    auto o = options();
    o.database = "shop";
    auto encoder = make_encoder(Format::event, o);
    ByteBuffer buffer;
    LineWriter writer(buffer);
    SchemaSet schemas;
    Block block = builder.finish(BlockFlag::unit_begin | BlockFlag::unit_end, "P");
    ASSERT_TRUE(test::run_block(*encoder, std::move(block), schemas, writer));
    EXPECT_EQ(buffer.text(),
              begin + R"("2019-05-28T08:58:25.000456Z","transaction_id":null,"sequence_number":1})" + "\n");
}

// A record tells who orders by key that there are two.
TEST(Event, AChangeOfTheKeyNamesBoth) {
    struct Keys : RecordSink {
        std::string key, old_key;
        void write(const Record& record) override {
            key = record.key.value_or("-");
            old_key = record.old_key.value_or("-");
        }
    } keys;
    auto t = orders();
    auto encoder = make_encoder(Format::event, options());
    ASSERT_TRUE(test::run(*encoder, t, update_key(*t), keys));
    EXPECT_EQ(keys.key, R"({"id":8})");
    EXPECT_EQ(keys.old_key, R"({"id":7})");
    ASSERT_TRUE(test::run(*encoder, t, insert(*t), keys));
    EXPECT_EQ(keys.key, R"({"id":7})");
    EXPECT_EQ(keys.old_key, "-");
}

const std::string cloud_data =
    R"({"op":"c","database":"shop","table":"public.orders","transaction_id":"571","before":null,)"
    R"("after":{"id":7,"note":"a \"b\"","price":"BOI="}})";

TEST(CloudEvents, Structured) {
    auto t = orders();
    EXPECT_EQ(lines(Format::cloudevents, t, insert(*t)),
              R"({"specversion":"1.0","id":"shop:1:900","source":"/leat/shop","type":"leat.change.insert",)"
              R"("subject":"public.orders","time":"2019-05-28T08:58:24.863123Z",)"
              R"("datacontenttype":"application/json","sequence":"00000000000000000001","data":)" +
                  cloud_data + "}\n");
    EXPECT_EQ(lines(Format::cloudevents, nullptr, message()),
              R"({"specversion":"1.0","id":"shop:1:900","source":"/leat/shop","type":"leat.change.message",)"
              R"("time":"2019-05-28T08:58:24.863123Z","datacontenttype":"application/json",)"
              R"("sequence":"00000000000000000001","data":{"op":"m","database":"shop","table":null,)"
              R"("transaction_id":"571","message":{"prefix":"audit","content":"aGk="}}})"
              "\n");
}

TEST(CloudEvents, BinaryHasAttributesAsHeaders) {
    auto t = orders();
    EXPECT_EQ(lines(Format::cloudevents_binary, t, insert(*t)),
              R"({"topic":"shop.public.orders","key":{"id":7},"headers":{"ce-specversion":"1.0",)"
              R"("ce-id":"shop:1:900","ce-source":"/leat/shop","ce-type":"leat.change.insert",)"
              R"("ce-subject":"public.orders","ce-time":"2019-05-28T08:58:24.863123Z",)"
              R"("ce-sequence":"00000000000000000001","content-type":"application/json"},"value":)" +
                  cloud_data + "}\n");
}

TEST(CloudEvents, NamesAreEscapedForWhereTheyStand) {
    auto t = test::table("Größe \"x\"\\%", {column("id", type_of(Kind::int32), false)}, {0});
    auto o = options();
    o.topic_prefix = "my shop";
    Fill fill = [&](BlockBuilder& b) {
        b.begin_row(Op::create, *t, SourceOffset(1));
        b.begin_after();
        b.set_fixed<int32_t>(0, 1);
        b.end_tuple();
        b.end_row();
    };
    auto structured = lines(Format::cloudevents, t, fill, o),
         binary = lines(Format::cloudevents_binary, t, fill, o);
    EXPECT_NE(structured.find(R"("source":"/leat/my%20shop")"), std::string::npos) << structured;
    EXPECT_NE(structured.find(R"("subject":"public.Größe \"x\"\\%")"), std::string::npos) << structured;
    EXPECT_NE(binary.find(R"("ce-source":"/leat/my%2520shop")"), std::string::npos) << binary;
    EXPECT_NE(binary.find(R"("ce-id":"my%20shop:1:1")"), std::string::npos) << binary;
    EXPECT_NE(binary.find(R"("ce-subject":"public.Gr%C3%B6%C3%9Fe%20%22x%22%5C%25")"), std::string::npos)
        << binary;
}

TEST(Formats, OnlyTheColumnsThatAreAskedForButKeysStayWhole) {
    auto t = orders();
    for (auto& glob : {"price", "orders.price", "public.orders.p*", "*.*.price"}) {
        ColumnProjection columns({glob});
        EXPECT_TRUE(
            lines(Format::flat, t, insert(*t), options(), columns).starts_with(R"({"price":"BOI=","__op")"))
            << glob;
        auto envelope = lines(Format::debezium, t, insert(*t), options(), columns);
        EXPECT_NE(envelope.find(R"("key":{"id":7})"), std::string::npos);
        EXPECT_NE(envelope.find(R"("after":{"price":"BOI="})"), std::string::npos) << envelope;
    }
    ColumnProjection other({"items.price"});
    EXPECT_TRUE(lines(Format::flat, t, insert(*t), options(), other).starts_with(R"({"__op":"c")"));
    auto with_schema = options();
    with_schema.schemas_enable = true;
    auto line = lines(Format::debezium, t, insert(*t), with_schema, ColumnProjection({"price"}));
    EXPECT_EQ(line.find(R"("field":"note")"), std::string::npos) << line;
    EXPECT_NE(line.find(R"("field":"price")"), std::string::npos) << line;
}

TEST(Formats, AnUnknownColumnIsToldWithTheNearest) {
    auto t = orders();
    const TableSchema* tables[] = {t.get()};
    EXPECT_TRUE(ColumnProjection({"price", "orders.i*"}).check(tables));
    EXPECT_TRUE(ColumnProjection({"public.to_come.x"}).check(tables)) << "its table may yet come";
    EXPECT_TRUE(ColumnProjection({"x"}).check({}));
    for (auto [glob, near] : {std::pair("pirce", "price?"),
                              {"orders.pirce", "orders.price?"},
                              {"public.orders.nota", "public.orders.note?"}}) {
        auto wrong = ColumnProjection({glob}).check(tables);
        ASSERT_FALSE(wrong) << glob;
        EXPECT_EQ(wrong.error().code, ErrorCode::SELECTION_UNKNOWN);
        EXPECT_NE(wrong.error().action.find(near), std::string::npos) << wrong.error().action;
    }
}

TEST(Formats, ARowThatEnteredASelectionShowsNoOldRow) {
    auto t = orders();
    // As ChangeSelection makes it: a create whose old row fills what the update left alone.
    struct Entering : Encoder {
        std::unique_ptr<Encoder> inner;
        Status begin(const Transaction&, RecordSink&) override { return {}; }
        Status encode(const Change& change, const Transaction& transaction, int64_t time,
                      RecordSink& out) override {
            Change entered = change;
            entered.op = Op::create;
            return inner->encode(entered, transaction, time, out);
        }
        Status commit(const Transaction&, uint64_t, int64_t, RecordSink&) override { return {}; }
    };
    for (Format format : {Format::debezium, Format::event, Format::flat, Format::cloudevents}) {
        Entering encoder;
        encoder.inner = make_encoder(format, options());
        ByteBuffer buffer;
        LineWriter writer(buffer);
        ASSERT_TRUE(test::run(encoder, t, update_toasted(*t, true), writer));
        EXPECT_NE(buffer.text().find(R"("id":7,"note":"long","price":null)"), std::string::npos)
            << buffer.text();
        EXPECT_EQ(buffer.text().find("ZA=="), std::string::npos) << buffer.text();
    }
}

TEST(Formats, SayWhichReplayTheyAreToldIn) {
    auto t = orders();
    auto o = options();
    o.replay = "r\"1";
    EXPECT_NE(lines(Format::flat, t, insert(*t), o).find(R"(,"__replay":"r\"1","__seq":1})"),
              std::string::npos);
    EXPECT_NE(lines(Format::event, t, insert(*t), o).find(R"("sequence_number":1,"replay":"r\"1"})"),
              std::string::npos);
    EXPECT_NE(lines(Format::cloudevents, t, insert(*t), o).find(R"(,"leatreplay":"r\"1","data":{)"),
              std::string::npos);
    EXPECT_NE(
        lines(Format::cloudevents_binary, t, insert(*t), o).find(R"("ce-leatreplay":"r%221","content-type")"),
        std::string::npos);
    for (auto& fill : {insert(*t), truncate(*t), message()})
        EXPECT_NE(lines(Format::debezium, t, fill, o).find(R"("headers":{"leat.replay":"r\"1"})"),
                  std::string::npos);
}

TEST(Formats, HaveNames) {
    for (std::string_view text : format_names()) EXPECT_EQ(name(*parse_format(text)), text);
    auto wrong = parse_format("cloudevent");
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().action.find("cloudevents"), std::string::npos);
}

}  // namespace
}  // namespace leat
