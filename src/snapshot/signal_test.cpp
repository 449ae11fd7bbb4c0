#include "snapshot/signal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace leat {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Signal parsed(std::string_view type, std::string_view data) {
    auto signal = parse_signal(type, data);
    EXPECT_TRUE(signal) << signal.error().to_string();
    return signal ? *signal : Signal{};
}
std::string refused(std::string_view type, std::string_view data) {
    auto signal = parse_signal(type, data);
    EXPECT_FALSE(signal) << data;
    return signal ? "" : signal.error().message;
}

TEST(Signal, Execute) {
    auto signal =
        parsed("execute-snapshot", R"({"type": "INCREMENTAL", "data-collections": ["public.a", "s\\.b.*"],
        "additional-conditions": [{"data-collection": "public.a", "filter": "id > 5 AND v = '\u00e9\"'"}], "n": [1, null, -2.5e3]})");
    EXPECT_EQ(signal.kind, Signal::Kind::execute);
    EXPECT_FALSE(signal.blocking);
    EXPECT_THAT(signal.collections, ElementsAre("public.a", "s\\.b.*"));
    ASSERT_EQ(signal.conditions.size(), 1u);
    EXPECT_EQ(signal.conditions[0].collection, "public.a");
    EXPECT_EQ(signal.conditions[0].filter, "id > 5 AND v = 'é\"'");
    EXPECT_TRUE(parsed("execute-snapshot", R"({"data-collections":["a.b"],"type":"blocking"})").blocking);
}

TEST(Signal, TheOlderConditionIsOfAllCollections) {
    auto signal =
        parsed("execute-snapshot", R"({"data-collections":["a.b"],"additional-condition":"x = 1"})");
    ASSERT_EQ(signal.conditions.size(), 1u);
    EXPECT_EQ(signal.conditions[0].collection, ".*");
}

TEST(Signal, OthersNeedNoData) {
    EXPECT_EQ(parsed("pause-snapshot", R"({"type":"incremental"})").kind, Signal::Kind::pause);
    EXPECT_EQ(parsed("resume-snapshot", "").kind, Signal::Kind::resume);
    EXPECT_THAT(parsed("stop-snapshot", "{}").collections, IsEmpty());
    EXPECT_EQ(parsed("log", R"({"message":"hello"})").message, "hello");
}

TEST(Signal, WhatCannotBeCarriedOutSaysWhy) {
    EXPECT_THAT(refused("schema-changes", "{}"), HasSubstr("schema-changes"));
    EXPECT_THAT(refused("execute-snapshot", "{}"), HasSubstr("data-collections"));
    EXPECT_THAT(refused("execute-snapshot", ""), HasSubstr("data-collections"));
    EXPECT_THAT(refused("execute-snapshot", R"({"data-collections":"a.b"})"), HasSubstr("no array"));
    EXPECT_THAT(refused("execute-snapshot", R"({"data-collections":[1]})"), HasSubstr("no string"));
    EXPECT_THAT(refused("execute-snapshot", R"({"data-collections":["a"],"type":"other"})"),
                HasSubstr("other"));
    EXPECT_THAT(
        refused("execute-snapshot", R"({"data-collections":["a"],"additional-conditions":[{"filter":"x"}]})"),
        HasSubstr("data-collection and filter"));
}

TEST(Signal, JsonThatIsNoneIsRefused) {
    for (std::string_view data :
         {"{", "[]", "\"a\"", "{\"a\":}", "{\"a\" 1}", "{\"a\":1,}", "{\"a\":1} x", "{\"a\":\"\\q\"}",
          "{\"a\":\"\\u12\"}", "{\"a\":\"\\ud800\"}", "{\"a", "{\"a\":[1,]}"})
        EXPECT_THAT(refused("log", data), HasSubstr("no JSON object")) << data;
    EXPECT_THAT(refused("log", "{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}"),
                HasSubstr("JSON"));
}

TEST(Signal, LinesOfAFileHaveIdTypeAndData) {
    auto named = parse_signal_line(
        R"( {"id":"a1","type":"execute-snapshot","data":{"data-collections":["s.t"]},"more":[{}]} )");
    ASSERT_TRUE(named) << named.error().to_string();
    EXPECT_EQ(named->id, "a1");
    EXPECT_THAT(named->signal.collections, ElementsAre("s.t"));
    auto as_text = parse_signal_line(R"({"id":"a","type":"log","data":"{\"message\":\"m\"}"})");
    ASSERT_TRUE(as_text);
    EXPECT_EQ(as_text->signal.message, "m");
    EXPECT_TRUE(parse_signal_line(R"({"type":"stop-snapshot","data":null})"));
    EXPECT_TRUE(parse_signal_line(R"({"type":"stop-snapshot"})"));
    for (std::string_view line :
         {"", "{", "[]", "{\"id\":\"a\"}", "{\"type\":\"execute-snapshot\",\"data\":[]}", "{\"type\":1}",
          "{\"type\":\"log\"} {}"})
        EXPECT_FALSE(parse_signal_line(line)) << line;
}

TEST(Signal, CollectionsAreExpressionsOverTheWholeName) {
    auto matches = [](std::vector<std::string> expressions, const std::string& name) {
        auto result = matches_any(expressions, name);
        EXPECT_TRUE(result);
        return result && *result;
    };
    EXPECT_TRUE(matches({"x", "public.items"}, "public.items"));
    EXPECT_TRUE(matches({"PUBLIC\\.it.*"}, "public.items"));
    EXPECT_TRUE(matches({"\"public\".\"items\""}, "public.items"));
    EXPECT_FALSE(matches({"public.item"}, "public.items"));
    EXPECT_FALSE(matches({}, "public.items"));
    EXPECT_FALSE(matches_any({"("}, "public.items"));
}

}  // namespace
}  // namespace leat
