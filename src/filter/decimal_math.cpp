#include "filter/decimal_math.h"

#include <algorithm>

#include "filter/condition.h"

namespace leat {
namespace {

constexpr size_t integer_digits_max = 131072, fraction_digits_max = 16383;
constexpr size_t products_max = 4 << 20;

bool finite(const Value& value) { return value.rank >= rank_negative && value.rank <= rank_positive; }

Value special(Rank rank) {
    Value value;
    value.known = Known::value;
    value.rank = rank;
    return value;
}

// The digit that stands `place` places left (below 0: right) of the point.
int digit_at(const Value& value, ptrdiff_t place) {
    if (place >= 0) {
        auto size = static_cast<ptrdiff_t>(value.text.size());
        return place < size ? value.text[static_cast<size_t>(size - 1 - place)] - '0' : 0;
    }
    auto i = static_cast<size_t>(-place - 1);
    return i < value.fraction.size() ? value.fraction[i] - '0' : 0;
}

// Digits without a point as a decimal with `fraction` digits after it.
std::optional<Value> finished(char* digits, size_t size, size_t fraction, bool negative) {
    Value value;
    value.known = Known::value;
    value.text = {digits, size - fraction};
    value.text.remove_prefix(std::min(value.text.find_first_not_of('0'), value.text.size()));
    value.fraction = {digits + size - fraction, fraction};
    value.fraction = value.fraction.substr(0, value.fraction.find_last_not_of('0') + 1);
    if (value.text.size() > integer_digits_max || value.fraction.size() > fraction_digits_max)
        return std::nullopt;
    bool zero = value.text.empty() && value.fraction.empty();
    value.rank = zero ? rank_zero : negative ? rank_negative : rank_positive;
    return value;
}

Value magnitude(Value value) {
    if (value.rank < 0) value.rank = static_cast<int8_t>(-value.rank);
    return value;
}

// a ± b of magnitudes, a at least b where it is minus.
std::optional<Value> combine(const Value& a, const Value& b, bool minus, bool negative,
                             ConditionScratch& scratch) {
    size_t integer = std::max(a.text.size(), b.text.size()) + 1;
    size_t fraction = std::max(a.fraction.size(), b.fraction.size());
    char* digits = scratch.allocate(integer + fraction);
    if (!digits) return std::nullopt;
    int carry = 0;
    for (size_t i = integer + fraction; i-- > 0;) {
        ptrdiff_t place = static_cast<ptrdiff_t>(integer) - 1 - static_cast<ptrdiff_t>(i);
        int digit = digit_at(a, place) + (minus ? -digit_at(b, place) : digit_at(b, place)) + carry;
        carry = digit < 0 ? -1 : digit / 10;
        digits[i] = static_cast<char>('0' + digit - carry * 10);
    }
    return finished(digits, integer + fraction, fraction, negative);
}

}  // namespace

Value negate_decimal(Value value) {
    if (value.rank != rank_nan) value.rank = static_cast<int8_t>(-value.rank);
    return value;
}

std::optional<Value> add_decimals(const Value& a, const Value& b, ConditionScratch& scratch) {
    if (!finite(a) || !finite(b)) {
        if (a.rank == rank_nan || b.rank == rank_nan) return special(rank_nan);
        if (finite(a)) return b;
        return finite(b) || a.rank == b.rank ? a : special(rank_nan);
    }
    bool same_sign = (a.rank < 0) == (b.rank < 0);
    if (same_sign) return combine(a, b, false, a.rank < 0, scratch);
    bool a_greater = compare_decimals(magnitude(a), magnitude(b)) >= 0;
    const Value& greater = a_greater ? a : b;
    return combine(greater, a_greater ? b : a, true, greater.rank < 0, scratch);
}

std::optional<Value> multiply_decimals(const Value& a, const Value& b, ConditionScratch& scratch) {
    if (a.rank == rank_nan || b.rank == rank_nan) return special(rank_nan);
    bool negative = (a.rank < 0) != (b.rank < 0);
    if (!finite(a) || !finite(b)) {
        if (a.rank == rank_zero || b.rank == rank_zero) return special(rank_nan);
        return special(negative ? rank_minus_infinity : rank_infinity);
    }
    size_t a_size = a.text.size() + a.fraction.size(), b_size = b.text.size() + b.fraction.size();
    size_t size = a_size + b_size, fraction = a.fraction.size() + b.fraction.size();
    if (a_size > 0 && b_size > products_max / a_size) return std::nullopt;
    char* digits = scratch.allocate(size + 1);
    if (!digits) return std::nullopt;
    std::fill_n(digits, size, '\0');
    auto digit = [](const Value& value, size_t i) {
        return (i < value.text.size() ? value.text[i] : value.fraction[i - value.text.size()]) - '0';
    };
    for (size_t i = a_size; i-- > 0;) {
        int carry = 0, factor = digit(a, i);
        for (size_t j = b_size; j-- > 0;) {
            int sum = digits[i + j + 1] + factor * digit(b, j) + carry;
            digits[i + j + 1] = static_cast<char>(sum % 10);
            carry = sum / 10;
        }
        digits[i] = static_cast<char>(digits[i] + carry);
    }
    for (size_t i = 0; i < size; ++i) digits[i] = static_cast<char>(digits[i] + '0');
    return finished(digits, size, fraction, negative);
}

}  // namespace leat
