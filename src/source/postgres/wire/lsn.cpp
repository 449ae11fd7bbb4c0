#include "source/postgres/wire/lsn.h"

#include <fmt/core.h>

#include <charconv>

namespace leat::pg {

std::string format_lsn(Lsn lsn) { return fmt::format("{:X}/{:X}", lsn.value >> 32, lsn.value & 0xffffffff); }

std::optional<Lsn> parse_lsn(std::string_view text) {
    size_t slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    auto parse_half = [](std::string_view half, uint64_t& value) {
        auto [end, error] = std::from_chars(half.data(), half.data() + half.size(), value, 16);
        return error == std::errc() && end == half.data() + half.size() && half.size() <= 8;
    };
    uint64_t high = 0, low = 0;
    if (!parse_half(text.substr(0, slash), high) || !parse_half(text.substr(slash + 1), low))
        return std::nullopt;
    return Lsn(high << 32 | low);
}

}  // namespace leat::pg
