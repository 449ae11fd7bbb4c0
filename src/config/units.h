// Sizes and durations as people write them in the configuration. Pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace leat {

// "64MB" is 64,000,000, "64MiB" is 67,108,864, "1000" are bytes. Empty: not a size, or above 2^63 - 1.
std::optional<uint64_t> parse_bytes(std::string_view text);

// "500ms", "90s", "5m", "12h", "7d"; a bare number is milliseconds. Empty: not a duration, or too long.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace leat
