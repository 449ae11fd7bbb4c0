#include "codec/debezium_options.h"

#include <gtest/gtest.h>

namespace leat {

TEST(DebeziumOptions, Defaults) {
    auto o = DebeziumOptions::parse({});
    ASSERT_TRUE(o);
    EXPECT_EQ(o->decimal, DecimalMode::precise);
    EXPECT_TRUE(o->tombstones);
    EXPECT_TRUE(o->skipped_operations.empty());
}

// The list that documentation and configuration read says the same as the struct.
TEST(DebeziumOptions, ListedDefaultsAreTheDefaults) {
    std::map<std::string, std::string> all;
    for (auto& option : debezium_option_list()) all.emplace(option.name, option.default_value);
    auto parsed = DebeziumOptions::parse(all);
    ASSERT_TRUE(parsed) << parsed.error().to_string();
    DebeziumOptions defaults;
    EXPECT_EQ(parsed->decimal, defaults.decimal);
    EXPECT_EQ(parsed->time, defaults.time);
    EXPECT_EQ(parsed->binary, defaults.binary);
    EXPECT_EQ(parsed->hstore, defaults.hstore);
    EXPECT_EQ(parsed->interval, defaults.interval);
    EXPECT_EQ(parsed->money_fraction_digits, defaults.money_fraction_digits);
    EXPECT_EQ(parsed->unavailable_value, defaults.unavailable_value);
    EXPECT_EQ(parsed->tombstones, defaults.tombstones);
    EXPECT_EQ(parsed->skipped_operations, defaults.skipped_operations);
    EXPECT_EQ(parsed->schemas_enable, defaults.schemas_enable);
    EXPECT_EQ(parsed->transaction_metadata, defaults.transaction_metadata);
    EXPECT_EQ(parsed->topic_delimiter, defaults.topic_delimiter);
    EXPECT_EQ(parsed->replace_null_with_default, defaults.replace_null_with_default);
    EXPECT_EQ(parsed->nonfinite_as_null, defaults.nonfinite_as_null);
}

TEST(DebeziumOptions, Values) {
    auto o = DebeziumOptions::parse({{"decimal.handling.mode", "double"},
                                     {"time.precision.mode", "connect"},
                                     {"binary.handling.mode", "base64-url-safe"},
                                     {"hstore.handling.mode", "map"},
                                     {"interval.handling.mode", "string"},
                                     {"money.fraction.digits", "3"},
                                     {"tombstones.on.delete", "false"},
                                     {"skipped.operations", "t, u"},
                                     {"schemas.enable", "true"},
                                     {"message.prefix.include.list", "a.*, b"}});
    ASSERT_TRUE(o) << o.error().to_string();
    EXPECT_EQ(o->decimal, DecimalMode::as_double);
    EXPECT_EQ(o->time, TimePrecision::connect);
    EXPECT_EQ(o->binary, BinaryMode::base64_url_safe);
    EXPECT_EQ(o->hstore, HstoreMode::map);
    EXPECT_EQ(o->interval, IntervalMode::string);
    EXPECT_EQ(o->money_fraction_digits, 3u);
    EXPECT_FALSE(o->tombstones);
    EXPECT_EQ(o->skipped_operations, "tu");
    EXPECT_TRUE(o->schemas_enable);
    EXPECT_EQ(o->message_prefix_include, (std::vector<std::string>{"a.*", "b"}));
}

TEST(DebeziumOptions, SchemasOfKeysAndValues) {
    auto options =
        DebeziumOptions::parse({{"schemas.enable", "true"}, {"key.converter.schemas.enable", "FALSE"}});
    ASSERT_TRUE(options);
    EXPECT_FALSE(options->key_schemas);
    EXPECT_TRUE(options->schemas_enable);
}

TEST(DebeziumOptions, MessageKeyColumns) {
    auto options = DebeziumOptions::parse({{"message.key.columns", "public.a:x,y; (.*).b:z"}});
    ASSERT_TRUE(options) << options.error().to_string();
    EXPECT_EQ(options->message_key_columns,
              (std::vector<std::string>{"public.a.x", "public.a.y", "(.*).b.z"}));
    for (const char* text : {"public.a", "public.a:", ":x", "a:b:c", "a(:x"})
        EXPECT_FALSE(DebeziumOptions::parse({{"message.key.columns", text}})) << text;
}

TEST(DebeziumOptions, MistakesNameWhatWasMeant) {
    auto bad = DebeziumOptions::parse({{"decimal.handling.mode", "prcise"}});
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().code, ErrorCode::CONFIG_INVALID);
    EXPECT_NE(bad.error().action.find("did you mean 'precise'?"), std::string::npos);
    auto unknown = DebeziumOptions::parse({{"decimal.handling.mod", "precise"}});
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, ErrorCode::CONFIG_UNKNOWN_KEY);
    EXPECT_NE(unknown.error().action.find("decimal.handling.mode"), std::string::npos);
    EXPECT_FALSE(DebeziumOptions::parse({{"money.fraction.digits", "two"}}));
    EXPECT_FALSE(DebeziumOptions::parse({{"skipped.operations", "c,x"}}));
    EXPECT_FALSE(DebeziumOptions::parse({{"message.prefix.include.list", "(("}}));
    EXPECT_FALSE(
        DebeziumOptions::parse({{"message.prefix.include.list", "a"}, {"message.prefix.exclude.list", "b"}}));
}

}  // namespace leat
