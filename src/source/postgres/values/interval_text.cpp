#include "source/postgres/values/interval_text.h"

#include <limits>

namespace leat::pg {

namespace {

constexpr uint64_t fraction_scale[] = {1000000, 100000, 10000, 1000, 100, 10, 1};

template <class T>
bool add_scaled(T& sum, int64_t value, int64_t scale) {
    T scaled = 0;
    return !__builtin_mul_overflow(value, scale, &scaled) && !__builtin_add_overflow(sum, scaled, &sum);
}

// "year", "mon" or "day", each once with its plural, in this order: `unit` is the last one seen.
bool read_unit(TextScanner& from, int& unit) {
    int found = from.take("year") ? 1 : from.take("mon") ? 2 : from.take("day") ? 3 : 0;
    from.take('s');
    if (found <= unit) return false;
    unit = found;
    return true;
}

// After the hours: ":mm:ss[.ffffff]". The sign goes into every part, so that the smallest interval fits.
bool read_clock(TextScanner& from, uint64_t hours, bool negative, int64_t& us) {
    unsigned minutes = 0, seconds = 0;
    uint64_t fraction = 0;
    if (!from.take(':') || !from.two_digits(minutes) || !from.take(':') || !from.two_digits(seconds))
        return false;
    if (minutes > 59 || seconds > 59) return false;
    if (from.take('.')) {
        int count = from.digits(6, fraction);
        if (count == 0) return false;
        fraction *= fraction_scale[count];
    }
    int64_t sign = negative ? -1 : 1;
    int64_t below_hour = static_cast<int64_t>((minutes * 60 + seconds) * 1000000ULL + fraction);
    return add_scaled(us, static_cast<int64_t>(hours) * sign, 3600000000) && add_scaled(us, below_hour, sign);
}

// One part with its sign: a number with a unit, or the time of day, which is the last.
bool read_part(TextScanner& from, int& unit, Interval& value) {
    bool negative = from.take('-');
    if (!negative) from.take('+');
    uint64_t number = 0;
    int count = from.digits(18, number);
    if (count == 0) return false;
    if (from.peek() == ':')
        return count >= 2 && read_clock(from, number, negative, value.us) && from.at_end();
    if (!from.take(' ') || !read_unit(from, unit)) return false;
    int64_t quantity = negative ? -static_cast<int64_t>(number) : static_cast<int64_t>(number);
    if (unit == 3) return add_scaled(value.days, quantity, 1);
    return add_scaled(value.months, quantity, unit == 1 ? 12 : 1);
}

template <class T>
constexpr T extreme(bool negative) {
    return negative ? std::numeric_limits<T>::min() : std::numeric_limits<T>::max();
}

}  // namespace

Fault parse_interval(std::string_view text, Interval& value) {
    value = {};
    if (text == "infinity" || text == "-infinity") {
        bool negative = text[0] == '-';
        value = {extreme<int32_t>(negative), extreme<int32_t>(negative), extreme<int64_t>(negative)};
        return Fault::none();
    }
    TextScanner from(text);
    int unit = 0;
    do {
        if (!read_part(from, unit, value)) return from.malformed();
    } while (from.take(' '));
    return from.end_fault();
}

}  // namespace leat::pg
