// The text or the binary form of one value, as any type: what the server sends must not be able to crash the
// decoder or make it read or write outside. The first byte picks the type.
#include "model/block_builder.h"
#include "model/block_reader.h"
#include "source/postgres/snapshot/copy_binary_row.h"
#include "source/postgres/snapshot/copy_text_row.h"
#include "source/postgres/values/binary_value.h"
#include "source/postgres/values/well_known_types.h"

namespace {

using namespace leat;

Type of(Kind kind, std::string name = "t", uint64_t oid = 0) {
    Type type;
    type.kind = kind;
    type.native_name = std::move(name);
    type.native_id = oid;
    return type;
}

Type array_of(Type element) {
    Type type = of(Kind::array);
    type.element = std::make_shared<const Type>(std::move(element));
    return type;
}

Type composite_of(std::vector<Type> fields) {
    Type type = of(Kind::composite);
    for (Type& field : fields) type.fields.push_back({"f", std::move(field)});
    return type;
}

// One column of each kind, and of some that nest.
std::shared_ptr<const TableSchema> all_types() {
    TableDefinition definition;
    auto add = [&](Type type) { definition.columns.emplace_back().type = std::move(type); };
    for (uint8_t kind = 1; kind <= kind_max; ++kind) {
        Kind k = static_cast<Kind>(kind);
        if (k == Kind::array || k == Kind::composite) continue;
        add(of(k));
        add(array_of(of(k)));
    }
    add(of(Kind::decimal, "money", 790));
    add(array_of(of(Kind::text, "box", 603)));
    Type row = composite_of({of(Kind::int32), of(Kind::text), array_of(of(Kind::timestamp))});
    add(row);
    add(array_of(row));
    add(composite_of({row, array_of(row), of(Kind::map)}));
    for (const pg::WellKnownType& known : pg::well_known_types())
        add(of(known.kind, std::string(known.name), known.oid));
    return TableSchema::make(std::move(definition));
}

void decode(const TableSchema& schema, size_t column, const pg::ColumnDecoder& decoder,
            std::string_view text) {
    BlockBuilder builder(256);
    builder.begin_transaction({}, 0);
    builder.begin_row(Op::create, schema, SourceOffset(1));
    builder.begin_after();
    if (!decoder(text, column, builder)) {
        builder.abort_row();
        return;
    }
    builder.end_tuple();
    builder.end_row();
    builder.end_transaction(1, SourceOffset(2));
    Block block = builder.finish(BlockFlag::unit_begin | BlockFlag::unit_end, "p");
    block.seal(Seq(1), UnitId(1));
    // What was decoded has to be readable.
    static SchemaSet schemas = [&] {
        SchemaSet set;
        set.add(std::shared_ptr<const TableSchema>(&schema, [](const TableSchema*) {}));
        return set;
    }();
    BlockReader reader(block, schemas);
    for (auto item = reader.next();; item = reader.next()) {
        LEAT_ASSERT(item);
        if (*item == BlockReader::Item::end_of_block) return;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const auto schema = all_types();
    static pg::CopyTextRow row;
    if (size == 0) return 0;
    std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    (void)row.split(text, data[0]);
    pg::CopyBinaryRow binary_row;
    (void)binary_row.split(as_bytes(text), data[0]);
    size_t column = data[0] % schema->column_count();
    const Type& type = schema->columns[column].type;
    decode(*schema, column, pg::make_value_decoder(type), text);
    if (auto binary = pg::make_binary_column_decoder(type)) decode(*schema, column, *binary, text);
    return 0;
}
