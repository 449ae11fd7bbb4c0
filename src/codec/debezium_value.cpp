#include "codec/debezium_value.h"

#include <charconv>
#include <cmath>

#include "codec/debezium_shapes.h"
#include "codec/debezium_structured.h"
#include "codec/decimal.h"
#include "codec/temporal.h"
#include "json/json_text.h"

namespace leat {
namespace {

using W = const ValueWriter&;

Written write_boolean(W, Bytes value, ByteBuffer& to) {
    to.put_text(value[0] ? "true" : "false");
    return Written::ok;
}
template <class T>
Written write_int(W, Bytes value, ByteBuffer& to) {
    json::put_int(to, load<T>(value.data()));
    return Written::ok;
}
Written write_uint64(W, Bytes value, ByteBuffer& to) {
    json::put_uint(to, load<uint64_t>(value.data()));
    return Written::ok;
}

// number 1: null, as Debezium.
template <class T>
Written put_floating(W writer, T number, ByteBuffer& to) {
    if (!std::isfinite(number)) [[unlikely]] {
        if (writer.number) return to.put_text("null"), Written::ok;
        to.put_text(std::isnan(number) ? "\"NaN\"" : number > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    } else if constexpr (sizeof(T) == 4) {
        json::put_float(to, number);
    } else {
        json::put_double(to, number);
    }
    return Written::ok;
}
template <class T>
Written write_floating(W writer, Bytes value, ByteBuffer& to) {
    return put_floating(writer, load<T>(value.data()), to);
}

Written write_string(W, Bytes value, ByteBuffer& to) {
    json::put_string(to, as_text(value));
    return Written::ok;
}
Written write_base64(W, Bytes value, ByteBuffer& to) {
    json::put_base64(to, value);
    return Written::ok;
}
Written write_base64_url(W, Bytes value, ByteBuffer& to) {
    json::put_base64_url(to, value);
    return Written::ok;
}
Written write_hex(W, Bytes value, ByteBuffer& to) {
    json::put_hex(to, value);
    return Written::ok;
}

// The number's bytes are written behind the text and encoded from there, so that nothing is allocated.
bool put_decimal_base64(ByteBuffer& to, const DecimalText& value, int32_t scale, bool round) {
    size_t start = to.size();
    if (!put_unscaled(to, value, scale, round)) return false;
    size_t count = to.size() - start;
    uint8_t small[64];
    if (count <= sizeof small) {
        std::memcpy(small, to.data() + start, count);
        to.truncate(start);
        json::put_base64(to, {small, count});
        return true;
    }
    ByteBuffer large;
    large.put_bytes(to.view().subspan(start));
    to.truncate(start);
    json::put_base64(to, large.view());
    return true;
}

Written write_decimal_fixed(W writer, Bytes value, ByteBuffer& to) {
    auto parsed = DecimalText::parse(as_text(value));
    bool done = parsed && put_decimal_base64(to, *parsed, writer.number, is_money(writer.type));
    return done ? Written::ok : Written::unsupported;
}
Written write_decimal_variable(W, Bytes value, ByteBuffer& to) {
    auto parsed = DecimalText::parse(as_text(value));
    if (!parsed) return Written::unsupported;
    DecimalText stripped = parsed->stripped();
    to.put_text("{\"scale\":");
    json::put_int(to, stripped.scale());
    to.put_text(",\"value\":");
    put_decimal_base64(to, stripped, stripped.scale(), false);
    to.put_char('}');
    return Written::ok;
}
Written write_decimal_string(W, Bytes value, ByteBuffer& to) {
    std::string_view text = as_text(value);
    if (text == "NaN") text = "NAN";
    if (text == "Infinity") text = "POSITIVE_INFINITY";
    if (text == "-Infinity") text = "NEGATIVE_INFINITY";
    return write_string({}, as_bytes(text), to);
}
Written write_decimal_double(W writer, Bytes value, ByteBuffer& to) {
    std::string_view text = as_text(value);
    double number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (end != text.data() + text.size()) return Written::malformed;
    // What a double cannot reach is what Java's doubleValue() makes of it.
    if (error == std::errc::result_out_of_range) {
        bool small = text.starts_with("0.") || text.starts_with("-0.");
        number = small ? 0 : HUGE_VAL;
        if (text.starts_with('-')) number = -number;
    }
    return put_floating(writer, number, to);
}

Written write_days(W, Bytes value, ByteBuffer& to) { return write_int<int32_t>({}, value, to); }
Written write_date_iso(W, Bytes value, ByteBuffer& to) {
    auto days = load<int32_t>(value.data());
    if (days == date_infinity) return to.put_text("\"infinity\""), Written::ok;
    if (days == date_minus_infinity) return to.put_text("\"-infinity\""), Written::ok;
    to.put_char('"');
    put_iso_date(to, days);
    to.put_text("Z\"");
    return Written::ok;
}

// number: microseconds a unit.
Written write_time(W writer, Bytes value, ByteBuffer& to) {
    json::put_int(to, floor_divide(load<int64_t>(value.data()), writer.number));
    return Written::ok;
}
Written write_time_nanoseconds(W, Bytes value, ByteBuffer& to) {
    json::put_int(to, load<int64_t>(value.data()) * 1000);
    return Written::ok;
}
void put_iso_clock(int64_t us, ByteBuffer& to) {
    to.put_char('"');
    if (us < 0) to.put_char('-'), us = -us;
    put_iso_time(to, us);
    to.put_text("Z\"");
}
Written write_time_iso(W, Bytes value, ByteBuffer& to) {
    put_iso_clock(load<int64_t>(value.data()), to);
    return Written::ok;
}
Written write_time_tz(W, Bytes value, ByteBuffer& to) {
    int64_t us = load<int64_t>(value.data());
    int64_t offset_us = int64_t{load<int32_t>(value.data() + 8)} * 1000000;
    if (us != day_us || offset_us) {
        us -= offset_us;
        us -= floor_divide(us, day_us) * day_us;
    }
    put_iso_clock(us, to);
    return Written::ok;
}

// The infinities of PostgreSQL's JDBC driver, which Debezium documents for these columns.
constexpr int64_t jdbc_infinity = 9223372036825200000, jdbc_minus_infinity = -9223372036832400000;

Written write_timestamp(W writer, Bytes value, ByteBuffer& to) {
    auto us = load<int64_t>(value.data());
    if (us == timestamp_infinity) us = jdbc_infinity;
    if (us == timestamp_minus_infinity) us = jdbc_minus_infinity;
    json::put_int(to, floor_divide(us, writer.number));
    return Written::ok;
}
Written write_timestamp_nanoseconds(W, Bytes value, ByteBuffer& to) {
    auto us = load<int64_t>(value.data());
    int64_t ns = us;
    if (us != timestamp_infinity && us != timestamp_minus_infinity && __builtin_mul_overflow(us, 1000, &ns))
        return Written::unsupported;
    json::put_int(to, ns);
    return Written::ok;
}
// number: digits of the fraction, 0: as many as needed.
Written write_timestamp_iso(W writer, Bytes value, ByteBuffer& to) {
    auto us = load<int64_t>(value.data());
    if (us == timestamp_infinity) return to.put_text("\"infinity\""), Written::ok;
    if (us == timestamp_minus_infinity) return to.put_text("\"-infinity\""), Written::ok;
    to.put_char('"');
    put_iso_timestamp(to, us, writer.number);
    to.put_text("Z\"");
    return Written::ok;
}

Written write_interval(W, Bytes value, ByteBuffer& to) {
    const uint8_t* p = value.data();
    json::put_int(to, interval_us(load<int32_t>(p), load<int32_t>(p + 4), load<int64_t>(p + 8)));
    return Written::ok;
}
Written write_interval_iso(W, Bytes value, ByteBuffer& to) {
    const uint8_t* p = value.data();
    to.put_char('"');
    put_iso_interval(to, load<int32_t>(p), load<int32_t>(p + 4), load<int64_t>(p + 8));
    to.put_char('"');
    return Written::ok;
}

Written write_uuid(W, Bytes value, ByteBuffer& to) {
    constexpr char hex[] = "0123456789abcdef";
    uint8_t* at = to.grow(38);
    *at++ = '"';
    for (size_t i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
        *at++ = static_cast<uint8_t>(hex[value[i] >> 4]);
        *at++ = static_cast<uint8_t>(hex[value[i] & 15]);
    }
    *at = '"';
    return Written::ok;
}

Written write_bits(W, Bytes value, ByteBuffer& to) {
    if (value.size() < 4) return Written::malformed;
    json::put_base64(to, value.subspan(4));
    return Written::ok;
}
Written write_bit(W, Bytes value, ByteBuffer& to) {
    if (value.size() < 4) return Written::malformed;
    bool set = value.size() > 4 && (value[4] & 1);
    to.put_text(set ? "true" : "false");
    return Written::ok;
}

ValueWriter::Write binary_function(BinaryMode mode) {
    switch (mode) {
        case BinaryMode::base64_url_safe:
            return write_base64_url;
        case BinaryMode::hex:
            return write_hex;
        default:
            return write_base64;
    }
}

void compile_decimal(ValueWriter& writer, const DebeziumOptions& options) {
    switch (options.decimal) {
        case DecimalMode::precise:
            writer.write_function =
                is_variable_scale(writer.type) ? write_decimal_variable : write_decimal_fixed;
            writer.number = decimal_scale(writer.type, options);
            writer.remedy = "decimal.handling.mode=string";
            break;
        case DecimalMode::as_double:
            writer.write_function = write_decimal_double;
            writer.number = options.nonfinite_as_null;
            break;
        case DecimalMode::string:
            writer.write_function = write_decimal_string;
            break;
    }
}

void compile_time(ValueWriter& writer, const DebeziumOptions& options) {
    bool timestamp = writer.type.kind == Kind::timestamp;
    writer.number = in_milliseconds(writer.type, options.time) ? 1000 : 1;
    writer.write_function = timestamp ? write_timestamp : write_time;
    if (options.time == TimePrecision::nanoseconds) {
        writer.write_function = timestamp ? write_timestamp_nanoseconds : write_time_nanoseconds;
        writer.remedy = "time.precision.mode=microseconds";
    } else if (options.time == TimePrecision::isostring) {
        writer.write_function = timestamp ? write_timestamp_iso : write_time_iso;
        writer.number = 0;
    }
}

ValueWriter::Write plain_function(const Type& type, const DebeziumOptions& options) {
    switch (type.kind) {
        case Kind::boolean:
            return write_boolean;
        case Kind::int16:
            return write_int<int16_t>;
        case Kind::int32:
            return write_int<int32_t>;
        case Kind::int64:
            return write_int<int64_t>;
        case Kind::uint64:
            return write_uint64;
        case Kind::float32:
            return write_floating<float>;
        case Kind::float64:
            return write_floating<double>;
        case Kind::bytes:
            return binary_function(options.binary);
        case Kind::date:
            return options.time == TimePrecision::isostring ? write_date_iso : write_days;
        case Kind::time_tz:
            return write_time_tz;
        case Kind::timestamp_tz:
            return write_timestamp_iso;
        case Kind::interval:
            return options.interval == IntervalMode::string ? write_interval_iso : write_interval;
        case Kind::uuid:
            return write_uuid;
        case Kind::bits:
            return type.precision == 1 ? write_bit : write_bits;
        default:
            return write_string;  // text, json, xml, enumeration
    }
}

}  // namespace

ValueWriter compile_value(const Type& type, const DebeziumOptions& options) {
    ValueWriter writer;
    writer.type = type;
    writer.unavailable = unavailable_json(type, options);
    if (is_structured(type, options)) {
        writer.write_function = structured_function(type.kind);
        writer.number = fractional_digits(type);
    } else if (auto shape = shape_function(shape_of(type))) {
        writer.write_function = shape;
    } else if (auto nested = nested_function(type, options)) {
        writer.write_function = nested;
    } else if (type.kind == Kind::decimal) {
        compile_decimal(writer, options);
    } else if (type.kind == Kind::time || type.kind == Kind::timestamp) {
        compile_time(writer, options);
    } else {
        writer.write_function = plain_function(type, options);
        if (type.kind == Kind::float32 || type.kind == Kind::float64)
            writer.number = options.nonfinite_as_null;
        if (type.kind == Kind::timestamp_tz) writer.number = fractional_digits(type);
    }
    if (type.element) writer.nested.push_back(compile_value(*type.element, options));
    if (type.kind == Kind::point) writer.nested.push_back(compile_value(plain_type(Kind::float64), options));
    for (auto& field : type.fields) {
        writer.nested.push_back(compile_value(field.type, options));
        writer.names.push_back((writer.names.empty() ? "" : ",") + json::quoted(field.name) + ":");
    }
    for (auto& nested : writer.nested)
        if (writer.remedy.empty()) writer.remedy = nested.remedy;
    return writer;
}

}  // namespace leat
