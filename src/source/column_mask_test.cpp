#include "source/column_mask.h"

#include <gmock/gmock.h>

namespace leat {
namespace {

using Version = ColumnMask::HashVersion;

std::string masked(const ColumnMask& mask, std::string_view text, uint32_t limit = 0) {
    char room[ColumnMask::hash_room];
    return std::string(mask.apply(text, limit, room));
}

std::string hashed(const char* algorithm, Version version, std::string_view text, uint32_t limit = 0) {
    auto mask = ColumnMask::hash(algorithm, "CzQMA0cB5K", version);
    EXPECT_TRUE(mask) << algorithm;
    return mask ? masked(*mask, text, limit) : "";
}

// Computed with Java's MessageDigest and ObjectOutputStream, which Debezium uses.
TEST(ColumnMask, HashesAreDebeziums) {
    EXPECT_EQ(hashed("SHA-256", Version::v2, "hello"),
              "c4bf2f9ebc99b7f64add45103e81eb4ca483649064e3e1398b21f41786360c7b");
    EXPECT_EQ(hashed("SHA-256", Version::v1, "hello"),
              "b4d39ab0d198fb4cac8b2f023da74f670bcaf192dcc79b5d6361b7ae6b2fafdf");
    EXPECT_EQ(hashed("MD5", Version::v1, ""), "999615ee3c36220e47deeaaccd5e3a2f");
    EXPECT_EQ(hashed("MD5", Version::v2, "Grüße"), "62e8fe690d05b6136a2ac9e4773a6748");
    EXPECT_EQ(hashed("SHA-512/256", Version::v2, "hello"),
              "5171397156ab6321902158154bd556b117a679d23d92163c87ce7d2bab011a72");
}

// Java writes text in its own form of UTF-8, with a length before it.
TEST(ColumnMask, JavasSerializedText) {
    EXPECT_EQ(hashed("SHA-256", Version::v1, "Grüße"),
              "3fede87774bc34e79d4c12ad669cdcf48d7f930dd7ae21289d7a25fa8f1227a7");
    EXPECT_EQ(hashed("SHA-256", Version::v1, std::string_view("a\0b", 3)),
              "7a4e0b6193a8e8b07915879af5d44e8a0e21f873107f348336246570a1eb7a54");
    EXPECT_EQ(hashed("SHA-256", Version::v1, "x😀y"),
              "5f3b66fa7567ac6d9633bccbd6bc8acbab6a2c854d607ad0d63caf8e403c6ba9");
    EXPECT_EQ(hashed("SHA-256", Version::v1, std::string(70000, 'z')),
              "78064844033a473a0a105d1d29b1f9dde16ae96ab48465c8fbdceaf9a24087d4");
}

TEST(ColumnMask, AHashFitsItsColumn) {
    EXPECT_EQ(hashed("SHA-256", Version::v2, "hello", 10), "c4bf2f9ebc");
    EXPECT_EQ(hashed("SHA-256", Version::v2, "hello", 1000).size(), 64u);
}

TEST(ColumnMask, UnknownAlgorithmsAreRefused) {
    auto mask = ColumnMask::hash("SHA-257", "hunter2", Version::v2);
    ASSERT_FALSE(mask);
    EXPECT_EQ(mask.error().code, ErrorCode::CONFIG_INVALID);
    EXPECT_THAT(mask.error().to_string(), testing::HasSubstr("SHA-256"));
    EXPECT_THAT(mask.error().to_string(), testing::Not(testing::HasSubstr("hunter2")));
}

TEST(ColumnMask, Asterisks) {
    auto mask = ColumnMask::asterisks(3);
    EXPECT_EQ(masked(mask, "a secret"), "***");
    EXPECT_EQ(*mask.constant(), "***");
    EXPECT_EQ(*ColumnMask::asterisks(0).constant(), "");
    EXPECT_EQ(ColumnMask::truncate(3).constant(), nullptr);
}

TEST(ColumnMask, TruncationCountsAsJava) {
    EXPECT_EQ(truncate_text("abc", 3), "abc");
    EXPECT_EQ(truncate_text("abcd", 3), "abc");
    EXPECT_EQ(truncate_text("äöü", 2), "äö");
    EXPECT_EQ(truncate_text("a😀b", 2), "a");  // half a character is none
    EXPECT_EQ(truncate_text("a😀b", 3), "a😀");
    EXPECT_EQ(truncate_text("abc", 0), "");
    EXPECT_EQ(truncate_text("€€€", 3), "€€€");
}

}  // namespace
}  // namespace leat
