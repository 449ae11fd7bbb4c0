#include "codec/connect_schema.h"

#include "codec/debezium_shapes.h"
#include "codec/debezium_structured.h"
#include "codec/default_value.h"
#include "json/json_text.h"

namespace leat {
namespace {

constexpr std::string_view transaction_block =
    R"({"type":"struct","fields":[{"type":"string","optional":false,"field":"id"},)"
    R"({"type":"int64","optional":false,"field":"total_order"},)"
    R"({"type":"int64","optional":false,"field":"data_collection_order"}],)"
    R"("optional":true,"name":"event.block","version":1,"field":"transaction"})";

ConnectSchema plain(std::string_view type) { return {"\"type\":" + json::quoted(type), ""}; }

ConnectSchema named(std::string_view type, std::string_view name, std::string_view rest = {}) {
    return {"\"type\":" + json::quoted(type),
            ",\"name\":" + json::quoted(name) + ",\"version\":1" + std::string(rest)};
}

ConnectSchema structure(std::string_view fields, std::string_view name, std::string_view doc) {
    std::string attributes = ",\"name\":" + json::quoted(name) + ",\"version\":1";
    if (!doc.empty()) attributes += ",\"doc\":" + json::quoted(doc);
    return {"\"type\":\"struct\",\"fields\":[" + std::string(fields) + "]", attributes};
}

ConnectSchema decimal_schema(const Type& type, const DebeziumOptions& options) {
    if (options.decimal == DecimalMode::as_double) return plain("double");
    if (options.decimal == DecimalMode::string) return plain("string");
    if (is_variable_scale(type))
        return structure(R"({"type":"int32","optional":false,"field":"scale"},)"
                         R"({"type":"bytes","optional":false,"field":"value"})",
                         "io.debezium.data.VariableScaleDecimal", "Variable scaled decimal");
    std::string parameters =
        ",\"parameters\":{\"scale\":\"" + std::to_string(decimal_scale(type, options)) + "\"";
    if (!is_money(type))
        parameters += ",\"connect.decimal.precision\":\"" + std::to_string(type.precision) + "\"";
    return named("bytes", "org.apache.kafka.connect.data.Decimal", parameters + "}");
}

ConnectSchema date_schema(TimePrecision mode) {
    if (mode == TimePrecision::connect) return named("int32", "org.apache.kafka.connect.data.Date");
    if (mode == TimePrecision::isostring) return named("string", "io.debezium.time.IsoDate");
    return named("int32", "io.debezium.time.Date");
}

ConnectSchema time_schema(const Type& type, TimePrecision mode) {
    if (mode == TimePrecision::connect) return named("int32", "org.apache.kafka.connect.data.Time");
    if (mode == TimePrecision::isostring) return named("string", "io.debezium.time.IsoTime");
    if (mode == TimePrecision::nanoseconds) return named("int64", "io.debezium.time.NanoTime");
    return in_milliseconds(type, mode) ? named("int32", "io.debezium.time.Time")
                                       : named("int64", "io.debezium.time.MicroTime");
}

ConnectSchema timestamp_schema(const Type& type, TimePrecision mode) {
    if (mode == TimePrecision::connect) return named("int64", "org.apache.kafka.connect.data.Timestamp");
    if (mode == TimePrecision::isostring) return named("string", "io.debezium.time.IsoTimestamp");
    if (mode == TimePrecision::nanoseconds) return named("int64", "io.debezium.time.NanoTimestamp");
    return named("int64", in_milliseconds(type, mode) ? "io.debezium.time.Timestamp"
                                                      : "io.debezium.time.MicroTimestamp");
}

ConnectSchema bits_schema(const Type& type) {
    if (type.precision == 1) return plain("boolean");
    // Without a declared length Debezium gives the largest.
    int32_t length = type.precision < 0 ? INT32_MAX : type.precision;
    return named("bytes", "io.debezium.data.Bits",
                 ",\"parameters\":{\"length\":\"" + std::to_string(length) + "\"}");
}

ConnectSchema enumeration_schema(const Type& type) {
    std::string allowed;
    for (auto& label : type.labels) allowed += (allowed.empty() ? "" : ",") + label;
    return named("string", "io.debezium.data.Enum",
                 ",\"parameters\":{\"allowed\":" + json::quoted(allowed) + "}");
}

ConnectSchema map_schema(const DebeziumOptions& options) {
    if (options.hstore == HstoreMode::json) return named("string", "io.debezium.data.Json");
    return {
        R"("type":"map","keys":{"type":"string","optional":false},"values":{"type":"string","optional":true})",
        ""};
}

ConnectSchema array_schema(const Type& type, const DebeziumOptions& options) {
    std::string items = R"({"type":"string","optional":true})";
    if (type.element) items = connect_schema(*type.element, options).render(true);
    return {"\"type\":\"array\",\"items\":" + items, ""};
}

ConnectSchema composite_schema(const Type& type, const DebeziumOptions& options) {
    std::string fields;
    for (auto& field : type.fields) {
        if (!fields.empty()) fields += ',';
        fields += connect_schema(field.type, options).render(true, field.name);
    }
    return {"\"type\":\"struct\",\"fields\":[" + fields + "]", ",\"name\":" + json::quoted(type.native_name)};
}

ConnectSchema point_schema() {
    return structure(
        R"({"type":"double","optional":false,"field":"x"},{"type":"double","optional":false,"field":"y"},)"
        R"({"type":"bytes","optional":true,"field":"wkb"},{"type":"int32","optional":true,"field":"srid"})",
        "io.debezium.data.geometry.Point", "Geometry (POINT)");
}

// Version 2 is the one with extensions.
ConnectSchema geometry_schema(bool geography = false) {
    std::string name = geography ? "Geography" : "Geometry";
    return {
        R"("type":"struct","fields":[{"type":"bytes","optional":false,"field":"wkb"},)"
        R"({"type":"int32","optional":true,"field":"srid"},)"
        R"({"type":"map","keys":{"type":"string","optional":false},"values":{"type":"string","optional":false},)"
        R"("optional":true,"field":"extensions"}])",
        ",\"name\":\"io.debezium.data.geometry." + name + "\",\"version\":2,\"doc\":\"" + name + "\""};
}

ConnectSchema shape_schema(Shape shape) {
    if (shape == Shape::line)
        return structure(R"({"type":"double","optional":false,"field":"a"},)"
                         R"({"type":"double","optional":false,"field":"b"},)"
                         R"({"type":"double","optional":false,"field":"c"})",
                         "io.debezium.data.geometry.Line", "Geometry (LINE)");
    if (shape == Shape::circle)
        return structure(point_schema().render(false, "center") +
                             R"(,{"type":"double","optional":false,"field":"radius"})",
                         "io.debezium.data.geometry.Circle", "Geometry (CIRCLE)");
    return geometry_schema();
}

ConnectSchema text_schema(const Type& type) {
    if (Shape shape = shape_of(type); shape != Shape::none) return shape_schema(shape);
    if (type.native_name == "tsvector") return named("string", "io.debezium.data.Tsvector");
    if (type.native_name == "ltree") return named("string", "io.debezium.data.Ltree");
    return plain("string");
}

ConnectSchema vector_schema(const Type& type) {
    bool half = type.native_name == "halfvec";
    return {half ? R"("type":"array","items":{"type":"float","optional":false})"
                 : R"("type":"array","items":{"type":"double","optional":false})",
            half ? R"(,"name":"io.debezium.data.FloatVector","version":1)"
                 : R"(,"name":"io.debezium.data.DoubleVector","version":1)"};
}

}  // namespace

std::string ConnectSchema::render(bool optional, std::string_view field,
                                  std::string_view default_value) const {
    std::string text = "{" + type + ",\"optional\":" + (optional ? "true" : "false") + attributes;
    if (!default_value.empty()) text += ",\"default\":" + std::string(default_value);
    if (!field.empty()) text += ",\"field\":" + json::quoted(field);
    return text + "}";
}

ConnectSchema connect_schema(const Type& type, const DebeziumOptions& options) {
    if (is_structured(type, options)) return structured_schema(type.kind);
    switch (type.kind) {
        case Kind::boolean:
            return plain("boolean");
        case Kind::int16:
            return plain("int16");
        case Kind::int32:
            return plain("int32");
        case Kind::int64:
        case Kind::uint64:
            return plain("int64");
        case Kind::float32:
            return plain("float");
        case Kind::float64:
            return plain("double");
        case Kind::decimal:
            return decimal_schema(type, options);
        case Kind::text:
            return text_schema(type);
        case Kind::bytes:
            return plain(options.binary == BinaryMode::bytes ? "bytes" : "string");
        case Kind::date:
            return date_schema(options.time);
        case Kind::time:
            return time_schema(type, options.time);
        case Kind::time_tz:
            return named("string", "io.debezium.time.ZonedTime");
        case Kind::timestamp:
            return timestamp_schema(type, options.time);
        case Kind::timestamp_tz:
            return named("string", "io.debezium.time.ZonedTimestamp");
        case Kind::interval:
            return options.interval == IntervalMode::string
                       ? named("string", "io.debezium.time.Interval")
                       : named("int64", "io.debezium.time.MicroDuration");
        case Kind::uuid:
            return named("string", "io.debezium.data.Uuid");
        case Kind::json:
            return named("string", "io.debezium.data.Json");
        case Kind::xml:
            return named("string", "io.debezium.data.Xml");
        case Kind::bits:
            return bits_schema(type);
        case Kind::enumeration:
            return enumeration_schema(type);
        case Kind::array:
            return array_schema(type, options);
        case Kind::composite:
            return composite_schema(type, options);
        case Kind::map:
            return map_schema(options);
        case Kind::geometry:
            return geometry_schema(type.native_name == "geography");
        case Kind::point:
            return point_schema();
        case Kind::vector:
            return vector_schema(type);
    }
    return plain("string");
}

namespace {

// "parameters" come last, if there are any yet.
void add_parameter(ConnectSchema& schema, std::string_view name, std::string_view value) {
    std::string parameter = json::quoted(name) + ":" + json::quoted(value);
    constexpr std::string_view begin = ",\"parameters\":{";
    if (schema.attributes.find(begin) != std::string::npos)
        schema.attributes.insert(schema.attributes.size() - 1, "," + parameter);
    else
        schema.attributes += std::string(begin) + parameter + "}";
}

ConnectSchema column_schema(const TableSchema& table, const Column& column, const DebeziumOptions& options,
                            const SourceTypeSelector* told) {
    ConnectSchema schema = connect_schema(column.type, options);
    if (column.masked) add_parameter(schema, "masked", "true");
    // As in Debezium, only where the column could hold more.
    int32_t length = column.type.kind == Kind::text ? column.type.precision : -1;
    if (column.truncated_to && (length < 0 || length > static_cast<int32_t>(*column.truncated_to)))
        add_parameter(schema, "truncateLength", std::to_string(*column.truncated_to));
    if (told && told->selects(table, column)) {
        SourceType type = source_type(column.declared_type());
        add_parameter(schema, "__debezium.source.column.type", type.name);
        add_parameter(schema, "__debezium.source.column.length", std::to_string(type.length));
        add_parameter(schema, "__debezium.source.column.scale", std::to_string(type.scale));
        add_parameter(schema, "__debezium.source.column.name", column.name);
    }
    return schema;
}

}  // namespace

std::string row_schema(const TableSchema& table, const std::vector<uint32_t>& columns, std::string_view name,
                       bool optional, std::string_view field, const DebeziumOptions& options,
                       const SourceTypeSelector* told) {
    std::string fields;
    for (uint32_t index : columns) {
        const Column& column = table.columns[index];
        if (!fields.empty()) fields += ',';
        fields += column_schema(table, column, options, told)
                      .render(column.nullable, adjusted_field_name(column.name, options.field_names),
                              default_json(column, options));
    }
    ConnectSchema schema{"\"type\":\"struct\",\"fields\":[" + fields + "]",
                         ",\"name\":" + json::quoted(adjusted_schema_name(name, options.schema_names))};
    return schema.render(optional, field);
}

std::string envelope_schema(const TableSchema& table, std::string_view topic, std::string_view source,
                            const DebeziumOptions& options) {
    std::vector<uint32_t> all;
    for (uint32_t i = 0; i < table.column_count(); ++i)
        if (!table.columns[i].key_only) all.push_back(i);
    std::string name(topic);
    SourceTypeSelector told(options);
    std::string fields = row_schema(table, all, name + ".Value", true, "before", options, &told) + "," +
                         row_schema(table, all, name + ".Value", true, "after", options, &told) + "," +
                         std::string(source) + "," + std::string(transaction_block) +
                         R"(,{"type":"string","optional":false,"field":"op"})"
                         R"(,{"type":"int64","optional":true,"field":"ts_ms"})"
                         R"(,{"type":"int64","optional":true,"field":"ts_us"})"
                         R"(,{"type":"int64","optional":true,"field":"ts_ns"})";
    // Version 2 is the envelope with ts_us and ts_ns.
    ConnectSchema schema{
        "\"type\":\"struct\",\"fields\":[" + fields + "]",
        ",\"name\":" + json::quoted(adjusted_schema_name(name + ".Envelope", options.schema_names)) +
            ",\"version\":2"};
    return schema.render(false);
}

std::string message_key_schema() {
    return structure(R"({"type":"string","optional":true,"field":"prefix"})",
                     "io.debezium.connector.postgresql.MessageKey", "")
        .render(false);
}

std::string message_schema(std::string_view source, const DebeziumOptions& options) {
    std::string content = connect_schema(plain_type(Kind::bytes), options).render(true, "content");
    ConnectSchema block = structure(R"({"type":"string","optional":true,"field":"prefix"},)" + content,
                                    "io.debezium.connector.postgresql.Message", "");
    std::string fields = R"({"type":"string","optional":false,"field":"op"},)"
                         R"({"type":"int64","optional":true,"field":"ts_ms"},)" +
                         std::string(source) + "," + std::string(transaction_block) + ",";
    return structure(fields + block.render(false, "message"), "io.debezium.connector.postgresql.MessageValue",
                     "")
        .render(false);
}

std::string heartbeat_key_schema() {
    return structure(R"({"type":"string","optional":false,"field":"serverName"})",
                     "io.debezium.connector.common.ServerNameKey", "")
        .render(false);
}

std::string heartbeat_value_schema() {
    return structure(R"({"type":"int64","optional":false,"field":"ts_ms"})",
                     "io.debezium.connector.common.Heartbeat", "")
        .render(false);
}

std::string transaction_key_schema() {
    return structure(R"({"type":"string","optional":false,"field":"id"})",
                     "io.debezium.connector.common.TransactionMetadataKey", "")
        .render(false);
}

std::string transaction_value_schema() {
    return structure(
               R"({"type":"string","optional":false,"field":"status"},)"
               R"({"type":"string","optional":false,"field":"id"},)"
               R"({"type":"int64","optional":true,"field":"event_count"},)"
               R"({"type":"array","items":{"type":"struct","fields":[)"
               R"({"type":"string","optional":false,"field":"data_collection"},)"
               R"({"type":"int64","optional":false,"field":"event_count"}],)"
               R"("optional":true,"name":"event.collection","version":1},"optional":true,"field":"data_collections"},)"
               R"({"type":"int64","optional":false,"field":"ts_ms"})",
               "io.debezium.connector.common.TransactionMetadataValue", "")
        .render(false);
}

}  // namespace leat
