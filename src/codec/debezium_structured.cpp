#include "codec/debezium_structured.h"

#include <span>

#include "codec/temporal.h"
#include "json/json_text.h"

namespace leat {
namespace {

using W = const ValueWriter&;

struct StructuredField {
    std::string_view name, type;
};

constexpr StructuredField date_fields[] = {
    {"year", "int32"}, {"month", "int8"}, {"day", "int8"}, {"specialValue", "string"}};
constexpr StructuredField time_fields[] = {
    {"hour", "int8"}, {"minute", "int8"}, {"second", "int8"}, {"nanos", "int32"}, {"precision", "int32"}};
constexpr StructuredField time_tz_fields[] = {{"hour", "int8"},           {"minute", "int8"},
                                              {"second", "int8"},         {"nanos", "int32"},
                                              {"offsetSeconds", "int32"}, {"precision", "int32"}};
constexpr StructuredField timestamp_fields[] = {
    {"year", "int32"},  {"month", "int8"},          {"day", "int8"},
    {"hour", "int8"},   {"minute", "int8"},         {"second", "int8"},
    {"nanos", "int32"}, {"specialValue", "string"}, {"precision", "int32"}};
constexpr StructuredField timestamp_tz_fields[] = {
    {"year", "int32"},    {"month", "int8"},          {"day", "int8"},       {"hour", "int8"},
    {"minute", "int8"},   {"second", "int8"},         {"nanos", "int32"},    {"offsetSeconds", "int32"},
    {"zoneId", "string"}, {"specialValue", "string"}, {"precision", "int32"}};
constexpr StructuredField interval_fields[] = {
    {"years", "int32"},   {"months", "int32"},  {"days", "int32"},  {"hours", "int32"},
    {"minutes", "int32"}, {"seconds", "int64"}, {"nanos", "int32"}, {"precision", "int32"}};

struct Structure {
    std::string_view name;
    std::span<const StructuredField> fields;
};

Structure structure_of(Kind kind) {
    switch (kind) {
        case Kind::date:
            return {"StructuredDate", date_fields};
        case Kind::time:
            return {"StructuredTime", time_fields};
        case Kind::time_tz:
            return {"StructuredZonedTime", time_tz_fields};
        case Kind::timestamp:
            return {"StructuredTimestamp", timestamp_fields};
        case Kind::timestamp_tz:
            return {"StructuredZonedTimestamp", timestamp_tz_fields};
        default:
            return {"StructuredDuration", interval_fields};
    }
}

void put_field(ByteBuffer& to, std::string_view head, int64_t value) {
    to.put_text(head);
    json::put_int(to, value);
}

void put_date(ByteBuffer& to, int64_t days) {
    CivilDate date = civil_from_days(days);
    put_field(to, "{\"year\":", date.year);
    put_field(to, ",\"month\":", date.month);
    put_field(to, ",\"day\":", date.day);
}

void put_clock(ByteBuffer& to, int64_t us) {
    put_field(to, "\"hour\":", us / 3600000000);
    put_field(to, ",\"minute\":", us / 60000000 % 60);
    put_field(to, ",\"second\":", us / 1000000 % 60);
    put_field(to, ",\"nanos\":", us % 1000000 * 1000);
}

// All fields null but specialValue, and precision where it is known.
void put_special(ByteBuffer& to, Kind kind, std::string_view value, int32_t precision = -1) {
    to.put_char('{');
    bool first = true;
    for (auto& field : structure_of(kind).fields) {
        to.put_text(first ? "\"" : ",\"");
        to.put_text(field.name);
        to.put_text("\":");
        if (field.name == "specialValue")
            json::put_string(to, value);
        else if (field.name == "precision" && precision >= 0)
            json::put_int(to, precision);
        else
            to.put_text("null");
        first = false;
    }
    to.put_char('}');
}

constexpr std::string_view infinity = "POSITIVE_INFINITY", minus_infinity = "NEGATIVE_INFINITY";

Written write_date(W, Bytes value, ByteBuffer& to) {
    auto days = load<int32_t>(value.data());
    if (days == date_infinity || days == date_minus_infinity) {
        put_special(to, Kind::date, days == date_infinity ? infinity : minus_infinity);
        return Written::ok;
    }
    put_date(to, days);
    to.put_text(",\"specialValue\":null}");
    return Written::ok;
}

Written write_time(W writer, Bytes value, ByteBuffer& to) {
    to.put_char('{');
    put_clock(to, load<int64_t>(value.data()));
    put_field(to, ",\"precision\":", writer.number);
    to.put_char('}');
    return Written::ok;
}

Written write_time_tz(W writer, Bytes value, ByteBuffer& to) {
    to.put_char('{');
    put_clock(to, load<int64_t>(value.data()));
    put_field(to, ",\"offsetSeconds\":", load<int32_t>(value.data() + 8));
    put_field(to, ",\"precision\":", writer.number);
    to.put_char('}');
    return Written::ok;
}

// Of both kinds; a timestamp_tz is in UTC.
Written write_timestamp(W writer, Bytes value, ByteBuffer& to) {
    auto us = load<int64_t>(value.data());
    Kind kind = writer.type.kind;
    if (us == timestamp_infinity || us == timestamp_minus_infinity) {
        put_special(to, kind, us == timestamp_infinity ? infinity : minus_infinity, writer.number);
        return Written::ok;
    }
    int64_t days = floor_divide(us, day_us);
    put_date(to, days);
    to.put_char(',');
    put_clock(to, us - days * day_us);
    if (kind == Kind::timestamp_tz) to.put_text(",\"offsetSeconds\":0,\"zoneId\":\"Z\"");
    put_field(to, ",\"specialValue\":null,\"precision\":", writer.number);
    to.put_char('}');
    return Written::ok;
}

// Parts have the sign of the whole that they are of.
Written write_interval(W writer, Bytes value, ByteBuffer& to) {
    const uint8_t* p = value.data();
    auto months = load<int32_t>(p);
    auto us = load<int64_t>(p + 8);
    put_field(to, "{\"years\":", months / 12);
    put_field(to, ",\"months\":", months % 12);
    put_field(to, ",\"days\":", load<int32_t>(p + 4));
    put_field(to, ",\"hours\":", us / 3600000000);
    put_field(to, ",\"minutes\":", us / 60000000 % 60);
    put_field(to, ",\"seconds\":", us / 1000000 % 60);
    put_field(to, ",\"nanos\":", us % 1000000 * 1000);
    put_field(to, ",\"precision\":", writer.number);
    to.put_char('}');
    return Written::ok;
}

}  // namespace

bool is_structured(const Type& type, const DebeziumOptions& options) {
    if (options.time != TimePrecision::structured) return false;
    switch (type.kind) {
        case Kind::date:
        case Kind::time:
        case Kind::time_tz:
        case Kind::timestamp:
        case Kind::timestamp_tz:
        case Kind::interval:
            return true;
        default:
            return false;
    }
}

ValueWriter::Write structured_function(Kind kind) {
    switch (kind) {
        case Kind::date:
            return write_date;
        case Kind::time:
            return write_time;
        case Kind::time_tz:
            return write_time_tz;
        case Kind::timestamp:
        case Kind::timestamp_tz:
            return write_timestamp;
        default:
            return write_interval;
    }
}

ConnectSchema structured_schema(Kind kind) {
    Structure structure = structure_of(kind);
    std::string fields;
    for (auto& field : structure.fields) {
        if (!fields.empty()) fields += ',';
        fields += "{\"type\":" + json::quoted(field.type) +
                  ",\"optional\":true,\"field\":" + json::quoted(field.name) + "}";
    }
    return {"\"type\":\"struct\",\"fields\":[" + fields + "]",
            ",\"name\":\"io.debezium.time." + std::string(structure.name) + "\",\"version\":1"};
}

std::string structured_placeholder(Kind kind, const std::string& text) {
    ByteBuffer to;
    put_special(to, kind, text);
    return std::string(to.text());
}

std::string structured_fallback(const Type& type) {
    ByteBuffer to;
    ValueWriter writer;
    writer.type = type;
    writer.number = fractional_digits(type);
    uint8_t zero[16] = {};
    structured_function(type.kind)(writer, {zero, sizeof zero}, to);
    return std::string(to.text());
}

}  // namespace leat
