#include "codec/decimal.h"

#include <algorithm>
#include <bit>
#include <string>
#include <vector>

namespace leat {
namespace {

bool all_digits(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Big-endian two's complement of ±magnitude, whose bytes are big endian without leading zeros.
void put_twos_complement(ByteBuffer& to, bool negative, const uint8_t* magnitude, size_t size) {
    if (size == 0) return to.put_char(0);
    bool high = magnitude[0] & 0x80;
    // -2^(8n-1) is the one negative number that needs no further byte although its magnitude's top bit is
    // set.
    bool extreme = negative && magnitude[0] == 0x80 &&
                   std::all_of(magnitude + 1, magnitude + size, [](uint8_t b) { return b == 0; });
    size_t total = size + (high && !extreme ? 1 : 0);
    uint8_t* at = to.grow(total);
    if (total > size) *at++ = 0;
    std::memcpy(at, magnitude, size);
    if (!negative) return;
    uint8_t* first = at - (total - size);
    int carry = 1;
    for (size_t i = total; i-- > 0;) {
        int byte = (first[i] ^ 0xff) + carry;
        first[i] = static_cast<uint8_t>(byte);
        carry = byte >> 8;
    }
}

void put_small(ByteBuffer& to, bool negative, uint64_t value) {
    uint8_t bytes[8];
    uint64_t swapped = byte_swap(value);
    std::memcpy(bytes, &swapped, 8);
    size_t skip = value ? static_cast<size_t>(std::countl_zero(value)) / 8 : 8;
    put_twos_complement(to, negative, bytes + skip, 8 - skip);
}

using Limbs = std::vector<uint32_t>;  // little endian, no leading zero limb

void multiply_add(Limbs& number, uint64_t factor, uint64_t addend) {
    unsigned __int128 carry = addend;
    for (auto& limb : number) {
        carry += static_cast<unsigned __int128>(limb) * factor;
        limb = static_cast<uint32_t>(carry);
        carry >>= 32;
    }
    for (; carry; carry >>= 32) number.push_back(static_cast<uint32_t>(carry));
}

void trim(Limbs& number) {
    while (!number.empty() && number.back() == 0) number.pop_back();
}

void add_shifted(Limbs& to, const Limbs& what, size_t shift) {
    to.resize(std::max(to.size(), what.size() + shift) + 1);  // with room for a last carry
    uint64_t carry = 0;
    for (size_t i = 0; i < what.size() || carry; ++i) {
        carry += uint64_t{to[i + shift]} + (i < what.size() ? what[i] : 0);
        to[i + shift] = static_cast<uint32_t>(carry);
        carry >>= 32;
    }
}

void subtract(Limbs& from, const Limbs& what) {
    int64_t borrow = 0;
    for (size_t i = 0; i < from.size() && (i < what.size() || borrow); ++i) {
        int64_t difference = int64_t{from[i]} - (i < what.size() ? int64_t{what[i]} : 0) + borrow;
        from[i] = static_cast<uint32_t>(difference);
        borrow = difference >> 32;
    }
    trim(from);
}

Limbs part(const Limbs& of, size_t from, size_t to) {
    from = std::min(from, of.size()), to = std::min(to, of.size());
    Limbs limbs(of.begin() + static_cast<ptrdiff_t>(from), of.begin() + static_cast<ptrdiff_t>(to));
    trim(limbs);
    return limbs;
}

Limbs multiply(const Limbs& a, const Limbs& b) {
    if (a.empty() || b.empty()) return {};
    if (std::min(a.size(), b.size()) < 40) {
        Limbs product(a.size() + b.size());
        for (size_t i = 0; i < a.size(); ++i) {
            uint64_t carry = 0;
            for (size_t j = 0; j < b.size(); ++j) {
                carry += uint64_t{a[i]} * b[j] + product[i + j];
                product[i + j] = static_cast<uint32_t>(carry);
                carry >>= 32;
            }
            product[i + b.size()] = static_cast<uint32_t>(carry);
        }
        trim(product);
        return product;
    }
    // Karatsuba: three products of half the size instead of four.
    size_t half = (std::max(a.size(), b.size()) + 1) / 2;
    Limbs a_low = part(a, 0, half), a_high = part(a, half, a.size());
    Limbs b_low = part(b, 0, half), b_high = part(b, half, b.size());
    Limbs low = multiply(a_low, b_low), high = multiply(a_high, b_high);
    add_shifted(a_low, a_high, 0), add_shifted(b_low, b_high, 0);
    trim(a_low), trim(b_low);
    Limbs middle = multiply(a_low, b_low);
    subtract(middle, low), subtract(middle, high);
    Limbs product;
    add_shifted(product, low, 0), add_shifted(product, middle, half), add_shifted(product, high, 2 * half);
    trim(product);
    return product;
}

// Digits to a number by halves, so that 131072 digits cost multiplications, not a pass over all limbs a
// digit.
constexpr size_t leaf_digits = 18 * 16;

Limbs from_leaf(std::string_view digits) {
    Limbs number;
    for (size_t i = 0; i < digits.size();) {
        size_t count = std::min<size_t>(18, digits.size() - i);
        uint64_t chunk = 0, power = 1;
        for (size_t end = i + count; i < end; ++i) {
            chunk = chunk * 10 + static_cast<uint64_t>(digits[i] - '0');
            power *= 10;
        }
        multiply_add(number, power, chunk);
    }
    return number;
}

// powers[k] = 10^(leaf_digits · 2^k)
Limbs from_digits(std::string_view digits, std::vector<Limbs>& powers) {
    if (digits.size() <= leaf_digits) return from_leaf(digits);
    size_t k = 0, low_count = leaf_digits;
    while (low_count * 2 < digits.size()) low_count *= 2, ++k;
    while (powers.size() <= k) {
        if (powers.empty())
            powers.push_back(from_leaf("1" + std::string(leaf_digits, '0')));
        else
            powers.push_back(multiply(powers.back(), powers.back()));
    }
    Limbs high = from_digits(digits.substr(0, digits.size() - low_count), powers);
    Limbs low = from_digits(digits.substr(digits.size() - low_count), powers);
    Limbs number = multiply(high, powers[k]);
    add_shifted(number, low, 0);
    trim(number);
    return number;
}

void put_large(ByteBuffer& to, bool negative, std::string_view digits) {
    std::vector<Limbs> powers;
    Limbs limbs = from_digits(digits, powers);
    trim(limbs);
    std::string magnitude;
    magnitude.reserve(limbs.size() * 4);
    for (size_t i = limbs.size(); i-- > 0;)
        for (int shift = 24; shift >= 0; shift -= 8)
            magnitude.push_back(static_cast<char>(limbs[i] >> shift));
    size_t skip = std::min(magnitude.find_first_not_of('\0'), magnitude.size());
    put_twos_complement(to, negative, as_bytes(magnitude).data() + skip, magnitude.size() - skip);
}

void put_integer(ByteBuffer& to, bool negative, std::string_view digits) {
    digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
    if (digits.size() > 18) return put_large(to, negative, digits);
    uint64_t value = 0;
    for (char c : digits) value = value * 10 + static_cast<uint64_t>(c - '0');
    put_small(to, negative && value, value);
}

void increment(std::string& digits) {
    for (size_t i = digits.size(); i-- > 0;) {
        if (digits[i]++ != '9') return;
        digits[i] = '0';
    }
    digits.insert(0, "1");
}

}  // namespace

std::optional<DecimalText> DecimalText::parse(std::string_view text) {
    DecimalText value;
    if (text.starts_with('-')) value.negative = true, text.remove_prefix(1);
    size_t point = text.find('.');
    value.integer = text.substr(0, point);
    if (point != std::string_view::npos) value.fraction = text.substr(point + 1);
    if (value.integer.empty() || !all_digits(value.integer) || !all_digits(value.fraction))
        return std::nullopt;
    return value;
}

DecimalText DecimalText::stripped() const {
    DecimalText value = *this;
    size_t last = fraction.find_last_not_of('0');
    value.fraction = fraction.substr(0, last == std::string_view::npos ? 0 : last + 1);
    return value;
}

bool put_unscaled(ByteBuffer& to, const DecimalText& value, int32_t scale, bool round_half_up) {
    size_t integer = value.integer.size(), fraction = value.fraction.size();
    size_t wanted = scale > 0 ? static_cast<size_t>(scale) : 0;
    // A double's worth of digits is the common case: no copy on the heap.
    char small[64];
    std::string large;
    size_t room = integer + std::max(fraction, wanted);
    char* digits = small;
    if (room > sizeof small) large.resize(room), digits = large.data();
    std::memcpy(digits, value.integer.data(), integer);
    if (fraction) std::memcpy(digits + integer, value.fraction.data(), fraction);
    if (wanted > fraction) std::memset(digits + integer + fraction, '0', wanted - fraction);

    // Of these digits the last ones go that stand below 10^-scale.
    size_t below = fraction > wanted ? fraction - wanted : 0;
    if (scale < 0) below = fraction + static_cast<size_t>(-int64_t{scale});
    size_t kept = below < room ? room - below : 0;
    std::string_view cut(digits + kept, room - kept);
    bool exact = cut.find_first_not_of('0') == std::string_view::npos;
    if (!exact && !round_half_up) return false;
    if (!exact && below <= room && cut.front() >= '5') {
        std::string rounded(digits, kept);
        increment(rounded);
        put_integer(to, value.negative, rounded);
        return true;
    }
    put_integer(to, value.negative, {digits, kept});
    return true;
}

}  // namespace leat
