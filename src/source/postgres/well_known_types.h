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
inline constexpr uint32_t box = 603, money = 790;
inline constexpr uint32_t bpchar = 1042, varchar = 1043;
inline constexpr uint32_t interval = 1186;
inline constexpr uint32_t bit = 1560, varbit = 1562;
inline constexpr uint32_t numeric = 1700;
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
