#include <algorithm>

#include "filter/value.h"

namespace leat {
namespace {

struct NamedType {
    std::string_view name;
    Class of;
};
// As the grammar and the catalog call them.
constexpr NamedType named_types[] = {
    {"bool", Class::boolean},      {"int2", Class::integer},        {"int4", Class::integer},
    {"int8", Class::integer},      {"numeric", Class::decimal},     {"decimal", Class::decimal},
    {"float4", Class::real4},      {"float8", Class::real},         {"text", Class::text},
    {"varchar", Class::text},      {"name", Class::text},           {"bpchar", Class::padded},
    {"bytea", Class::bytes},       {"date", Class::date},           {"time", Class::time},
    {"timetz", Class::time_tz},    {"timestamp", Class::timestamp}, {"timestamptz", Class::timestamp_tz},
    {"interval", Class::interval}, {"uuid", Class::uuid},           {"bit", Class::bits},
    {"varbit", Class::bits},
};

// Types whose value is text: equal where the text is. The other types that are kept as their text are not
// here.
constexpr std::string_view text_types[] = {"text",     "varchar",    "name",     "char",  "character varying",
                                           "tinytext", "mediumtext", "longtext", "string"};

Class class_of(Kind kind) {
    switch (kind) {
        case Kind::boolean:
            return Class::boolean;
        case Kind::int16:
        case Kind::int32:
        case Kind::int64:
        case Kind::uint64:
            return Class::integer;
        case Kind::float32:
            return Class::real4;
        case Kind::float64:
            return Class::real;
        case Kind::decimal:
            return Class::decimal;
        case Kind::bytes:
            return Class::bytes;
        case Kind::date:
            return Class::date;
        case Kind::time:
            return Class::time;
        case Kind::time_tz:
            return Class::time_tz;
        case Kind::timestamp:
            return Class::timestamp;
        case Kind::timestamp_tz:
            return Class::timestamp_tz;
        case Kind::interval:
            return Class::interval;
        case Kind::uuid:
            return Class::uuid;
        case Kind::bits:
            return Class::bits;
        case Kind::enumeration:
            return Class::enumeration;
        default:
            return Class::opaque;
    }
}

}  // namespace

ValueType value_type(const Type& type) {
    ValueType made;
    made.name = type.native_name;
    made.of = class_of(type.kind);
    if (type.kind == Kind::text) {
        bool plain = type.native_name.empty() || std::find(std::begin(text_types), std::end(text_types),
                                                           type.native_name) != std::end(text_types);
        if (type.native_name == "bpchar")
            made.of = Class::padded;
        else if (plain)
            made.of = Class::text;
        else if (type.native_name == "citext")
            made.reason = "its equality belongs to the database's collation";
        else
            made.reason = "it is kept as its text, and equal values of this type may have different texts";
    } else if (made.of == Class::opaque) {
        made.reason = "equal values of this type may have different texts";
    }
    if (made.of == Class::enumeration) made.labels = std::make_shared<std::vector<std::string>>(type.labels);
    return made;
}

ValueType value_type(std::string_view name) {
    ValueType made;
    made.name = name;
    for (const NamedType& type : named_types)
        if (type.name == name) made.of = type.of;
    return made;
}

}  // namespace leat
