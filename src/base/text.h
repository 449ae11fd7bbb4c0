// Small text helpers for what people read and write.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace leat {

// '*' matches any run of characters, '?' one. Case matters.
bool glob_match(std::string_view pattern, std::string_view text);

// The candidate nearest to `word` by edit distance, if one is near enough to be what was meant.
std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> candidates);

// "1.5 GB", "12.3k".
std::string human_bytes(uint64_t bytes);
std::string human_count(double count);

std::vector<std::string_view> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);

// Microseconds since 1970 as "2026-11-21T10:15:30.123456Z".
std::string format_time_us(int64_t time_us);
// The reverse: a date with optional time, fraction and zone ("2026-11-21 10:15", "…T10:15:30+01:00"); UTC
// without one.
std::optional<int64_t> parse_time_us(std::string_view text);

}  // namespace leat
