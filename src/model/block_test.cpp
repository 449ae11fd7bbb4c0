#include <gtest/gtest.h>

#include "model/block_builder.h"
#include "model/block_reader.h"

namespace leat {
namespace {

std::shared_ptr<const TableSchema> orders() {
    TableDefinition d;
    d.id = SchemaId(7);
    d.table = TableId(16384);
    d.database = "shop";
    d.schema = "public";
    d.name = "orders";
    d.replica_identity = 'd';
    auto column = [&](std::string name, Kind kind) {
        Column c;
        c.name = std::move(name);
        c.type.kind = kind;
        d.columns.push_back(c);
    };
    column("id", Kind::int32);
    column("note", Kind::text);
    column("price", Kind::decimal);
    column("at", Kind::timestamp);
    column("body", Kind::bytes);
    d.columns[0].identity = true;
    d.columns[1].default_expression = "'x'::text";
    d.columns[1].type.element = nullptr;
    d.key = {0};
    return TableSchema::make(d);
}

Transaction transaction() {
    Transaction t;
    t.id = TransactionId(500);
    t.commit = SourceOffset(1000);
    t.commit_time_us = 123456789;
    return t;
}

ByteBuffer copy(Bytes bytes) {
    ByteBuffer buffer;
    buffer.put_bytes(bytes);
    return buffer;
}

Block sample(const TableSchema& schema) {
    BlockBuilder b;
    b.add_schema(schema);
    b.begin_transaction(transaction(), 0);
    b.begin_row(Op::update, schema, SourceOffset(900));
    b.begin_before(true);
    b.set_fixed<int32_t>(0, 41);
    b.end_tuple();
    b.begin_after();
    b.set_fixed<int32_t>(0, 42);
    b.set_text(1, "hello");
    b.set_state(2, ValueState::null);
    b.set_state(3, ValueState::null);
    b.set_state(4, ValueState::unchanged);
    b.end_tuple();
    b.end_row();
    b.begin_row(Op::create, schema, SourceOffset(901));
    b.begin_after();
    b.set_fixed<int32_t>(0, 1);
    b.abort_row();
    b.add_truncate(schema, SourceOffset(950), true, false);
    b.add_message(SourceOffset(960), true, "prefix", as_bytes("content"));
    b.end_transaction(3, SourceOffset(1010));
    Block block = b.finish(BlockFlag::unit_begin | BlockFlag::unit_end, "POS");
    block.seal(Seq(5), UnitId(2));
    return block;
}

}  // namespace

TEST(Block, RoundTrip) {
    auto schema = orders();
    Block written = sample(*schema);
    auto block = Block::parse(copy(written.bytes()));
    ASSERT_TRUE(block) << block.error().to_string();
    EXPECT_EQ(block->position(), "POS");
    EXPECT_EQ(block->header().end_seq(), 8u);
    EXPECT_EQ(block->header().commit_time_us_max, 123456789);

    using Item = BlockReader::Item;
    SchemaSet schemas;
    BlockReader reader(*block, schemas);
    ASSERT_EQ(reader.next().value(), Item::schema);
    EXPECT_TRUE(reader.schema().same_shape(*schema));
    ASSERT_EQ(reader.next().value(), Item::begin);
    EXPECT_EQ(reader.transaction().id, TransactionId(500));
    ASSERT_EQ(reader.next().value(), Item::change);
    const Change& change = reader.change();
    EXPECT_EQ(change.op, Op::update);
    EXPECT_EQ(change.seq, Seq(5));
    EXPECT_TRUE(change.before_is_key);
    EXPECT_EQ(change.before.fixed<int32_t>(0), 41);
    EXPECT_EQ(change.before.state(1), ValueState::absent);
    EXPECT_EQ(change.after.fixed<int32_t>(0), 42);
    EXPECT_EQ(change.after.text(1), "hello");
    EXPECT_EQ(change.after.state(2), ValueState::null);
    EXPECT_EQ(change.after.state(4), ValueState::unchanged);
    ASSERT_EQ(reader.next().value(), Item::change);
    EXPECT_EQ(change.op, Op::truncate);
    EXPECT_TRUE(change.truncate_cascade);
    ASSERT_EQ(reader.next().value(), Item::change);
    EXPECT_EQ(change.message_prefix, "prefix");
    EXPECT_EQ(change.index, 2u);
    ASSERT_EQ(reader.next().value(), Item::commit);
    EXPECT_EQ(reader.transaction_changes(), 3u);
    EXPECT_EQ(reader.next().value(), Item::end_of_block);
}

TEST(Block, DamageIsFound) {
    Block written = sample(*orders());
    for (size_t at = 0; at < written.size(); ++at) {
        ByteBuffer bytes = copy(written.bytes());
        bytes.data()[at] ^= 0x10;
        EXPECT_FALSE(Block::parse(std::move(bytes))) << "byte " << at;
    }
    for (size_t length = 0; length < written.size(); ++length)
        EXPECT_FALSE(Block::parse(copy(written.bytes().first(length)))) << "length " << length;
}

TEST(Block, NewerVersionHasItsOwnCode) {
    ByteBuffer bytes = copy(sample(*orders()).bytes());
    store<uint16_t>(bytes.data() + 12, 2);
    EXPECT_EQ(Block::parse(std::move(bytes)).error().code, ErrorCode::LOG_NEWER_VERSION);
}

TEST(Block, RowWithoutItsSchemaIsRefused) {
    auto schema = orders();
    BlockBuilder b;
    b.begin_transaction(transaction(), 0);
    b.begin_row(Op::create, *schema, SourceOffset(1));
    b.begin_after();
    b.end_tuple();
    b.end_row();
    Block block = b.finish(0);
    SchemaSet schemas;
    BlockReader reader(block, schemas);
    ASSERT_TRUE(reader.next());
    auto item = reader.next();
    ASSERT_FALSE(item);
    EXPECT_EQ(item.error().code, ErrorCode::BLOCK_MALFORMED);
}

// Whatever the records hold, reading ends with an item or an error, inside the block's bytes.
TEST(Block, MalformedRecordsNeverCrash) {
    Block written = sample(*orders());
    for (size_t at = block_header_bytes; at < written.size(); ++at) {
        for (uint8_t value : {0, 1, 0x7f, 0xff}) {
            ByteBuffer bytes = copy(written.bytes());
            bytes.data()[at] = value;
            Block block(std::move(bytes));
            SchemaSet schemas;
            BlockReader reader(block, schemas);
            while (true) {
                auto item = reader.next();
                if (!item || *item == BlockReader::Item::end_of_block) break;
            }
        }
    }
}

TEST(Schema, RoundTripOfNestedTypes) {
    TableDefinition d = *orders();
    Type element;
    element.kind = Kind::enumeration;
    element.labels = {"sad", "ok"};
    d.columns[1].type.kind = Kind::array;
    d.columns[1].type.element = std::make_shared<const Type>(element);
    d.columns[4].type.kind = Kind::composite;
    d.columns[4].type.fields = {{"a", element}, {"b", {}}};
    d.columns[0].key_only = d.columns[2].masked = true;
    d.columns[1].truncated_to = 20;
    d.columns[3].declared = std::make_shared<const Type>(element);
    auto schema = TableSchema::make(d);
    ByteBuffer bytes;
    schema->encode(bytes);
    auto back = TableSchema::decode(bytes.view());
    ASSERT_TRUE(back);
    EXPECT_TRUE((*back)->same_shape(*schema));
    EXPECT_EQ((*back)->columns[1].default_expression, "'x'::text");
    EXPECT_TRUE((*back)->columns[0].key_only && (*back)->columns[2].masked);
    EXPECT_EQ((*back)->columns[1].truncated_to, 20u);
    EXPECT_EQ((*back)->columns[3].declared_type(), element);
    d.columns[3].declared.reset();
    EXPECT_FALSE((*back)->same_shape(d));
    for (size_t length = 0; length < bytes.size(); ++length)
        EXPECT_FALSE(TableSchema::decode(bytes.view().first(length)));
}

}  // namespace leat
