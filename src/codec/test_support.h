// For the codec's tests only: a table and its changes, built as a block and read back, as an encoder gets
// them.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "codec/debezium_encoder.h"
#include "codec/ndjson_writer.h"
#include "model/block_builder.h"
#include "model/block_reader.h"

namespace leat::test {

inline Type type_of(Kind kind, std::string native = "", int32_t precision = -1, int32_t scale = -1) {
    Type type;
    type.kind = kind;
    type.native_name = std::move(native);
    type.precision = precision;
    type.scale = scale;
    return type;
}

inline Column column(std::string name, Type type, bool nullable = true) {
    Column c;
    c.name = std::move(name);
    c.type = std::move(type);
    c.nullable = nullable;
    return c;
}

inline std::shared_ptr<const TableSchema> table(std::string name, std::vector<Column> columns,
                                                std::vector<uint32_t> key) {
    TableDefinition d;
    d.id = SchemaId(1);
    d.table = TableId(16384);
    d.database = "shop";
    d.schema = "public";
    d.name = std::move(name);
    d.replica_identity = 'd';
    d.columns = std::move(columns);
    for (uint32_t i : key) d.columns[i].identity = true;
    d.key = std::move(key);
    return TableSchema::make(d);
}

inline Transaction transaction() {
    Transaction t;
    t.id = TransactionId(571);
    t.commit = SourceOffset(53195832);
    t.commit_time_us = 1559033904863123;
    t.previous_end = SourceOffset(53195701);
    return t;
}

inline constexpr int64_t captured_at_us = 1559033905000456;

inline Status run_block(Encoder& encoder, Block block, SchemaSet& schemas, RecordSink& out) {
    block.seal(Seq(1), UnitId(1));
    BlockReader reader(block, schemas);
    while (true) {
        LEAT_ASSIGN(auto item, reader.next());
        switch (item) {
            case BlockReader::Item::end_of_block:
                return {};
            case BlockReader::Item::schema:
                break;
            case BlockReader::Item::begin:
                if (!reader.continued()) LEAT_TRY(encoder.begin(reader.transaction(), out));
                break;
            case BlockReader::Item::change:
                LEAT_TRY(encoder.encode(reader.change(), reader.transaction(), captured_at_us, out));
                break;
            case BlockReader::Item::commit:
                LEAT_TRY(
                    encoder.commit(reader.transaction(), reader.transaction_changes(), captured_at_us, out));
                break;
        }
    }
}

// Drives an encoder with what `fill` puts into a block between begin and end of a transaction.
inline Status run(Encoder& encoder, const std::shared_ptr<const TableSchema>& schema,
                  const std::function<void(BlockBuilder&)>& fill, RecordSink& out,
                  Transaction t = transaction()) {
    BlockBuilder builder;
    builder.begin_transaction(t, 0);
    fill(builder);
    builder.end_transaction(builder.change_count(), SourceOffset(t.commit.value + 48));
    SchemaSet schemas;
    if (schema) schemas.add(schema);
    return run_block(encoder, builder.finish(BlockFlag::unit_begin | BlockFlag::unit_end, "P"), schemas, out);
}

// The NDJSON lines of that, with an encoder of the given options.
inline std::string lines(const DebeziumOptions& options, const std::shared_ptr<const TableSchema>& schema,
                         const std::function<void(BlockBuilder&)>& fill, Transaction t = transaction()) {
    DebeziumJsonEncoder encoder(options);
    ByteBuffer buffer;
    NdjsonWriter writer(buffer);
    Status status = run(encoder, schema, fill, writer, t);
    if (!status) return "ERROR " + status.error().to_string();
    return std::string(buffer.text());
}

inline DebeziumOptions options() {
    DebeziumOptions o;
    o.topic_prefix = "shop";
    o.version = "0.1";
    return o;
}

}  // namespace leat::test
