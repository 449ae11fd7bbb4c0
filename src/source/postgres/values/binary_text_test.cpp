#include "source/postgres/values/binary_text.h"

#include <gtest/gtest.h>

#include <random>

#include "source/postgres/values/geometric_text.h"

namespace leat::pg {

namespace {

constexpr std::string_view malformed = "malformed";

template <Fault (*append)(std::string_view, ByteBuffer&)>
std::string appended(std::string_view text) {
    ByteBuffer to;
    return std::string(append(text, to) ? malformed : to.text());
}
constexpr auto bytea = appended<append_bytea>;
constexpr auto hex = appended<append_hex>;

// "count:bytes in hex" of a bit string.
std::string bits(std::string_view text) {
    ByteBuffer to;
    if (append_bits(text, to)) return std::string(malformed);
    std::string shown = std::to_string(load<uint32_t>(to.data())) + ":";
    for (size_t i = 4; i < to.size(); ++i) {
        shown += "0123456789abcdef"[to.data()[i] >> 4];
        shown += "0123456789abcdef"[to.data()[i] & 15];
    }
    return shown;
}

}  // namespace

TEST(BinaryText, ByteaHex) {
    EXPECT_EQ(bytea("\\x"), "");
    EXPECT_EQ(bytea("\\x00ff1aB2"), std::string("\0\xFF\x1A\xB2", 4));
    for (auto text : {"\\x0", "\\x0g", "\\xg0", "\\x00 11", "\\x\\x"})
        EXPECT_EQ(bytea(text), malformed) << text;
    ByteBuffer to;
    EXPECT_EQ(append_bytea("\\x00112z", to).offset, 7U);
}

TEST(BinaryText, ByteaEscape) {
    EXPECT_EQ(bytea(""), "");
    EXPECT_EQ(bytea("abc"), "abc");
    EXPECT_EQ(bytea("a\\\\b\\000\\377"), std::string("a\\b\0\xFF", 5));
    for (auto text : {"\\", "a\\1", "\\12", "\\400", "\\08x", "\\abc"})
        EXPECT_EQ(bytea(text), malformed) << text;
}

TEST(BinaryText, HexRoundTrip) {
    std::mt19937 random(3);
    for (size_t length = 0; length < 100; ++length) {
        std::string bytes, text;
        for (size_t i = 0; i < length; ++i) {
            bytes += static_cast<char>(random());
            text += "0123456789ABCDEF"[static_cast<uint8_t>(bytes.back()) >> 4];
            text += "0123456789abcdef"[static_cast<uint8_t>(bytes.back()) & 15];
        }
        EXPECT_EQ(hex(text), bytes);
        EXPECT_EQ(bytea("\\x" + text), bytes);
    }
    EXPECT_EQ(hex("0"), malformed);
    EXPECT_EQ(hex("\\x00"), malformed);
}

TEST(BinaryText, Bits) {
    EXPECT_EQ(bits(""), "0:");
    EXPECT_EQ(bits("0"), "1:00");
    EXPECT_EQ(bits("11"), "2:03");
    EXPECT_EQ(bits("10"), "2:02");
    EXPECT_EQ(bits("10000000"), "8:80");
    EXPECT_EQ(bits("100000000"), "9:0001");
    EXPECT_EQ(bits("1011000011"), "10:c302");
    for (auto text : {"2", "1 1", "x", "10b"}) EXPECT_EQ(bits(text), malformed) << text;
}

TEST(BinaryText, BitsAreAnInteger) {
    std::mt19937_64 random(4);
    for (int i = 0; i < 1000; ++i) {
        uint64_t number = random() >> (random() % 64);
        std::string text;
        for (int bit = 63; bit >= 0; --bit) text += number >> bit & 1 ? '1' : '0';
        ByteBuffer to;
        ASSERT_FALSE(append_bits(text, to));
        ASSERT_EQ(to.size(), 12U);
        EXPECT_EQ(load<uint64_t>(to.data() + 4), number);
    }
}

TEST(BinaryText, UuidsThatAreNone) {
    Uuid value;
    EXPECT_FALSE(parse_uuid("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", value));
    EXPECT_EQ(value[0], 0xA0);
    EXPECT_EQ(value[15], 0x11);
    for (auto text : {"", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a111",
                      "a0eebc99x9c0b-4ef8-bb6d-6bb9bd380a11", "g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                      "a0eebc999c0b4ef8bb6d6bb9bd380a11", "a0eebc9-99c0b-4ef8-bb6d-6bb9bd380a11"})
        EXPECT_TRUE(parse_uuid(text, value)) << text;
}

TEST(GeometricText, Points) {
    Point point;
    EXPECT_FALSE(parse_point("(-1.5,1e+300)", point));
    EXPECT_EQ(point.x, -1.5);
    EXPECT_EQ(point.y, 1e300);
    EXPECT_FALSE(parse_point("(Infinity,NaN)", point));
    for (auto text :
         {"", "(", ")", "()", "(1)", "(,)", "(1,)", "(,1)", "1,2", "(1,2", "(1,2,3)", "( 1,2)", "(1,2) "})
        EXPECT_TRUE(parse_point(text, point)) << text;
}

TEST(GeometricText, Vectors) {
    ByteBuffer to;
    EXPECT_FALSE(append_vector("[1,-2.5,3e-05]", to));
    ASSERT_EQ(to.size(), 12U);
    EXPECT_EQ(load<float>(to.data()), 1.0F);
    EXPECT_EQ(load<float>(to.data() + 4), -2.5F);
    EXPECT_EQ(load<float>(to.data() + 8), 3e-5F);
    to.clear();
    EXPECT_FALSE(append_vector("[]", to));
    EXPECT_TRUE(to.empty());
    for (auto text :
         {"", "[", "]", "1", "[1", "1]", "[,]", "[1,]", "[,1]", "[1,,2]", "[1 ,2]", "[1;2]", "[x]"})
        EXPECT_TRUE(append_vector(text, to)) << text;
}

}  // namespace leat::pg
