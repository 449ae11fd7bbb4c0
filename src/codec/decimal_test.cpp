#include "codec/decimal.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

namespace leat {
namespace {

std::vector<int> unscaled(std::string_view text, int32_t scale, bool round = false) {
    ByteBuffer to;
    if (!put_unscaled(to, *DecimalText::parse(text), scale, round)) return {-1};
    return {to.view().begin(), to.view().end()};
}

// The digits of a big-endian two's complement number, by repeated division.
std::string to_decimal(Bytes bytes) {
    std::vector<int> magnitude(bytes.begin(), bytes.end());
    bool negative = magnitude[0] & 0x80;
    if (negative) {
        int carry = 1;
        for (size_t i = magnitude.size(); i-- > 0;) {
            int byte = (magnitude[i] ^ 0xff) + carry;
            magnitude[i] = byte & 0xff;
            carry = byte >> 8;
        }
    }
    std::string digits;
    bool any = true;
    while (any) {
        any = false;
        int rest = 0;
        for (auto& byte : magnitude) {
            int value = rest * 256 + byte;
            byte = value / 10, rest = value % 10;
            any |= byte != 0;
        }
        digits.insert(digits.begin(), static_cast<char>('0' + rest));
    }
    return (negative ? "-" : "") + digits;
}

using V = std::vector<int>;

}  // namespace

TEST(Decimal, SmallNumbersTakeTheFewestBytes) {
    EXPECT_EQ(unscaled("0", 0), V{0});
    EXPECT_EQ(unscaled("-0.00", 2), V{0});
    EXPECT_EQ(unscaled("127", 0), V{127});
    EXPECT_EQ(unscaled("128", 0), (V{0, 128}));
    EXPECT_EQ(unscaled("-128", 0), V{128});
    EXPECT_EQ(unscaled("-129", 0), (V{255, 127}));
    EXPECT_EQ(unscaled("255", 0), (V{0, 255}));
    EXPECT_EQ(unscaled("-256", 0), (V{255, 0}));
    EXPECT_EQ(unscaled("-32768", 0), (V{128, 0}));
    EXPECT_EQ(unscaled("0.5", 3), (V{1, 244}));
    EXPECT_EQ(unscaled("9223372036854775807", 0), (V{127, 255, 255, 255, 255, 255, 255, 255}));
    EXPECT_EQ(unscaled("-9223372036854775808", 0), (V{128, 0, 0, 0, 0, 0, 0, 0}));
    EXPECT_EQ(unscaled("18446744073709551616", 0), (V{1, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(Decimal, ScaleAndRounding) {
    EXPECT_EQ(unscaled("1.50", 1), V{15});
    EXPECT_EQ(unscaled("1.55", 1), V{-1});
    EXPECT_EQ(unscaled("1.55", 1, true), V{16});
    EXPECT_EQ(unscaled("1.54", 1, true), V{15});
    EXPECT_EQ(unscaled("9.99", 1, true), V{100});
    EXPECT_EQ(unscaled("0.05", 0, true), V{0});
    EXPECT_EQ(unscaled("-0.5", 0, true), V{255});
    EXPECT_EQ(unscaled("1200", -2), V{12});
    EXPECT_EQ(unscaled("1250", -2), V{-1});
    EXPECT_EQ(unscaled("50", -3, true), V{0});
    EXPECT_EQ(unscaled("0", -5), V{0});
}

TEST(Decimal, ParsesOnlyDecimals) {
    for (auto text : {"", "-", "NaN", "Infinity", "1e5", ".5", "1.2.3", "+1", " 1"})
        EXPECT_FALSE(DecimalText::parse(text)) << text;
    EXPECT_EQ(DecimalText::parse("-10.500")->stripped().fraction, "5");
    EXPECT_EQ(DecimalText::parse("10.000")->stripped().fraction, "");
}

TEST(Decimal, LargeNumbers) {
    std::minstd_rand random(7);
    for (size_t size : {19u, 20u, 37u, 38u, 39u, 100u, 288u, 289u, 576u, 577u, 1000u, 3000u, 9999u}) {
        std::string digits(1, static_cast<char>('1' + random() % 9));
        while (digits.size() < size) digits += static_cast<char>('0' + random() % 10);
        for (std::string text : {digits, "-" + digits}) {
            ByteBuffer to;
            ASSERT_TRUE(put_unscaled(to, *DecimalText::parse(text), 0));
            EXPECT_EQ(to_decimal(to.view()), text) << size;
        }
    }
    // Where every limb carries into the next.
    for (size_t nines = 280; nines < 2500; nines += 111) {
        ByteBuffer to;
        std::string text(nines, '9');
        ASSERT_TRUE(put_unscaled(to, *DecimalText::parse(text), 0));
        ASSERT_EQ(to_decimal(to.view()), text) << nines;
    }
    // 10^n has long runs of zeros, where a half of the digits is nothing.
    for (size_t zeros : {40u, 300u, 700u, 5000u}) {
        ByteBuffer to;
        std::string text = "1" + std::string(zeros, '0');
        ASSERT_TRUE(put_unscaled(to, *DecimalText::parse(text), 0));
        EXPECT_EQ(to_decimal(to.view()), text);
    }
}

TEST(Decimal, TheLargestNumericIsNoCatastrophe) {
    std::string text = std::string(131072, '9') + "." + std::string(16383, '9');
    auto start = std::chrono::steady_clock::now();
    ByteBuffer to;
    ASSERT_TRUE(put_unscaled(to, *DecimalText::parse(text), 16383));
    EXPECT_EQ(to.size(), 61230u);  // ⌈(⌈147455 · log2 10⌉ + 1) / 8⌉
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

}  // namespace leat
