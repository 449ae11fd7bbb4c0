// The composed kinds: arrays, composites, maps, geometry, points and vectors.

#include "codec/debezium_shapes.h"
#include "codec/debezium_structured.h"
#include "json/json_text.h"

namespace leat {
namespace {

using W = const ValueWriter&;

Written write_element(W writer, FormatCursor& from, ByteBuffer& to) {
    NestedValue value = read_nested(from, writer.type);
    if (!from.ok()) return Written::malformed;
    if (value.null) return to.put_text("null"), Written::ok;
    return writer.write(value.bytes, to);
}

// One dimension of an array, its elements or the dimensions below it.
Written write_dimension(W element, FormatCursor& from, const std::vector<Dimension>& dimensions, size_t depth,
                        ByteBuffer& to) {
    to.put_char('[');
    for (uint32_t i = 0; i < dimensions[depth].length; ++i) {
        if (i) to.put_char(',');
        Written result = depth + 1 == dimensions.size()
                             ? write_element(element, from, to)
                             : write_dimension(element, from, dimensions, depth + 1, to);
        if (result != Written::ok) return result;
    }
    to.put_char(']');
    return Written::ok;
}

Written write_array(W writer, Bytes value, ByteBuffer& to) {
    FormatCursor from(value);
    std::vector<Dimension> dimensions;
    read_array_head(from, dimensions);
    if (!from.ok() || writer.nested.empty()) return Written::malformed;
    if (dimensions.empty()) return to.put_text("[]"), Written::ok;
    return write_dimension(writer.nested[0], from, dimensions, 0, to);
}

Written write_composite(W writer, Bytes value, ByteBuffer& to) {
    FormatCursor from(value);
    if (from.u32() != writer.nested.size()) return Written::malformed;
    to.put_char('{');
    for (size_t i = 0; i < writer.nested.size(); ++i) {
        to.put_text(writer.names[i]);
        if (Written result = write_element(writer.nested[i], from, to); result != Written::ok) return result;
    }
    to.put_char('}');
    return Written::ok;
}

Written write_map(W, Bytes value, ByteBuffer& to) {
    FormatCursor from(value);
    uint32_t count = from.u32();
    to.put_char('{');
    for (uint32_t i = 0; i < count && from.ok(); ++i) {
        if (i) to.put_char(',');
        json::put_string(to, from.text(from.u32()));
        to.put_char(':');
        if (from.u8())
            to.put_text("null");
        else
            json::put_string(to, from.text(from.u32()));
    }
    to.put_char('}');
    return from.ok() ? Written::ok : Written::malformed;
}

// The map as the text of a JSON object, in a JSON string.
Written write_map_text(W writer, Bytes value, ByteBuffer& to) {
    ByteBuffer object;
    if (Written result = write_map(writer, value, object); result != Written::ok) return result;
    json::put_string(to, object.text());
    return Written::ok;
}

// EWKB stays as it is, as in Debezium: it is WKB with the SRID in it.
Written write_geometry(W, Bytes value, ByteBuffer& to) {
    to.put_text("{\"wkb\":");
    json::put_base64(to, value);
    to.put_text(",\"srid\":");
    if (value.size() < 5) return Written::malformed;
    bool little = value[0] != 0;
    auto read = [&](size_t at) {
        uint32_t word = load<uint32_t>(value.data() + at);
        return little ? word : byte_swap(word);
    };
    constexpr uint32_t has_srid = 0x20000000;
    if (value.size() >= 9 && (read(1) & has_srid))
        json::put_int(to, static_cast<int32_t>(read(5)));
    else
        to.put_text("null");
    to.put_text(",\"extensions\":null}");
    return Written::ok;
}

void put_coordinate(ByteBuffer& to, double value, const ValueWriter& number) {
    uint8_t bytes[8];
    store(bytes, value);
    number.write({bytes, 8}, to);
}

Written write_point(W writer, Bytes value, ByteBuffer& to) {
    uint8_t wkb[21] = {1, 1};  // little endian; u32 type 1 is a point
    std::memcpy(wkb + 5, value.data(), 16);
    to.put_text("{\"x\":");
    put_coordinate(to, load<double>(value.data()), writer.nested[0]);
    to.put_text(",\"y\":");
    put_coordinate(to, load<double>(value.data() + 8), writer.nested[0]);
    to.put_text(",\"wkb\":");
    json::put_base64(to, {wkb, sizeof wkb});
    to.put_text(",\"srid\":null}");
    return Written::ok;
}

Written write_vector(W, Bytes value, ByteBuffer& to) {
    if (value.size() % 4) return Written::malformed;
    to.put_char('[');
    for (size_t i = 0; i < value.size(); i += 4) {
        if (i) to.put_char(',');
        json::put_float(to, load<float>(value.data() + i));
    }
    to.put_char(']');
    return Written::ok;
}

bool is_number(const Type& type, const DebeziumOptions& options) {
    if (is_structured(type, options)) return false;
    switch (type.kind) {
        case Kind::int16:
        case Kind::int32:
        case Kind::int64:
        case Kind::uint64:
        case Kind::float32:
        case Kind::float64:
            return true;
        case Kind::decimal:
            return options.decimal == DecimalMode::as_double;
        case Kind::date:
        case Kind::time:
        case Kind::timestamp:
            return options.time != TimePrecision::isostring;
        case Kind::interval:
            return options.interval == IntervalMode::numeric;
        default:
            return false;
    }
}

std::string base64(std::string_view text) {
    ByteBuffer buffer;
    json::put_base64(buffer, as_bytes(text));
    return std::string(buffer.text());
}

// Debezium fills an array of numbers with the bytes of the placeholder.
std::string placeholder_bytes(std::string_view placeholder) {
    std::string text = "[";
    for (char c : placeholder) {
        if (text.size() > 1) text += ',';
        text += std::to_string(static_cast<int>(static_cast<signed char>(c)));
    }
    return text + "]";
}

std::string binary_placeholder(const DebeziumOptions& options) {
    ByteBuffer buffer;
    switch (options.binary) {
        case BinaryMode::bytes:
        case BinaryMode::base64:
            json::put_base64(buffer, as_bytes(options.unavailable_value));
            break;
        case BinaryMode::base64_url_safe:
            json::put_base64_url(buffer, as_bytes(options.unavailable_value));
            break;
        case BinaryMode::hex:  // Debezium gives the text itself here
            json::put_string(buffer, options.unavailable_value);
            break;
    }
    return std::string(buffer.text());
}

std::string array_placeholder(const Type& element, const DebeziumOptions& options) {
    if (is_number(element, options)) return placeholder_bytes(options.unavailable_value);
    return "[" + unavailable_json(element, options) + "]";
}

std::string composite_placeholder(const Type& type, const DebeziumOptions& options) {
    std::string text = "{";
    for (auto& field : type.fields) {
        if (text.size() > 1) text += ',';
        text += json::quoted(field.name) + ":" + unavailable_json(field.type, options);
    }
    return text + "}";
}

}  // namespace

ValueWriter::Write nested_function(const Type& type, const DebeziumOptions& options) {
    switch (type.kind) {
        case Kind::array:
            return write_array;
        case Kind::composite:
            return write_composite;
        case Kind::map:
            return options.hstore == HstoreMode::map ? write_map : write_map_text;
        case Kind::geometry:
            return write_geometry;
        case Kind::point:
            return write_point;
        case Kind::vector:
            return write_vector;
        default:
            return nullptr;
    }
}

std::string unavailable_json(const Type& type, const DebeziumOptions& options) {
    const std::string& text = options.unavailable_value;
    if (Shape shape = shape_of(type); shape != Shape::none) return shape_placeholder(shape, text);
    if (is_structured(type, options)) return structured_placeholder(type.kind, text);
    switch (type.kind) {
        case Kind::bytes:
            return binary_placeholder(options);
        case Kind::bits:
            return base64(text);
        case Kind::decimal:
            if (options.decimal != DecimalMode::precise) return json::quoted(text);
            return is_variable_scale(type) ? "{\"scale\":0,\"value\":" + base64(text) + "}" : base64(text);
        case Kind::geometry:
            return "{\"wkb\":" + base64(text) + ",\"srid\":null,\"extensions\":null}";
        case Kind::map: {
            std::string object = "{" + json::quoted(text) + ":" + json::quoted(text) + "}";
            return options.hstore == HstoreMode::map ? object : json::quoted(object);
        }
        case Kind::vector:
            return placeholder_bytes(text);
        case Kind::array:
            return type.element ? array_placeholder(*type.element, options) : "[]";
        case Kind::composite:
            return composite_placeholder(type, options);
        default:
            return json::quoted(text);
    }
}

std::string fallback_json(const Type& type, const DebeziumOptions& options) {
    if (Shape shape = shape_of(type); shape != Shape::none) return shape_fallback(shape);
    if (is_structured(type, options)) return structured_fallback(type);
    switch (type.kind) {
        case Kind::boolean:
            return "false";
        case Kind::float32:
        case Kind::float64:
            return "0.0";
        case Kind::decimal: {
            if (options.decimal == DecimalMode::as_double) return "0.0";
            if (options.decimal == DecimalMode::string) return "\"0\"";
            return is_variable_scale(type) ? "{\"scale\":0,\"value\":\"AA==\"}" : "\"AA==\"";
        }
        case Kind::bits:
            return type.precision == 1 ? "false" : "\"\"";
        case Kind::date:
            return options.time == TimePrecision::isostring ? "\"1970-01-01Z\"" : "0";
        case Kind::time:
            return options.time == TimePrecision::isostring ? "\"00:00:00Z\"" : "0";
        case Kind::timestamp:
            return options.time == TimePrecision::isostring ? "\"1970-01-01T00:00:00Z\"" : "0";
        case Kind::timestamp_tz:
            return "\"1970-01-01T00:00:00Z\"";
        case Kind::time_tz:
            return "\"00:00:00Z\"";
        case Kind::interval:
            return options.interval == IntervalMode::string ? "\"P0Y0M0DT0H0M0S\"" : "0";
        case Kind::array:
        case Kind::vector:
            return "[]";
        case Kind::map:
            return options.hstore == HstoreMode::map ? "{}" : "\"{}\"";
        case Kind::json:
            return "\"{}\"";
        case Kind::geometry:  // an empty collection
            return "{\"wkb\":\"AQcAAAAAAAAA\",\"srid\":null,\"extensions\":null}";
        case Kind::point:
            return "{\"x\":0.0,\"y\":0.0,\"wkb\":\"AQEAAAAAAAAAAAAAAAAAAAAAAAAA\",\"srid\":null}";
        case Kind::composite: {
            std::string text = "{";
            for (auto& field : type.fields)
                text += (text.size() > 1 ? "," : "") + json::quoted(field.name) + ":null";
            return text + "}";
        }
        case Kind::int16:
        case Kind::int32:
        case Kind::int64:
        case Kind::uint64:
            return "0";
        default:
            return "\"\"";
    }
}

}  // namespace leat
