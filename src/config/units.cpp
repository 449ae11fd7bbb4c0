#include "config/units.h"

#include <charconv>
#include <span>

#include "base/text.h"

namespace leat {

namespace {

struct Unit {
    std::string_view name;
    uint64_t factor;
};

constexpr Unit byte_units[] = {
    {"", 1},
    {"B", 1},
    {"KB", 1000},
    {"MB", 1000000},
    {"GB", 1000000000},
    {"TB", 1000000000000},
    {"KiB", 1ull << 10},
    {"MiB", 1ull << 20},
    {"GiB", 1ull << 30},
    {"TiB", 1ull << 40},
};
constexpr Unit time_units[] = {
    {"", 1}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000},
};

// Lower case is accepted for sizes ("64mb"): nobody means millibits.
bool same_unit(std::string_view a, std::string_view b, bool any_case) {
    if (a.size() != b.size()) return false;
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    for (size_t i = 0; i < a.size(); ++i)
        if (a[i] != b[i] && !(any_case && lower(a[i]) == lower(b[i]))) return false;
    return true;
}

std::optional<uint64_t> parse_quantity(std::string_view text, std::span<const Unit> units, bool any_case) {
    text = trim(text);
    uint64_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end == text.data()) return std::nullopt;
    std::string_view name = trim(text.substr(static_cast<size_t>(end - text.data())));
    for (const Unit& unit : units) {
        if (!same_unit(name, unit.name, any_case)) continue;
        if (number > static_cast<uint64_t>(INT64_MAX) / unit.factor) return std::nullopt;
        return number * unit.factor;
    }
    return std::nullopt;
}

}  // namespace

std::optional<uint64_t> parse_bytes(std::string_view text) { return parse_quantity(text, byte_units, true); }

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    auto count = parse_quantity(text, time_units, false);
    if (!count) return std::nullopt;
    return std::chrono::milliseconds(static_cast<int64_t>(*count));
}

}  // namespace leat
