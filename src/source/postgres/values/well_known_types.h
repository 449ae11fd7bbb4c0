// The types every PostgreSQL server has, by their fixed OIDs (src/include/catalog/pg_type.dat), and the
// extension types that Leat reads as more than text, by name.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "model/schema.h"

namespace leat::pg {

namespace oid {
inline constexpr uint32_t boolean = 16, bytea = 17, name = 19, int8 = 20, int2 = 21, int4 = 23, text = 25;
inline constexpr uint32_t oid = 26, json = 114, xml = 142, box = 603, float4 = 700, float8 = 701, money = 790;
inline constexpr uint32_t bpchar = 1042, varchar = 1043;
inline constexpr uint32_t date = 1082, time = 1083, timestamp = 1114, timestamptz = 1184;
inline constexpr uint32_t interval = 1186, timetz = 1266;
inline constexpr uint32_t bit = 1560, varbit = 1562;
inline constexpr uint32_t numeric = 1700, uuid = 2950, jsonb = 3802;
}  // namespace oid

struct WellKnownType {
    uint32_t oid = 0;
    uint32_t array_oid = 0;  // 0: none
    std::string_view name;
    Kind kind = Kind::text;  // text: its output is the canonical value
    char delimiter = ',';    // between the elements of an array
};

std::span<const WellKnownType> well_known_types();
// Of a base type that is not well known. Only extensions can make base types, so that a name is enough.
Kind extension_kind(std::string_view type_name);

}  // namespace leat::pg
