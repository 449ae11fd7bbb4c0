#include "config/json_settings.h"

#include <gmock/gmock.h>

#include "config/literal_secret.h"
#include "config/source_config.h"

namespace leat {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

SettingGroup group(std::string_view text) {
    auto made = settings_of_json(text, "shop");
    EXPECT_TRUE(made) << made.error().to_string();
    return made ? *made : SettingGroup();
}

TEST(JsonSettings, NestedAndDottedAreTheSame) {
    auto nested = group(R"({"slot": {"name": "s", "wal": {"budget.bytes": "1GB"}}, "tables": ["a.b", "c"]})");
    auto dotted = group(R"({"slot.name": "s", "slot.wal.budget.bytes": "1GB", "tables": ["a.b", "c"]})");
    EXPECT_EQ(to_json(nested), to_json(dotted));
    ASSERT_EQ(nested.settings.size(), 3u);
    EXPECT_EQ(nested.settings[1].key, "slot.wal.budget.bytes");
    EXPECT_THAT(nested.settings[2].values, ElementsAre("a.b", "c"));
}

TEST(JsonSettings, WhatIsKeptReadsBackAsTheSame) {
    constexpr std::string_view text =
        R"({"a":"x\"y","b":12,"c":true,"d":null,"e":["1","z"],"f":"007","g":"1.5"})";
    EXPECT_EQ(to_json(group(text)), text);
}

TEST(JsonSettings, ScalarsAreTextForTheParser) {
    auto source = parse_source(group(R"({"url": "postgresql://u@h/d", "streaming": false,
        "snapshot": {"max.threads": 3}, "tables": "public.*"})"),
                               "request", SecretResolver());
    ASSERT_TRUE(source) << source.error().to_string();
    EXPECT_FALSE(source->streaming);
    EXPECT_EQ(source->snapshot_threads, 3u);
}

TEST(JsonSettings, WhatIsNoSettingIsTold) {
    EXPECT_THAT(settings_of_json(R"({"tables": [{}]})", "x").error().message, HasSubstr("request: tables: "));
    EXPECT_THAT(settings_of_json(R"({"slot": {"name": 1}, "slot.name": 2})", "x").error().message,
                HasSubstr("request: slot.name: stands there a second time"));
    EXPECT_THAT(
        settings_of_json(R"({"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}})", "x").error().message,
        HasSubstr("nested too deeply"));
}

TEST(LiteralSecret, OfAUrl) {
    for (auto url :
         {"postgresql://u:pw@h/d", "postgresql://u:${env:A}x@h/d", "postgresql://h/d?password=pw",
          "postgresql://u:$${env:A}@h/d", "postgresql://u:${env:A}@h/d?sslpassword=x&sslmode=require"})
        EXPECT_TRUE(holds_literal_secret(url)) << url;
    for (auto url :
         {"postgresql://u@h/d", "postgresql://u:${env:A}@h/d", "${file:/run/secrets/url}",
          "postgresql://${env:U}:${file:/p}@h:5432/d?sslmode=require", "postgresql://h/d?password=${env:A}",
          "postgresql://h/d?password=${env:A}&sslmode=require", "postgresql://u@h1:1,h2:2/d"})
        EXPECT_FALSE(holds_literal_secret(url)) << url;
}

TEST(LiteralSecret, OfOtherKeys) {
    auto refused = [](std::string key, std::string value) {
        return !check_no_literal_secret({key, Setting::Kind::scalar, {value}, 0});
    };
    EXPECT_TRUE(refused("webhook.secret", "s"));
    EXPECT_FALSE(refused("webhook.secret", "${env:S}"));
    EXPECT_TRUE(refused("column.mask.hash.v2.SHA-256.with.salt.pepper", "a.b.c"));
    EXPECT_FALSE(refused("column.mask.hash.v2.SHA-256.with.salt.${env:SALT}", "a.b.c"));
    EXPECT_TRUE(refused("webhook.headers.Authorization", "Bearer x"));
    EXPECT_FALSE(refused("webhook.headers.Authorization", "Bearer ${env:T}"));
    EXPECT_TRUE(refused("webhook.url", "https://u:pw@h/"));
    EXPECT_FALSE(refused("tables", "public.secret"));
    Setting salted{"column.mask.hash.v2.SHA-256.with.salt.pepper", Setting::Kind::scalar, {"a.b.c"}, 0};
    EXPECT_EQ(check_no_literal_secret(salted).error().message.find("pepper"), std::string::npos);
}

}  // namespace
}  // namespace leat
