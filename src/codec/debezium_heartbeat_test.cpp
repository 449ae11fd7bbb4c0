#include "codec/debezium_heartbeat.h"

#include "codec/test_support.h"

namespace leat {
namespace {

constexpr int64_t start_us = 1'700'000'000'000'000;

// The records of units that end so many milliseconds after the first.
std::string heartbeats(DebeziumOptions options, const std::vector<int64_t>& ends_ms) {
    DebeziumJsonEncoder encoder(std::move(options));
    ByteBuffer buffer;
    NdjsonWriter writer(buffer);
    for (int64_t end_ms : ends_ms) encoder.end_unit(start_us + end_ms * 1000, writer);
    return std::string(buffer.text());
}

std::string record(std::string_view topic, int64_t ms) {
    return "{\"topic\":\"" + std::string(topic) +
           R"(","key":{"serverName":"shop"},"headers":{},"value":{"ts_ms":)" +
           std::to_string(start_us / 1000 + ms) + "}}\n";
}

TEST(DebeziumHeartbeat, NoneUnlessAskedFor) { EXPECT_EQ(heartbeats(test::options(), {0, 100000}), ""); }

TEST(DebeziumHeartbeat, AtMostOneAnInterval) {
    auto options = test::options();
    options.heartbeat_interval_ms = 100;
    EXPECT_EQ(heartbeats(options, {0, 99, 100, 150, 199, 200, 500}),
              record("__debezium-heartbeat.shop", 100) + record("__debezium-heartbeat.shop", 200) +
                  record("__debezium-heartbeat.shop", 500));
}

TEST(DebeziumHeartbeat, TopicAsTheOptionsSay) {
    auto parsed = DebeziumOptions::parse({{"heartbeat.interval.ms", "1"},
                                          {"heartbeat.topics.prefix", "beat"},
                                          {"topic.heartbeat.prefix", "__debezium-heartbeat"}});
    ASSERT_TRUE(parsed);
    parsed->topic_prefix = "shop";
    EXPECT_EQ(heartbeats(*parsed, {0, 1}), record("beat.shop", 1));
    parsed->heartbeat_topic = "all";
    EXPECT_EQ(heartbeats(*parsed, {0, 1}), record("all", 1));
}

TEST(DebeziumHeartbeat, WithSchemas) {
    auto options = test::options();
    options.heartbeat_interval_ms = 1;
    options.key_schemas = options.schemas_enable = true;
    EXPECT_EQ(
        heartbeats(options, {0, 5}),
        R"({"topic":"__debezium-heartbeat.shop","key":{"schema":{"type":"struct","fields":[{"type":"string",)"
        R"("optional":false,"field":"serverName"}],"optional":false,"name":"io.debezium.connector.common.ServerNameKey",)"
        R"("version":1},"payload":{"serverName":"shop"}},"headers":{},"value":{"schema":{"type":"struct","fields":[)"
        R"({"type":"int64","optional":false,"field":"ts_ms"}],"optional":false,"name":"io.debezium.connector.common.Heartbeat",)"
        R"("version":1},"payload":{"ts_ms":1700000000005}}})"
        "\n");
}

}  // namespace
}  // namespace leat
