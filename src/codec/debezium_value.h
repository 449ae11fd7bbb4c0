// One value as Debezium's JSON shows it, compiled per type: a function and what it needs to know.
// The mapping: docs/debezium.md. A ValueWriter is immutable once compiled and refers to nothing outside.
#pragma once

#include <string>
#include <vector>

#include "codec/debezium_options.h"
#include "model/tuple.h"

namespace leat {

enum class Written : uint8_t {
    ok,
    unsupported,  // the value has no place in the chosen representation; ValueWriter::remedy says which has
    malformed     // the block's bytes do not follow its format
};

struct ValueWriter {
    using Write = Written (*)(const ValueWriter&, Bytes, ByteBuffer&);

    Write write_function = nullptr;
    int32_t number = 0;               // scale of a decimal, fractional digits of a time, divisor …
    std::string unavailable;          // JSON shown for an unchanged value
    std::string_view remedy;          // option and value that represent what this mode cannot
    std::vector<ValueWriter> nested;  // element of an array, fields of a composite
    std::vector<std::string> names;   // of the fields: `"name":`, with a comma before all but the first
    Type type;

    Written write(Bytes value, ByteBuffer& to) const { return write_function(*this, value, to); }
};

ValueWriter compile_value(const Type& type, const DebeziumOptions& options);

// Arrays, composites, maps, geometry and vectors (debezium_nested.cpp).
ValueWriter::Write nested_function(const Type& type, const DebeziumOptions& options);
// The placeholder of an unchanged value in the type's representation.
std::string unavailable_json(const Type& type, const DebeziumOptions& options);
// What Debezium puts where a column that is NOT NULL has no value.
std::string fallback_json(const Type& type, const DebeziumOptions& options);

inline Type plain_type(Kind kind) {
    Type type;
    type.kind = kind;
    return type;
}

// The kinds of numeric(p,s) and of numeric without modifiers.
inline bool is_money(const Type& type) { return type.kind == Kind::decimal && type.native_name == "money"; }
inline bool is_variable_scale(const Type& type) { return type.precision < 0 && !is_money(type); }
inline int32_t decimal_scale(const Type& type, const DebeziumOptions& options) {
    if (is_money(type)) return static_cast<int32_t>(options.money_fraction_digits);
    return type.precision < 0 || type.scale == INT32_MIN ? 0 : type.scale;
}
// Undeclared fractional digits are six, as in PostgreSQL.
inline int32_t fractional_digits(const Type& type) { return type.precision < 0 ? 6 : type.precision; }
inline bool in_milliseconds(const Type& type, TimePrecision mode) {
    if (mode == TimePrecision::connect) return true;
    if (mode == TimePrecision::adaptive_time_microseconds)
        return type.kind != Kind::time && fractional_digits(type) <= 3;
    return mode == TimePrecision::adaptive && fractional_digits(type) <= 3;
}

}  // namespace leat
