#include "config/mask_option.h"

#include <fmt/core.h>

#include <charconv>

namespace leat {

namespace {

constexpr uint32_t length_max = 1 << 20;

// The part between prefix and suffix.
std::optional<std::string_view> between(std::string_view key, std::string_view prefix,
                                        std::string_view suffix) {
    if (key.size() <= prefix.size() + suffix.size() || !key.starts_with(prefix) || !key.ends_with(suffix))
        return std::nullopt;
    return key.substr(prefix.size(), key.size() - prefix.size() - suffix.size());
}

Result<std::optional<ColumnMaskConfig>> with_length(ColumnMaskConfig::Kind kind, std::string_view digits) {
    ColumnMaskConfig mask;
    mask.kind = kind;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), mask.length);
    bool is_number = error == std::errc() && end == digits.data() + digits.size();
    if (!is_number || mask.length > length_max)
        return fail(ErrorCode::CONFIG_INVALID,
                    fmt::format("the number of characters is from 0 to {}", length_max));
    return mask;
}

}  // namespace

Result<std::optional<ColumnMaskConfig>> parse_mask_option(std::string_view key) {
    using Kind = ColumnMaskConfig::Kind;
    if (auto digits = between(key, "column.truncate.to.", ".chars"))
        return with_length(Kind::truncate, *digits);
    if (auto digits = between(key, "column.mask.with.", ".chars"))
        return with_length(Kind::asterisks, *digits);
    constexpr std::string_view prefix = "column.mask.hash.", second = "v2.", salted = ".with.salt.";
    if (!key.starts_with(prefix)) return std::nullopt;
    key.remove_prefix(prefix.size());
    ColumnMaskConfig mask;
    mask.kind = Kind::hash;
    if (key.starts_with(second)) {
        mask.kind = Kind::hash_v2;
        key.remove_prefix(second.size());
    }
    size_t end = key.find(salted);
    if (end == 0 || end == std::string_view::npos || end + salted.size() == key.size()) return std::nullopt;
    mask.algorithm = key.substr(0, end);
    mask.salt = key.substr(end + salted.size());
    return mask;
}

}  // namespace leat
