// Integers that cannot be mixed up: a sequence is not a table id.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace leat {

template <class Tag, class Rep>
struct StrongId {
    Rep value{};

    constexpr StrongId() = default;
    constexpr explicit StrongId(Rep v) : value(v) {}
    friend constexpr auto operator<=>(StrongId, StrongId) = default;
};

}  // namespace leat

template <class Tag, class Rep>
struct std::hash<leat::StrongId<Tag, Rep>> {
    size_t operator()(leat::StrongId<Tag, Rep> id) const noexcept { return std::hash<Rep>{}(id.value); }
};
