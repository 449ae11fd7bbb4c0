// For tests: one value through a decoder, a block and a reader, and back out as bytes or as readable text.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/block_builder.h"
#include "model/block_reader.h"
#include "source/postgres/values/value_decoder.h"

namespace leat::pg {

inline Type type_of(Kind kind, std::string name = "test", uint64_t oid = 0) {
    Type type;
    type.kind = kind;
    type.native_name = std::move(name);
    type.native_id = oid;
    return type;
}

inline Type array_of(Type element) {
    Type type = type_of(Kind::array, "_" + element.native_name);
    type.element = std::make_shared<const Type>(std::move(element));
    return type;
}

inline Type composite_of(std::vector<Type> fields) {
    Type type = type_of(Kind::composite, "row");
    for (Type& field : fields)
        type.fields.push_back({"f" + std::to_string(type.fields.size()), std::move(field)});
    return type;
}

// The value's bytes as a reader sees them. The value stands between two others, which have to be as they
// were.
inline Result<std::string> decode_value(const Type& type, std::string_view text) {
    TableDefinition definition;
    definition.id = SchemaId(1);
    for (const Type& of_column : {type_of(Kind::text), type, type_of(Kind::text)}) {
        Column& column = definition.columns.emplace_back();
        column.name = "c" + std::to_string(definition.columns.size() - 1);
        column.type = of_column;
    }
    auto schema = TableSchema::make(definition);

    BlockBuilder builder;
    builder.add_schema(*schema);
    builder.begin_transaction({}, 0);
    builder.begin_row(Op::create, *schema, SourceOffset(1));
    builder.begin_after();
    builder.set_text(0, "before");
    ColumnDecoder decoder = make_value_decoder(schema->columns[1].type);
    if (Status status = decoder(text, 1, builder); !status) {
        builder.abort_row();
        return std::unexpected(status.error());
    }
    builder.set_text(2, "after");
    builder.end_tuple();
    builder.end_row();
    builder.end_transaction(1, SourceOffset(2));
    Block block = builder.finish(BlockFlag::unit_begin | BlockFlag::unit_end, "p");
    block.seal(Seq(1), UnitId(1));

    SchemaSet schemas;
    BlockReader reader(block, schemas);
    while (true) {
        auto item = reader.next();
        if (!item) return std::unexpected(item.error());
        if (*item != BlockReader::Item::change) continue;
        const TupleView& tuple = reader.change().after;
        EXPECT_EQ(tuple.text(0), "before");
        EXPECT_EQ(tuple.text(2), "after");
        EXPECT_EQ(tuple.state(1), ValueState::value);
        return std::string(tuple.text(1));
    }
}

template <class T>
T number_at(std::string_view bytes, size_t offset = 0) {
    T value{};
    EXPECT_LE(offset + sizeof value, bytes.size());
    if (offset + sizeof value <= bytes.size()) std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

template <class T>
T fixed_value(const Type& type, std::string_view text) {
    auto bytes = decode_value(type, text);
    EXPECT_TRUE(bytes) << text << ": " << bytes.error().message;
    if (!bytes) return T{};
    EXPECT_EQ(bytes->size(), sizeof(T)) << text;
    return number_at<T>(*bytes);
}

// A canonical value written out: nested values as [lower:length…]{a,b}, (a,b) and {k=>v}, NULL as ~.
std::string show(const Type& type, Bytes value);
inline std::string shown(const Type& type, std::string_view text) {
    auto bytes = decode_value(type, text);
    return bytes ? show(type, as_bytes(*bytes)) : "error: " + bytes.error().message;
}

// The code of the error, or INTERNAL where there was none. No message may hold the value.
inline ErrorCode error_of(const Type& type, std::string_view text) {
    auto bytes = decode_value(type, text);
    if (bytes) return ErrorCode::INTERNAL;
    EXPECT_TRUE(text.size() <= 3 || bytes.error().to_string().find(text) == std::string::npos) << text;
    return bytes.error().code;
}
inline bool malformed(const Type& type, std::string_view text) {
    return error_of(type, text) == ErrorCode::PG_VALUE_MALFORMED;
}

}  // namespace leat::pg
