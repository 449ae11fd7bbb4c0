#include "json/json_value.h"

#include <gmock/gmock.h>

namespace leat::json {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string refused(std::string_view text, const ReadLimits& limits = {}) {
    auto value = read(text, limits);
    EXPECT_FALSE(value.has_value()) << text;
    if (value) return "";
    EXPECT_EQ(value.error().code, ErrorCode::JSON_INVALID);
    return value.error().message;
}

TEST(JsonValue, KeepsOrderAndNumbersAsTheyWereWritten) {
    auto value =
        read(R"( {"z": 1, "a": [true, false, null, -0.10, 1e3, 18446744073709551616, "x"], "o": {}} )");
    ASSERT_TRUE(value) << value.error().message;
    EXPECT_EQ(to_text(*value), R"({"z":1,"a":[true,false,null,-0.10,1e3,18446744073709551616,"x"],"o":{}})");
    EXPECT_EQ(value->member("a")->items[3].text, "-0.10");
    EXPECT_EQ(value->member("b"), nullptr);
}

TEST(JsonValue, EscapesAndCharactersBeyondTheBasicPlane) {
    auto value = read("\"\\u0041\\n\\\"\\ud83d\\ude00 \xF0\x9F\x98\x80 \\u0000\"");
    ASSERT_TRUE(value);
    EXPECT_EQ(value->text, std::string("A\n\"\xF0\x9F\x98\x80 \xF0\x9F\x98\x80 \0", 14));
    EXPECT_EQ(read(to_text(*value))->text, value->text);
}

TEST(JsonValue, IsStrict) {
    for (const char* text : {"",
                             " ",
                             "{",
                             "[1,]",
                             "{\"a\":1,}",
                             "{a:1}",
                             "{'a':1}",
                             "01",
                             "+1",
                             ".5",
                             "1.",
                             "NaN",
                             "nul",
                             "\"\t\"",
                             "\"\\x\"",
                             "\"\\ud800\"",
                             "\"\\udc00\\ud800\"",
                             "\"\xFF\"",
                             "\"\xC0\x80\"",
                             "\"a",
                             "1 2",
                             "{} x",
                             "// c\n1",
                             "[1] /* c */",
                             "{\"a\" 1}",
                             "tru",
                             "1e999",
                             "\"\xED\xA0\x80\""})
        EXPECT_NE(refused(text), "") << text;
}

TEST(JsonValue, SaysWhereAndWhatIsWrong) {
    EXPECT_THAT(refused("{\n  \"a\": 1,\n  \"b\": }"), HasSubstr("line 3, column 8"));
    EXPECT_THAT(refused("{\"a\":1,\n\"a\":2}"),
                AllOf(HasSubstr("line 2"), HasSubstr("a member of this name")));
    EXPECT_THAT(refused("1e999"), HasSubstr("too large"));
}

TEST(JsonValue, NeverRepeatsWhatStandsThere) {
    for (const char* text : {"{\"url\": \"secret; expected x", "{\"url\": \"secret\x01\"", "secret",
                             "[\"secret\" \"secret\"]", "{\"url\": \"secret\\q\"}"})
        EXPECT_THAT(refused(text), Not(HasSubstr("secret")));
}

TEST(JsonValue, HasBounds) {
    std::string deep(100, '[');
    EXPECT_THAT(refused(deep), HasSubstr("deep"));
    EXPECT_TRUE(read(std::string(32, '[') + std::string(32, ']')));
    EXPECT_THAT(refused(std::string(33, '[') + std::string(33, ']')), HasSubstr("deep"));
    EXPECT_THAT(refused("[1,2,3]", {.values = 3}), HasSubstr("too many"));
    EXPECT_THAT(refused("\"1234567890\"", {.bytes = 10}), HasSubstr("10 bytes"));
}

TEST(JsonValue, KnowsTheLineOfEachMember) {
    auto value = read("\xEF\xBB\xBF{\n\"a\":\n1\n,\"b\": [\n1,\n2\n]}");
    ASSERT_TRUE(value);
    EXPECT_EQ(value->member("a")->line, 2);
    EXPECT_EQ(value->member("b")->line, 4);
    EXPECT_EQ(value->member("b")->items[1].line, 6);
}

}  // namespace
}  // namespace leat::json
