#include "source/postgres/snapshot/copy_text_row.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace leat::pg {

namespace {

using Values = std::vector<std::optional<std::string>>;

Values split(std::string_view row, size_t columns) {
    CopyTextRow splitter;
    EXPECT_TRUE(splitter.split(row, columns)) << row;
    Values values;
    for (const auto& column : splitter.columns()) values.emplace_back(column);
    return values;
}

// As COPY TO writes it.
std::string copied(const Values& values) {
    std::string row;
    for (const auto& value : values) {
        if (&value != &values.front()) row += '\t';
        if (!value) row += "\\N";
        for (char c : value.value_or("")) {
            size_t special = std::string_view("\b\f\n\r\t\v\\").find(c);
            row += special == std::string_view::npos ? std::string(1, c)
                                                     : std::string{'\\', "bfnrtv\\"[special]};
        }
    }
    return row;
}

}  // namespace

TEST(CopyTextRow, Columns) {
    EXPECT_EQ(split("a\tb\tc", 3), (Values{"a", "b", "c"}));
    EXPECT_EQ(split("a\tb\tc\n", 3), (Values{"a", "b", "c"}));
    EXPECT_EQ(split("\t\t", 3), (Values{"", "", ""}));
    EXPECT_EQ(split("", 1), (Values{""}));
    EXPECT_EQ(split("\n", 1), (Values{""}));
    EXPECT_EQ(split("", 0), Values{});
    EXPECT_EQ(split("\n", 0), Values{});
    EXPECT_EQ(split("\\N", 1), (Values{std::nullopt}));
    EXPECT_EQ(split("\\N\t\\\\N\tN\t\\N", 4), (Values{std::nullopt, "\\N", "N", std::nullopt}));
    EXPECT_EQ(split("a long column, of more than sixteen bytes\t1\t2", 3),
              (Values{"a long column, of more than sixteen bytes", "1", "2"}));
}

TEST(CopyTextRow, Escapes) {
    EXPECT_EQ(split("\\b\\f\\n\\r\\t\\v\\\\", 1), (Values{"\b\f\n\r\t\v\\"}));
    EXPECT_EQ(split("a\\tb\tc\\\\\t\\\\", 3), (Values{"a\tb", "c\\", "\\"}));
    CopyTextRow row;
    for (auto broken : {"\\", "a\\", "\\x41", "\\101", "\\N\\N", "\\NN", "a\\N", "\\.", "\\\t"})
        EXPECT_FALSE(row.split(broken, 1)) << broken;
}

TEST(CopyTextRow, ErrorsDoNotRepeatTheRow) {
    CopyTextRow row;
    auto error = row.split("secret\tx", 3).error();
    EXPECT_EQ(error.code, ErrorCode::PG_VALUE_MALFORMED);
    EXPECT_EQ(error.message, "a copied row has 2 columns instead of 3");
    EXPECT_EQ(row.split("1\tsecret\\q", 2).error().message, "column 2 of a copied row has an unknown escape");
    EXPECT_FALSE(row.split("x", 0));
}

TEST(CopyTextRow, IsUsedAgain) {
    CopyTextRow row;
    ASSERT_TRUE(row.split("a\\tb\tc", 2));
    ASSERT_TRUE(row.split("\\N\td\\\\", 2));
    EXPECT_EQ(row[0], std::nullopt);
    EXPECT_EQ(row[1], "d\\");
}

TEST(CopyTextRow, RandomRowsComeBack) {
    std::mt19937 random(5);
    CopyTextRow row;
    const std::string_view alphabet = "ab\t\\\n\v\b\f\rN0";
    for (int i = 0; i < 20000; ++i) {
        Values values(1 + random() % 8);
        for (auto& value : values) {
            if (random() % 5 == 0) continue;
            value.emplace();
            unsigned plain = random() % 2 ? 2 : 11;  // of the alphabet
            for (unsigned length = random() % (random() % 40 + 1); length > 0; --length)
                *value += alphabet[random() % plain];
        }
        std::string text = copied(values);
        // A copy of its own, so that reading past its end is seen.
        std::vector<char> exact(text.begin(), text.end());
        ASSERT_TRUE(row.split({exact.data(), exact.size()}, values.size())) << text;
        ASSERT_THAT(row.columns(), testing::ElementsAreArray(values)) << text;
    }
}

}  // namespace leat::pg
