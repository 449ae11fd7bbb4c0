#include "source/postgres/values/number_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace leat::pg {

namespace {

template <class T, Fault (*parse)(std::string_view, T&)>
std::optional<T> value(std::string_view text) {
    T parsed{};
    return parse(text, parsed) ? std::nullopt : std::optional<T>(parsed);
}
constexpr auto int16 = value<int16_t, parse_int16>;
constexpr auto int32 = value<int32_t, parse_int32>;
constexpr auto int64 = value<int64_t, parse_int64>;
constexpr auto uint64 = value<uint64_t, parse_uint64>;
constexpr auto float32 = value<float, parse_float32>;
constexpr auto float64 = value<double, parse_float64>;

std::string money(std::string_view text) {
    ByteBuffer to;
    return append_money(text, to) ? "malformed" : std::string(to.text());
}

}  // namespace

TEST(NumberText, Boolean) {
    EXPECT_EQ((value<uint8_t, parse_boolean>("t")), 1);
    EXPECT_EQ((value<uint8_t, parse_boolean>("f")), 0);
    for (auto text : {"", "T", "true", "1", "tt"})
        EXPECT_EQ((value<uint8_t, parse_boolean>(text)), std::nullopt);
}

TEST(NumberText, IntegerLimits) {
    EXPECT_EQ(int16("32767"), 32767);
    EXPECT_EQ(int16("-32768"), -32768);
    EXPECT_EQ(int16("32768"), std::nullopt);
    EXPECT_EQ(int16("-32769"), std::nullopt);
    EXPECT_EQ(int32("2147483647"), INT32_MAX);
    EXPECT_EQ(int32("-2147483648"), INT32_MIN);
    EXPECT_EQ(int32("2147483648"), std::nullopt);
    EXPECT_EQ(int32("-2147483649"), std::nullopt);
    EXPECT_EQ(int64("9223372036854775807"), INT64_MAX);
    EXPECT_EQ(int64("-9223372036854775808"), INT64_MIN);
    EXPECT_EQ(int64("9223372036854775808"), std::nullopt);
    EXPECT_EQ(int64("-9223372036854775809"), std::nullopt);
    EXPECT_EQ(int64("9999999999999999999"), std::nullopt);
    EXPECT_EQ(int64("99999999999999999999"), std::nullopt);
    EXPECT_EQ(uint64("18446744073709551615"), UINT64_MAX);
    EXPECT_EQ(uint64("18446744073709551616"), std::nullopt);
    EXPECT_EQ(uint64("-1"), std::nullopt);
}

TEST(NumberText, IntegerSyntax) {
    EXPECT_EQ(int32("0"), 0);
    EXPECT_EQ(int32("-0"), 0);
    for (auto text : {"", "-", "+1", " 1", "1 ", "1.0", "1e3", "--1", "0x1", "1-"}) {
        EXPECT_EQ(int32(text), std::nullopt) << text;
        EXPECT_EQ(int64(text), std::nullopt) << text;
    }
    int32_t ignored;
    EXPECT_EQ(parse_int32("12a4", ignored).offset, 2U);
    EXPECT_EQ(parse_int32("-a", ignored).offset, 1U);
}

TEST(NumberText, IntegersLikeTheStandardLibrary) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 20000; ++i) {
        auto number = static_cast<int64_t>(random()) >> (random() % 64);
        EXPECT_EQ(int64(std::to_string(number)), number);
        bool fits = number >= INT32_MIN && number <= INT32_MAX;
        EXPECT_EQ(int32(std::to_string(number)).has_value(), fits) << number;
    }
}

TEST(NumberText, Floats) {
    EXPECT_EQ(float64("1e+15"), 1e15);
    EXPECT_EQ(float64("1e-05"), 1e-5);
    EXPECT_EQ(float64("0.1"), 0.1);
    EXPECT_EQ(float64("1.7976931348623157e+308"), 1.7976931348623157e308);
    EXPECT_EQ(float64("5e-324"), 5e-324);
    EXPECT_EQ(float64("2.2250738585072014e-308"), 2.2250738585072014e-308);
    EXPECT_EQ(float64("Infinity"), HUGE_VAL);
    EXPECT_EQ(float64("-Infinity"), -HUGE_VAL);
    EXPECT_TRUE(std::isnan(*float64("NaN")));
    EXPECT_TRUE(std::signbit(*float64("-0")));
    EXPECT_EQ(float32("3.4028235e+38"), 3.4028235e38F);
    EXPECT_EQ(float32("1e-45"), 1e-45F);
    EXPECT_EQ(float32("1.1754944e-38"), 1.1754944e-38F);
    EXPECT_TRUE(std::isnan(*float32("NaN")));
    for (auto text : {"", "-", "1e", "1.5x", "Infinit", "1e999", "+1"}) {
        EXPECT_EQ(float64(text), std::nullopt) << text;
        EXPECT_EQ(float32(text), std::nullopt) << text;
    }
}

TEST(NumberText, Decimal) {
    for (auto text : {"0", "-1", "123.450", "0.00000000000000000001", "NaN", "Infinity", "-Infinity",
                      "99999999999999999999999999999999999999999999999999"})
        EXPECT_FALSE(check_decimal(text)) << text;
    for (auto text : {"", "-", ".5", "5.", "1e5", "-NaN", "nan", "inf", "1.2.3", "1,000", "+1", " 1", "1 ",
                      "--1", "Infinityx", "1-"})
        EXPECT_TRUE(check_decimal(text)) << text;
    EXPECT_EQ(check_decimal("12.3x").offset, 4U);
}

TEST(NumberText, Money) {
    EXPECT_EQ(money("$1,234.11"), "1234.11");
    EXPECT_EQ(money("-$1,234.11"), "-1234.11");
    EXPECT_EQ(money("($1234.11)"), "-1234.11");
    EXPECT_EQ(money("$0.00"), "0.00");
    EXPECT_EQ(money("-$92,233,720,368,547,758.08"), "-92233720368547758.08");
    EXPECT_EQ(money("$92,233,720,368,547,758.07"), "92233720368547758.07");
    EXPECT_EQ(money("12.34"), "12.34");
    for (auto text : {"", "$", "-", "$,1", "$1.", "$1.2.3", "$1.2,3", "($1.00", "$1.00)",
                      "\xE2\x82\xAC"
                      "1.00",
                      "()"})
        EXPECT_EQ(money(text), "malformed") << text;
}

}  // namespace leat::pg
