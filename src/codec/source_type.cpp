#include "codec/source_type.h"

#include <algorithm>

namespace leat {

namespace {

constexpr int32_t unlimited = INT32_MAX;
constexpr int32_t numeric_digits_max = 131089;

// How many characters the fraction of a second takes. One digit takes as many as two, as the driver has it.
int32_t fraction_length(int32_t digits) { return digits == 0 ? 0 : std::max(digits, 2) + 1; }

SourceType temporal(const Type& type, int32_t length) {
    int32_t digits = type.precision < 0 ? 6 : type.precision;
    return {"", length + fraction_length(digits), digits};
}

// Length and scale; the name is the array's.
SourceType measures(const Type& type) {
    switch (type.kind) {
        case Kind::array:
            return type.element ? measures(*type.element) : SourceType{"", unlimited, 0};
        case Kind::boolean:
            return {"", 1, 0};
        case Kind::int16:
            return {"", 5, 0};
        case Kind::int32:
            return {"", 10, 0};
        case Kind::int64:
            return {"", type.native_name == "oid" ? 10 : 19, 0};
        case Kind::uint64:
            return {"", 20, 0};
        case Kind::float32:
            return {"", 8, 8};
        case Kind::float64:
            return {"", 17, 17};
        case Kind::decimal:
            if (type.native_name == "money") return {"", unlimited, 0};
            if (type.precision < 0) return {"", numeric_digits_max, 0};
            return {"", type.precision, type.scale};
        case Kind::date:
            return {"", 13, 0};
        case Kind::time:
            return temporal(type, 8);
        case Kind::time_tz:
            return temporal(type, 14);
        case Kind::timestamp:
            return temporal(type, 22);
        case Kind::timestamp_tz:
            return temporal(type, 28);
        case Kind::interval:
            return {"", 49, type.precision < 0 ? 6 : type.precision};
        case Kind::text:
        case Kind::bits:
            if (type.native_name == "char") return {"", 1, 0};
            return {"", type.precision < 0 ? unlimited : type.precision, 0};
        default:
            return {"", unlimited, 0};
    }
}

std::vector<std::regex> compile(const std::vector<std::string>& patterns) {
    std::vector<std::regex> compiled;
    for (const std::string& pattern : patterns)
        compiled.emplace_back(pattern, std::regex::ECMAScript | std::regex::icase);
    return compiled;
}

bool matches(const std::vector<std::regex>& patterns, const std::string& name) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](const std::regex& pattern) { return std::regex_match(name, pattern); });
}

}  // namespace

SourceType source_type(const Type& declared) {
    SourceType type = measures(declared);
    type.name = declared.native_name;
    for (char& c : type.name)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    return type;
}

SourceTypeSelector::SourceTypeSelector(const DebeziumOptions& options)
    : columns_(compile(options.source_type_columns)), types_(compile(options.source_type_names)) {}

bool SourceTypeSelector::selects(const TableDefinition& table, const Column& column) const {
    if ((columns_.empty() && types_.empty()) || column.is_changed()) return false;
    std::string prefix = table.schema.empty() ? table.name : table.schema + "." + table.name;
    return matches(columns_, prefix + "." + column.name) ||
           matches(types_, prefix + "." + column.declared_type().native_name);
}

}  // namespace leat
