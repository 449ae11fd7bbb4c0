// The options that mask columns: their names hold a length, or an algorithm and a salt. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace leat {

struct ColumnMaskConfig {
    // In the order in which they are asked: a column takes the first that matches it.
    enum class Kind : uint8_t { truncate, asterisks, hash, hash_v2 };
    Kind kind = Kind::truncate;
    uint32_t length = 0;               // of truncate and asterisks, in characters
    std::string algorithm;             // of a hash, by Java's name
    std::string salt;                  // a secret: never printed
    std::vector<std::string> columns;  // regular expressions over schema.table.column

    bool operator==(const ColumnMaskConfig&) const = default;
};

// Reads column.truncate.to.N.chars, column.mask.with.N.chars, column.mask.hash.ALGORITHM.with.salt.SALT and
// column.mask.hash.v2.ALGORITHM.with.salt.SALT. None: another option. CONFIG_INVALID: a length that is none.
// References in the salt stay.
Result<std::optional<ColumnMaskConfig>> parse_mask_option(std::string_view key);

}  // namespace leat
