// Values while a condition is evaluated: PostgreSQL's types as few classes that compare among themselves.
// Values are views: of the change, of constants of the program, or of the scratch.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/schema.h"

namespace leat {

class ConditionScratch;

enum class Class : uint8_t {
    boolean,
    integer,
    decimal,
    real,   // float8
    real4,  // float4: a real whose literals and results have its precision
    text,
    padded,  // char(n): blanks at its end do not count
    bytes,
    date,
    time,
    time_tz,
    timestamp,
    timestamp_tz,
    interval,
    uuid,
    enumeration,
    bits,
    literal,  // a string or NULL whose type is decided by what it meets
    nothing,  // a column where there is no row: goes with everything
    opaque,   // has no comparison here
};

struct ValueType {
    Class of = Class::opaque;
    std::string name;    // as PostgreSQL calls it, for messages
    std::string reason;  // opaque: why it does not compare
    bool is_text() const { return of == Class::text || of == Class::padded; }
    std::shared_ptr<const std::vector<std::string>> labels;  // enumeration
};
ValueType value_type(const Type& type);
// Of a name as it stands in a cast; opaque if it is none of the known ones.
ValueType value_type(std::string_view name);

enum class Known : uint8_t { value, null, missing };

// Decimals: the sign, or what lies beyond all numbers.
enum Rank : int8_t {
    rank_minus_infinity = -3,
    rank_negative = -1,
    rank_zero = 0,
    rank_positive = 1,
    rank_infinity = 3,
    rank_nan = 4,
};

using Integer = __int128;

struct Value {
    Known known = Known::null;
    int8_t rank = rank_zero;  // decimal
    Integer number = 0;       // boolean, integer; date in days, times in µs; interval normalised to µs
    double real = 0;          // real, real4
    std::string_view text;    // text, bytes, uuid, bits, label; decimal: integer digits without leading zeros
    std::string_view fraction;  // decimal: without zeros at its end

    static Value of_number(Integer number) {
        Value value;
        value.known = Known::value;
        value.number = number;
        return value;
    }
    static Value of_real(double real) {
        Value value;
        value.known = Known::value;
        value.real = real;
        return value;
    }
    static Value of_text(std::string_view text) {
        Value value;
        value.known = Known::value;
        value.text = text;
        return value;
    }
    static Value missing() {
        Value value;
        value.known = Known::missing;
        return value;
    }
};

// Both known and of this class (or integer and decimal, in this order, by compare_integer_decimal). Negative,
// 0 or positive. As PostgreSQL orders; text by its bytes (collation "C").
int compare_values(Class of, const Value& a, const Value& b);
int compare_integer_decimal(const Value& integer, const Value& decimal);
int compare_decimals(const Value& a, const Value& b);

// The value of a column's bytes, as a view of them.
Value load_value(Class of, Kind kind, Bytes bytes);

// Decimals. The text is canonical (docs/format/block.md).
Value decimal_value(std::string_view text);
double decimal_to_real(const Value& decimal);
std::string_view without_padding(std::string_view text);
// -1 and 1: infinite.
int infinite_date(Integer days);
Value date_to_timestamp(const Value& date);

inline constexpr int64_t us_per_day = 86400000000;

}  // namespace leat
