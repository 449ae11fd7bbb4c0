#include "model/schema.h"

#include <fmt/core.h>

namespace leat {

bool Type::operator==(const Type& o) const {
    bool same_element = element && o.element ? *element == *o.element : !element && !o.element;
    return kind == o.kind && native_name == o.native_name && native_id == o.native_id &&
           precision == o.precision && scale == o.scale && labels == o.labels && same_element &&
           fields == o.fields;
}

bool Column::operator==(const Column& o) const {
    return name == o.name && type == o.type && nullable == o.nullable && identity == o.identity &&
           generated == o.generated && key_only == o.key_only && masked == o.masked &&
           truncated_to == o.truncated_to && default_expression == o.default_expression &&
           !declared == !o.declared && declared_type() == o.declared_type();
}

bool TableDefinition::same_shape(const TableDefinition& o) const {
    return table == o.table && database == o.database && schema == o.schema && name == o.name &&
           replica_identity == o.replica_identity && columns == o.columns && key == o.key;
}

TableSchema::TableSchema(TableDefinition definition) : TableDefinition(std::move(definition)) {
    int32_t previous = -1;
    slots_.reserve(columns.size());
    for (const Column& column : columns) {
        uint32_t width = fixed_width(column.type.kind);
        slots_.push_back({slots_bytes_, width, previous});
        if (width == 0) previous = static_cast<int32_t>(slots_bytes_);
        slots_bytes_ += width ? width : 4;
    }
    states_bytes_ = static_cast<uint32_t>((columns.size() + 3) / 4);
}

std::shared_ptr<const TableSchema> TableSchema::make(TableDefinition definition) {
    for (uint32_t column : definition.key) LEAT_ASSERT(column < definition.columns.size());
    return std::shared_ptr<const TableSchema>(new TableSchema(std::move(definition)));
}

std::optional<size_t> TableSchema::column_index(std::string_view column) const {
    for (size_t i = 0; i < columns.size(); ++i)
        if (columns[i].name == column) return i;
    return std::nullopt;
}

namespace {

constexpr int depth_max = 16;
enum ColumnFlag : uint8_t {
    nullable = 1,
    identity = 2,
    generated = 4,
    has_default = 8,
    key_only = 16,
    masked = 32,
    truncated = 64,
    declared = 128
};

void encode_type(const Type& type, ByteBuffer& to) {
    to.put(static_cast<uint8_t>(type.kind));
    to.put_string(type.native_name);
    to.put(type.native_id);
    to.put(type.precision);
    to.put(type.scale);
    to.put(static_cast<uint32_t>(type.labels.size()));
    for (const auto& label : type.labels) to.put_string(label);
    to.put(static_cast<uint8_t>(type.element != nullptr));
    if (type.element) encode_type(*type.element, to);
    to.put(static_cast<uint32_t>(type.fields.size()));
    for (const auto& field : type.fields) {
        to.put_string(field.name);
        encode_type(field.type, to);
    }
}

std::string read_string(FormatCursor& from) { return std::string(from.text(from.u32())); }

// A count of items that take at least item_bytes each: refused before memory is taken for it.
uint32_t read_count(FormatCursor& from, size_t item_bytes) {
    uint32_t count = from.u32();
    if (count > from.remaining() / item_bytes) {
        from.set_failed();
        return 0;
    }
    return count;
}

Type decode_type(FormatCursor& from, int depth) {
    Type type;
    uint8_t kind = from.u8();
    if (kind == 0 || kind > kind_max || depth > depth_max) {
        from.set_failed();
        return type;
    }
    type.kind = static_cast<Kind>(kind);
    type.native_name = read_string(from);
    type.native_id = from.u64();
    type.precision = from.i32();
    type.scale = from.i32();
    for (uint32_t n = read_count(from, 4); n > 0 && from.ok(); --n) type.labels.push_back(read_string(from));
    if (from.u8()) type.element = std::make_shared<const Type>(decode_type(from, depth + 1));
    for (uint32_t n = read_count(from, 4); n > 0 && from.ok(); --n) {
        std::string name = read_string(from);
        type.fields.push_back({std::move(name), decode_type(from, depth + 1)});
    }
    if (type.kind == Kind::array && !type.element) from.set_failed();
    return type;
}

}  // namespace

void TableSchema::encode(ByteBuffer& to) const {
    to.put(id.value);
    to.put(version);
    to.put(table.value);
    to.put_string(database);
    to.put_string(schema);
    to.put_string(name);
    to.put(static_cast<uint8_t>(replica_identity));
    to.put(static_cast<uint32_t>(columns.size()));
    for (const Column& column : columns) {
        to.put_string(column.name);
        encode_type(column.type, to);
        int flags =
            (column.nullable ? ColumnFlag::nullable : 0) | (column.identity ? ColumnFlag::identity : 0) |
            (column.generated ? ColumnFlag::generated : 0) |
            (column.default_expression ? ColumnFlag::has_default : 0) |
            (column.key_only ? ColumnFlag::key_only : 0) | (column.masked ? ColumnFlag::masked : 0) |
            (column.truncated_to ? ColumnFlag::truncated : 0) | (column.declared ? ColumnFlag::declared : 0);
        to.put(static_cast<uint8_t>(flags));
        if (column.default_expression) to.put_string(*column.default_expression);
        if (column.truncated_to) to.put(*column.truncated_to);
        if (column.declared) encode_type(*column.declared, to);
    }
    to.put(static_cast<uint32_t>(key.size()));
    for (uint32_t column : key) to.put(column);
}

Result<std::shared_ptr<const TableSchema>> TableSchema::decode(Bytes body) {
    FormatCursor from(body);
    TableDefinition definition;
    definition.id = SchemaId(from.u32());
    definition.version = from.u32();
    definition.table = TableId(from.u64());
    definition.database = read_string(from);
    definition.schema = read_string(from);
    definition.name = read_string(from);
    definition.replica_identity = static_cast<char>(from.u8());
    for (uint32_t n = read_count(from, 8); n > 0 && from.ok(); --n) {
        Column column;
        column.name = read_string(from);
        column.type = decode_type(from, 0);
        uint8_t flags = from.u8();
        column.nullable = flags & ColumnFlag::nullable;
        column.identity = flags & ColumnFlag::identity;
        column.generated = flags & ColumnFlag::generated;
        column.key_only = flags & ColumnFlag::key_only;
        column.masked = flags & ColumnFlag::masked;
        if (flags & ColumnFlag::has_default) column.default_expression = read_string(from);
        if (flags & ColumnFlag::truncated) column.truncated_to = from.u32();
        if (flags & ColumnFlag::declared)
            column.declared = std::make_shared<const Type>(decode_type(from, 0));
        definition.columns.push_back(std::move(column));
    }
    for (uint32_t n = read_count(from, 4); n > 0 && from.ok(); --n) {
        uint32_t column = from.u32();
        if (column >= definition.columns.size()) from.set_failed();
        definition.key.push_back(column);
    }
    if (!from.ok() || !from.at_end())
        return fail(ErrorCode::BLOCK_MALFORMED,
                    fmt::format("table schema is malformed at byte {}", from.offset()));
    return make(std::move(definition));
}

}  // namespace leat
