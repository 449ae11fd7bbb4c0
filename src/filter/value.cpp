#include "filter/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace leat {
namespace {

template <class T>
int order(const T& a, const T& b) {
    return a < b ? -1 : b < a ? 1 : 0;
}

// NaN equals itself and is greater than all else.
int order_reals(double a, double b) {
    if (std::isnan(a) || std::isnan(b)) return order(std::isnan(a), std::isnan(b));
    return order(a, b);
}

// Digits of a number below 1: what is longer has no zero at its end.
int order_magnitudes(const Value& a, const Value& b) {
    if (a.text.size() != b.text.size()) return order(a.text.size(), b.text.size());
    if (int found = a.text.compare(b.text)) return found;
    return a.fraction.compare(b.fraction);
}

// u32 number of bits · the bits, the leftmost written one last. As written from the left; a prefix comes
// first.
int order_bits(std::string_view a, std::string_view b) {
    auto count = [](std::string_view value) { return load<uint32_t>(as_bytes(value).data()); };
    auto bit = [](std::string_view value, uint32_t of, uint32_t i) {
        uint32_t at = of - 1 - i;
        return (static_cast<uint8_t>(value[4 + at / 8]) >> (at % 8)) & 1;
    };
    uint32_t a_count = count(a), b_count = count(b);
    for (uint32_t i = 0; i < a_count && i < b_count; ++i)
        if (int found = bit(a, a_count, i) - bit(b, b_count, i)) return found;
    return order(a_count, b_count);
}

bool well_formed_bits(Bytes bytes) {
    return bytes.size() >= 4 && bytes.size() >= 4 + (size_t{load<uint32_t>(bytes.data())} + 7) / 8;
}

Value load_number(Kind kind, const uint8_t* at) {
    switch (kind) {
        case Kind::boolean:
            return Value::of_number(load<uint8_t>(at) != 0);
        case Kind::int16:
            return Value::of_number(load<int16_t>(at));
        case Kind::int32:
            return Value::of_number(load<int32_t>(at));
        case Kind::uint64:
            return Value::of_number(load<uint64_t>(at));
        case Kind::float32:
            return Value::of_real(static_cast<double>(load<float>(at)));
        case Kind::float64:
            return Value::of_real(load<double>(at));
        case Kind::date:
            return Value::of_number(load<int32_t>(at));
        default:
            return Value::of_number(load<int64_t>(at));
    }
}

}  // namespace

int compare_values(Class of, const Value& a, const Value& b) {
    switch (of) {
        case Class::decimal:
            return compare_decimals(a, b);
        case Class::real:
        case Class::real4:
            return order_reals(a.real, b.real);
        case Class::text:
        case Class::bytes:
        case Class::uuid:
            return a.text.compare(b.text);
        case Class::padded:
            return without_padding(a.text).compare(without_padding(b.text));
        case Class::bits:
            return order_bits(a.text, b.text);
        default:
            return order(a.number, b.number);
    }
}

int compare_decimals(const Value& a, const Value& b) {
    if (a.rank != b.rank) return order(a.rank, b.rank);
    if (a.rank == rank_positive) return order_magnitudes(a, b);
    return a.rank == rank_negative ? order_magnitudes(b, a) : 0;
}

int compare_integer_decimal(const Value& integer, const Value& decimal) {
    int sign = order(integer.number, Integer{0});
    if (decimal.rank != sign) return order(sign, int{decimal.rank});
    if (sign == 0) return 0;
    // 38 digits are within an __int128; integers have fewer.
    if (decimal.text.size() > 38) return -sign;
    Integer magnitude = 0;
    for (char digit : decimal.text) magnitude = magnitude * 10 + (digit - '0');
    int compared = order(sign < 0 ? -integer.number : integer.number, magnitude);
    if (compared == 0 && !decimal.fraction.empty()) compared = -1;
    return compared * sign;
}

std::string_view without_padding(std::string_view text) {
    size_t last = text.find_last_not_of(' ');
    return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

int infinite_date(Integer days) { return days == date_infinity ? 1 : days == date_minus_infinity ? -1 : 0; }

Value date_to_timestamp(const Value& date) {
    int infinite = infinite_date(date.number);
    if (infinite) return Value::of_number(infinite > 0 ? timestamp_infinity : timestamp_minus_infinity);
    // Dates reach further than timestamps do: beyond all of them, but not infinite.
    return Value::of_number(std::min<Integer>(date.number * us_per_day, timestamp_infinity - 1));
}

Value decimal_value(std::string_view text) {
    Value value;
    value.known = Known::value;
    bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    if (text.empty() || text[0] < '0' || text[0] > '9') {
        value.rank = text == "NaN" ? rank_nan : negative ? rank_minus_infinity : rank_infinity;
        return value;
    }
    size_t point = std::min(text.find('.'), text.size());
    value.text = text.substr(0, point);
    value.text.remove_prefix(std::min(value.text.find_first_not_of('0'), value.text.size()));
    if (point < text.size()) {
        value.fraction = text.substr(point + 1);
        value.fraction = value.fraction.substr(0, value.fraction.find_last_not_of('0') + 1);
    }
    bool zero = value.text.empty() && value.fraction.empty();
    value.rank = zero ? rank_zero : negative ? rank_negative : rank_positive;
    return value;
}

// So many digits that what follows can only break a tie, which the last one, made odd, does.
double decimal_to_real(const Value& decimal) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if (decimal.rank == rank_nan) return std::numeric_limits<double>::quiet_NaN();
    if (decimal.rank == rank_zero) return 0;
    bool negative = decimal.rank < 0;
    if (decimal.rank == rank_infinity || decimal.rank == rank_minus_infinity)
        return negative ? -infinity : infinity;

    constexpr size_t digits_max = 800;  // no double, and nothing half-way between two, has more
    char buffer[digits_max + 32];
    size_t size = 0;
    bool more = false;
    size_t zeros = 0;  // that begin the fraction
    std::string_view integer = decimal.text, fraction = decimal.fraction;
    if (integer.empty()) {
        zeros = std::min(fraction.find_first_not_of('0'), fraction.size());
        fraction.remove_prefix(zeros);
    }
    for (std::string_view part : {integer, fraction}) {
        size_t taken = std::min(part.size(), digits_max - size);
        std::copy_n(part.begin(), taken, buffer + size);
        size += taken;
        more |= taken < part.size();
    }
    if (more) buffer[size - 1] = '1';
    auto exponent =
        static_cast<int64_t>(integer.size()) - static_cast<int64_t>(zeros) - static_cast<int64_t>(size);
    buffer[size++] = 'e';
    char* end = std::to_chars(buffer + size, buffer + sizeof buffer, exponent).ptr;
    double real = 0;
    auto [at, error] = std::from_chars(buffer, end, real);
    if (error == std::errc::result_out_of_range) real = integer.empty() ? 0 : infinity;
    return negative ? -real : real;
}

Value load_value(Class of, Kind kind, Bytes bytes) {
    switch (of) {
        case Class::opaque:
            return Value::of_text({});
        case Class::decimal:
            return decimal_value(as_text(bytes));
        case Class::bits:
            return well_formed_bits(bytes) ? Value::of_text(as_text(bytes)) : Value::missing();
        case Class::text:
        case Class::padded:
        case Class::bytes:
        case Class::uuid:
        case Class::enumeration:
            return Value::of_text(as_text(bytes));
        case Class::interval: {
            Integer days = Integer{load<int32_t>(bytes.data())} * 30 + load<int32_t>(bytes.data() + 4);
            return Value::of_number(days * us_per_day + load<int64_t>(bytes.data() + 8));
        }
        case Class::time_tz: {
            // By the moment; of equal ones the zone further west is greater.
            Integer west = -Integer{load<int32_t>(bytes.data() + 8)};
            return Value::of_number((load<int64_t>(bytes.data()) + west * 1000000) * (Integer{1} << 32) +
                                    west);
        }
        default:
            return load_number(kind, bytes.data());
    }
}

}  // namespace leat
