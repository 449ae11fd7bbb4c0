// What a row looks like: canonical types, columns, and one version of a table's schema.
// A TableSchema is immutable once made and is shared between threads by shared_ptr<const TableSchema>.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/byte_buffer.h"
#include "base/error.h"
#include "model/ids.h"

namespace leat {

// Canonical kinds, whatever the source. Numbers and value formats: docs/format/block.md.
enum class Kind : uint8_t {
    boolean = 1,
    int16 = 2,
    int32 = 3,
    int64 = 4,
    uint64 = 5,
    float32 = 6,
    float64 = 7,
    decimal = 8,
    text = 9,
    bytes = 10,
    date = 11,
    time = 12,
    time_tz = 13,
    timestamp = 14,
    timestamp_tz = 15,
    interval = 16,
    uuid = 17,
    json = 18,
    xml = 19,
    bits = 20,
    enumeration = 21,
    array = 22,
    composite = 23,
    map = 24,
    geometry = 25,
    point = 26,
    vector = 27,
};
inline constexpr uint8_t kind_max = 27;

// Bytes a value takes in its slot; 0 for kinds of variable width.
constexpr uint32_t fixed_width(Kind kind) {
    switch (kind) {
        case Kind::boolean:
            return 1;
        case Kind::int16:
            return 2;
        case Kind::int32:
        case Kind::float32:
        case Kind::date:
            return 4;
        case Kind::int64:
        case Kind::uint64:
        case Kind::float64:
        case Kind::time:
        case Kind::timestamp:
        case Kind::timestamp_tz:
            return 8;
        case Kind::time_tz:
            return 12;
        case Kind::interval:
        case Kind::uuid:
        case Kind::point:
            return 16;
        default:
            return 0;
    }
}

// date, timestamp and timestamp_tz have infinities.
inline constexpr int32_t date_infinity = INT32_MAX, date_minus_infinity = INT32_MIN;
inline constexpr int64_t timestamp_infinity = INT64_MAX, timestamp_minus_infinity = INT64_MIN;

struct Field;

struct Type {
    Kind kind = Kind::text;
    std::string native_name;  // the source's name: "numeric", "int4range", "order_status"
    uint64_t native_id = 0;   // PostgreSQL: the OID (of a domain: of its base type)
    int32_t precision =
        -1;  // decimal: digits; time and timestamp: fractional digits; text, bits: declared length
    int32_t scale = -1;
    std::vector<std::string> labels;      // enumeration, in its order
    std::shared_ptr<const Type> element;  // array
    std::vector<Field> fields;            // composite

    bool operator==(const Type& other) const;
};

struct Field {
    std::string name;
    Type type;
    bool operator==(const Field&) const = default;
};

struct Column {
    std::string name;
    Type type;
    bool nullable = true;
    bool identity = false;  // part of the replica identity
    bool generated = false;
    bool key_only = false;  // left out of rows, there because the key has it
    // What was done to its values before they came here (source/column_rules.h).
    bool masked = false;
    std::optional<uint32_t> truncated_to;  // characters, or bytes
    std::optional<std::string> default_expression;
    // As the source declares it, where that has another name than the type of the values: a domain. Null: it
    // is `type`.
    std::shared_ptr<const Type> declared;

    const Type& declared_type() const { return declared ? *declared : type; }
    bool is_changed() const { return masked || truncated_to.has_value(); }

    bool operator==(const Column& other) const;
};

// Where a column's slot lies in a tuple.
struct Slot {
    uint32_t offset;        // in the slots
    uint32_t width;         // of a fixed-width value; 0: variable, the slot holds its end in the data
    int32_t previous_slot;  // variable: offset of the slot of the variable column before it; -1: none
};

// What a table schema says; fill it and make a TableSchema of it.
struct TableDefinition {
    SchemaId id;
    uint32_t version = 1;  // of this table, counted from 1
    TableId table;
    std::string database, schema, name;
    char replica_identity = 0;  // d default, f full, i index, n nothing; 0: the source has none
    std::vector<Column> columns;
    std::vector<uint32_t> key;  // column indexes of the primary key (or unique identity index), in key order

    // A marker in place of a schema: the table is no longer captured. Changes that it has from then on are
    // not in the log, so that capturing it again begins with a snapshot.
    static constexpr char not_captured = 'x';
    bool captured() const { return replica_identity != not_captured; }

    // Everything but id and version: whether a new version is needed.
    bool same_shape(const TableDefinition& other) const;
};

class TableSchema : public TableDefinition {
  public:
    static std::shared_ptr<const TableSchema> make(TableDefinition definition);

    const Slot& slot(size_t column) const { return slots_[column]; }
    size_t column_count() const { return columns.size(); }
    uint32_t states_bytes() const { return states_bytes_; }
    uint32_t slots_bytes() const { return slots_bytes_; }
    std::optional<size_t> column_index(std::string_view name) const;
    std::string qualified_name() const { return schema.empty() ? name : schema + "." + name; }

    // The body of a schema record.
    void encode(ByteBuffer& to) const;
    static Result<std::shared_ptr<const TableSchema>> decode(Bytes body);

  private:
    explicit TableSchema(TableDefinition definition);
    std::vector<Slot> slots_;
    uint32_t states_bytes_ = 0, slots_bytes_ = 0;
};

}  // namespace leat
