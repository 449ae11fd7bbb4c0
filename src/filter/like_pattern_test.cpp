#include "filter/like_pattern.h"

#include <gtest/gtest.h>

#include <random>

namespace leat {
namespace {

bool matches(std::string_view text, std::string_view pattern, bool ignore_case = false) {
    auto compiled = LikePattern::compile(pattern, "\\", ignore_case);
    EXPECT_TRUE(compiled) << pattern;
    return compiled && compiled->matches(text);
}

// As the standard says it, without any bound on its cost.
bool by_definition(std::string_view text, std::string_view pattern) {
    if (pattern.empty()) return text.empty();
    if (pattern[0] == '%')
        return by_definition(text, pattern.substr(1)) ||
               (!text.empty() && by_definition(text.substr(1), pattern));
    return !text.empty() && (pattern[0] == '_' || pattern[0] == text[0]) &&
           by_definition(text.substr(1), pattern.substr(1));
}

TEST(LikePattern, MatchesAsDefined) {
    std::mt19937 random(7);
    auto any_of = [&](std::string_view letters, size_t longest) {
        std::string text;
        for (size_t n = random() % (longest + 1); n > 0; --n) text += letters[random() % letters.size()];
        return text;
    };
    int matched = 0;
    for (int i = 0; i < 20000; ++i) {
        std::string text = any_of("ab", 8), pattern = any_of(i % 2 ? "ab%" : "ab%_", 6);
        bool expected = by_definition(text, pattern);
        matched += expected;
        ASSERT_EQ(matches(text, pattern), expected) << text << " LIKE " << pattern;
        ASSERT_EQ(matches(text, pattern, true), expected) << text << " ILIKE " << pattern;
    }
    EXPECT_GT(matched, 1000);
}

TEST(LikePattern, CountsCharacters) {
    EXPECT_TRUE(matches("é中😀", "___"));
    EXPECT_FALSE(matches("é中😀", "____"));
    EXPECT_TRUE(matches("xé中😀y", "%中%y"));
    EXPECT_TRUE(matches("ÀÉ", "àé", true));
    EXPECT_TRUE(matches("\xff\xfe", "%\xfe"));
    EXPECT_TRUE(matches("\xff\xfe", "__"));
}

// Exponential, if each '%' were tried at each place.
TEST(LikePattern, IsBoundedInTime) {
    std::string text(20000, 'a'), pattern;
    for (int i = 0; i < 40; ++i) pattern += "%a";
    EXPECT_FALSE(matches(text, pattern + "b"));
    EXPECT_FALSE(matches(text, pattern + "_b"));
    EXPECT_FALSE(matches(text, pattern + "b", true));
}

}  // namespace
}  // namespace leat
