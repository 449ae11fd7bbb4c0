#include "config/consumer_config.h"

#include <gmock/gmock.h>

#include "config/config.h"

namespace leat {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

Result<Config> parse(const std::string& consumers) {
    std::string text = "log.dir: /tmp/x\nsources:\n  shop: {url: 'postgresql://a@b/c'}\nconsumers:\n";
    return parse_config(text + consumers, "/etc/leat/leat.yaml",
                        [](const char*) { return std::optional<std::string>("set"); });
}

ConsumerConfig one(const std::string& consumer) {
    auto config = parse(consumer);
    EXPECT_TRUE(config) << config.error().to_string();
    return config ? config->consumers.at(0) : ConsumerConfig();
}

std::string refused(const std::string& consumer) {
    auto config = parse(consumer);
    EXPECT_FALSE(config) << consumer;
    return config ? "" : config.error().to_string();
}

TEST(ConsumerConfig, ASubscriptionNeedsOnlyASource) {
    auto consumer = one("  orders: {source: shop}\n");
    EXPECT_EQ(consumer.name, "orders");
    EXPECT_EQ(consumer.type, ConsumerType::subscription);
    EXPECT_EQ(consumer.start.kind, ConsumerStart::Kind::now);
    EXPECT_EQ(consumer.retention_budget_bytes, 10'000'000'000u);
}

TEST(ConsumerConfig, NestedAndDottedKeysAreTheSame) {
    auto consumer =
        one("  to-crm:\n"
            "    source: shop\n"
            "    type: webhook\n"
            "    tables: [public.orders, 'audit.*']\n"
            "    ops: insert, d\n"
            "    where: amount > 100\n"
            "    where.leaving: delete\n"
            "    start: 2026-11-21T10:00:00Z\n"
            "    webhook:\n"
            "      url: https://crm.example/in\n"
            "      secret: ${env:SECRET}\n"
            "      headers: {X-Tenant: '7', Authorization: '${file:/run/secrets/t}'}\n"
            "      batch: {changes: 50, bytes: 64 kB}\n"
            "      parallel: 4\n"
            "    poison: dead_letter\n"
            "    poison.hold.key: false\n"
            "    retention.policy: hold_source\n");
    EXPECT_EQ(consumer.type, ConsumerType::webhook);
    EXPECT_EQ(consumer.ops, (std::vector<std::string>{"insert", "d"}));
    EXPECT_TRUE(consumer.leaving_is_delete);
    EXPECT_EQ(consumer.start.kind, ConsumerStart::Kind::time);
    EXPECT_EQ(consumer.webhook.secret.raw(), "${env:SECRET}");
    EXPECT_EQ(consumer.webhook.headers.at("X-Tenant").raw(), "7");
    EXPECT_EQ(consumer.webhook.batch_changes, 50u);
    EXPECT_EQ(consumer.webhook.batch_bytes, 64000u);
    EXPECT_EQ(consumer.webhook.parallel, 4u);
    EXPECT_EQ(consumer.poison, PoisonPolicy::dead_letter);
    EXPECT_FALSE(consumer.poison_holds_key);
    EXPECT_EQ(consumer.retention_policy, RetentionPolicy::hold_source);
}

TEST(ConsumerConfig, AFileStandsBesideTheConfiguration) {
    auto consumer = one("  out: {source: shop, type: file, file.path: out/a.ndjson, file.rotate.ms: 1 h}\n");
    EXPECT_EQ(consumer.file.path, "/etc/leat/out/a.ndjson");
    EXPECT_EQ(consumer.file.rotate_age, 1h);
}

TEST(ConsumerConfig, WhatIsWrongIsNamed) {
    EXPECT_THAT(refused("  Orders: {source: shop}\n"), HasSubstr("not allowed as the name of a consumer"));
    EXPECT_THAT(refused("  a: 7\n"), HasSubstr("leat.yaml:5: consumers.a is not a map"));
    EXPECT_THAT(refused("  a: {tables: [x]}\n"), HasSubstr("consumers.a.source is missing"));
    EXPECT_THAT(refused("  a: {source: shp}\n"), HasSubstr("Did you mean shop?"));
    EXPECT_THAT(refused("  a: {source: shop, tabels: x}\n"), HasSubstr("tables"));
    EXPECT_THAT(refused("  a: {source: shop, format: avro}\n"), HasSubstr("cloudevents-binary"));
    EXPECT_THAT(refused("  a: {source: shop, start: yesterday}\n"), HasSubstr("earliest"));
    EXPECT_THAT(refused("  a: {source: shop, type: file}\n"), HasSubstr("file.path is missing"));
    EXPECT_THAT(refused("  a: {source: shop, type: webhook}\n"), HasSubstr("webhook.url is missing"));
    EXPECT_THAT(refused("  a: {source: shop, file.path: x, type: stdout}\n"),
                HasSubstr("file.path: has a meaning only with type: file"));
    EXPECT_THAT(refused("  a: {source: shop, type: webhook, webhook.url: '${env}'}\n"),
                HasSubstr("webhook.url"));
    EXPECT_THAT(refused("  a: {source: shop, type: stdout}\n  b: {source: shop, type: stdout}\n"),
                HasSubstr("consumers.b: writes to standard output, as does consumers.a"));
    EXPECT_THAT(refused("  a: {source: shop, retry.delay.first.ms: 1 h, retry.delay.max.ms: 1 s}\n"),
                HasSubstr("longer"));
}

}  // namespace
}  // namespace leat
