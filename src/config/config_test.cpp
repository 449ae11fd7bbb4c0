#include "config/config.h"

#include <gmock/gmock.h>

#include "config/option_table.h"
#include "config/units.h"

namespace leat {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

std::optional<std::string> variables(const char* name) {
    if (std::string_view(name) == "PASSWORD") return "hunter2";
    if (std::string_view(name) == "MODE") return "no_data";
    if (std::string_view(name) == "PGUSER") return "me";
    return std::nullopt;
}

Config parsed(const std::string& text) {
    auto config = parse_config(text, "/etc/leat/leat.yaml", variables);
    EXPECT_TRUE(config) << text << (config ? "" : config.error().to_string());
    return config ? *config : Config{};
}

Error refused(const std::string& text, ErrorCode code = ErrorCode::CONFIG_INVALID) {
    auto config = parse_config(text, "leat.yaml", variables);
    EXPECT_FALSE(config) << text;
    if (config) return {};
    EXPECT_EQ(config.error().code, code) << config.error().to_string();
    EXPECT_THAT(config.error().message, HasSubstr("leat.yaml")) << text;
    return config.error();
}

const std::string minimal = R"(
sources:
  shop:
    url: postgresql://leat@db.example/shop
log:
  dir: /var/lib/leat
)";

SourceConfig source_with(const std::string& lines) {
    auto config =
        parsed("log: {dir: /d}\nsources:\n  shop:\n    url: postgresql://leat@db.example/shop\n" + lines);
    return config.sources.empty() ? SourceConfig{} : config.sources.front();
}

// The options begin in line 5.
Error source_refused(const std::string& lines, ErrorCode code = ErrorCode::CONFIG_INVALID) {
    return refused("log: {dir: /d}\nsources:\n  shop:\n    url: postgresql://leat@db.example/shop\n" + lines,
                   code);
}

TEST(Config, Defaults) {
    Config config = parsed(minimal);
    ASSERT_EQ(config.sources.size(), 1u);
    const SourceConfig& shop = config.sources[0];
    EXPECT_EQ(shop.name, "shop");
    EXPECT_EQ(shop.url.raw(), "postgresql://leat@db.example/shop");
    EXPECT_EQ(shop.slot_name, "leat_shop");
    EXPECT_EQ(shop.publication_name, "leat_shop");
    EXPECT_EQ(shop.topic_prefix, "shop");
    EXPECT_EQ(shop.snapshot_mode, SnapshotMode::initial);
    EXPECT_EQ(shop.publication_mode, PublicationMode::filtered);
    EXPECT_EQ(shop.status_update_interval, 10s);
    EXPECT_TRUE(shop.tables.empty());
    EXPECT_TRUE(shop.format_options.empty());
    EXPECT_EQ(config.log.dir, "/var/lib/leat");
    EXPECT_EQ(config.log.fsync, FsyncMode::always);
    EXPECT_FALSE(config.log.retention_age);
    EXPECT_EQ(config.memory_bytes, 64000000u);
    EXPECT_EQ(config.spill.bytes, 10000000000u);
    EXPECT_TRUE(config.spill.dir.empty());
    EXPECT_TRUE(shop.streaming);
    EXPECT_FALSE(shop.two_phase);
    EXPECT_EQ(config.logging.level, LogLevel::info);
    EXPECT_EQ(config.logging.format, LogFormat::text);
}

TEST(Config, OptionsThatNeedEachOther) {
    EXPECT_THAT(source_refused("    heartbeat.action.query: SELECT 1\n").message,
                HasSubstr("heartbeat.action.query"));
    source_refused("    slot.wal.budget.policy: drop_and_snapshot\n    snapshot.mode: no_data\n");
}

TEST(Config, EveryKey) {
    Config config = parsed(R"(
sources:
  shop:
    url: postgresql://leat:${env:PASSWORD}@db.example/shop
    tables: [public.*, sales.orders]
    snapshot: {mode: when_needed, max.threads: 4}
    slot.name: s1
    slot.drop.on.stop: true
    slot.failover: true
    slot.take.over: true
    slot.max.retries: 0
    slot.retry.delay.ms: 2s
    publication: {name: Pub, autocreate: {mode: disabled}}
    publish.via.partition.root: true
    streaming: false
    two.phase: true
    status.update.interval.ms: 5s
    topic.prefix: Shop-1.x
    slot.wal.budget: {bytes: 2GB, policy: drop_and_snapshot}
    heartbeat: {interval.ms: 30s, action.query: "SELECT 1, 2"}
    decimal.handling.mode: string
    skipped.operations: [t, u]
    tombstones.on.delete: false
  other:
    url: postgresql:///other
    table.include.list: 'public\.a.*,public\.b{1\,3}'
    schema.exclude.list: [audit]
log:
  dir: data
  fsync: interval
  fsync.interval.ms: 50
  segment.bytes: 32MiB
  retention: {ms: 7d, bytes: 10GB}
memory.bytes: 128MB
spill: {dir: spilled, bytes: 2GB}
logging: {format: json, level: debug}
secrets.paths: [keys, /srv/keys]
)");
    ASSERT_EQ(config.sources.size(), 2u);
    const SourceConfig& shop = config.sources[0];
    EXPECT_THAT(shop.tables, ElementsAre("public.*", "sales.orders"));
    EXPECT_EQ(shop.snapshot_mode, SnapshotMode::when_needed);
    EXPECT_EQ(shop.snapshot_threads, 4u);
    EXPECT_EQ(shop.slot_name, "s1");
    EXPECT_TRUE(shop.drop_slot_on_stop);
    EXPECT_TRUE(shop.slot_failover);
    EXPECT_TRUE(shop.take_over_slot);
    EXPECT_FALSE(config.sources[1].take_over_slot);
    EXPECT_EQ(shop.slot_retries_max, 0u);
    EXPECT_EQ(shop.slot_retry_delay, 2s);
    EXPECT_EQ(shop.publication_name, "Pub");
    EXPECT_EQ(shop.publication_mode, PublicationMode::disabled);
    EXPECT_TRUE(shop.publish_via_partition_root);
    EXPECT_EQ(shop.status_update_interval, 5s);
    EXPECT_EQ(shop.topic_prefix, "Shop-1.x");
    EXPECT_EQ(shop.wal_budget_bytes, 2000000000u);
    EXPECT_EQ(shop.wal_policy, WalPolicy::drop_and_snapshot);
    EXPECT_EQ(shop.heartbeat_interval, 30s);
    EXPECT_EQ(shop.heartbeat_query, "SELECT 1, 2");
    EXPECT_THAT(shop.format_options,
                ElementsAre(Pair("decimal.handling.mode", "string"), Pair("heartbeat.interval.ms", "30000"),
                            Pair("skipped.operations", "t,u"), Pair("tombstones.on.delete", "false")));
    EXPECT_THAT(config.sources[1].table_include, ElementsAre("public\\.a.*", "public\\.b{1,3}"));
    EXPECT_THAT(config.sources[1].schema_exclude, ElementsAre("audit"));
    EXPECT_EQ(config.log.dir, "/etc/leat/data");
    EXPECT_EQ(config.log.fsync, FsyncMode::interval);
    EXPECT_EQ(config.log.fsync_interval, 50ms);
    EXPECT_EQ(config.log.segment_bytes, 32u << 20);
    EXPECT_EQ(config.log.retention_age, 7 * 24h);
    EXPECT_EQ(config.log.retention_bytes, 10000000000u);
    EXPECT_EQ(config.memory_bytes, 128000000u);
    EXPECT_EQ(config.spill.dir, "/etc/leat/spilled");
    EXPECT_EQ(config.spill.bytes, 2000000000u);
    EXPECT_FALSE(shop.streaming);
    EXPECT_TRUE(shop.two_phase);
    EXPECT_EQ(config.logging.format, LogFormat::json);
    EXPECT_EQ(config.logging.level, LogLevel::debug);
}

TEST(Config, DebeziumValuesInAnyCase) {
    EXPECT_EQ(source_with("    snapshot.mode: NEVER").snapshot_mode, SnapshotMode::no_data);
    EXPECT_EQ(source_with("    snapshot.mode: Initial_Only").snapshot_mode, SnapshotMode::initial_only);
    EXPECT_EQ(source_with("    snapshot.mode: ${env:MODE}").snapshot_mode, SnapshotMode::no_data);
    EXPECT_EQ(name(SnapshotMode::no_data), "no_data");
}

TEST(Config, UnknownKeysNameTheNearest) {
    auto unknown = ErrorCode::CONFIG_UNKNOWN_KEY;
    EXPECT_THAT(source_refused("    snapshot.mod: initial", unknown).message,
                HasSubstr("leat.yaml:5: sources.shop.snapshot.mod: unknown key; did you mean "
                          "sources.shop.snapshot.mode?"));
    EXPECT_THAT(source_refused("    snapshot:\n      mod: initial", unknown).message,
                HasSubstr("leat.yaml:6: "));
    EXPECT_THAT(source_refused("    slot.drop_on_stop: true", unknown).message,
                HasSubstr("slot.drop.on.stop?"));
    EXPECT_THAT(source_refused("    zzzzzzzz: 1", unknown).message, Not(HasSubstr("did you mean")));
    EXPECT_THAT(refused(minimal + "  fsnc: never\n", unknown).message,
                HasSubstr("log.fsnc: unknown key; did you mean log.fsync?"));
    EXPECT_THAT(refused(minimal + "source: {}\n", unknown).message, HasSubstr("did you mean sources?"));
    EXPECT_THAT(refused(minimal + "server: {port: 1}\n", unknown).message,
                HasSubstr("server.port: unknown key"));
}

TEST(Config, DebeziumsOtherOptionsAreExplained) {
    auto unknown = ErrorCode::CONFIG_UNKNOWN_KEY;
    EXPECT_THAT(source_refused("    snapshot.fetch.size: 10", unknown).message, HasSubstr("COPY"));
    EXPECT_THAT(source_refused("    database.hostname: h", unknown).message, HasSubstr("part of `url`"));
    EXPECT_THAT(source_refused("    database.password: hunter2", unknown).to_string(),
                Not(HasSubstr("hunter2")));
    EXPECT_THAT(source_refused("    producer.override.linger.ms: 1", unknown).message,
                HasSubstr("Kafka Connect"));
}

TEST(Config, SelectsOfSnapshots) {
    SourceConfig source = source_with(
        "    snapshot.select.statement.overrides: public.a, public.b\n"
        "    snapshot.select.statement.overrides.public.a: SELECT * FROM a WHERE x ; \n"
        "    snapshot.select.statement.overrides.public.b: SELECT 1\n");
    EXPECT_EQ(source.snapshot_selects["public.a"], "SELECT * FROM a WHERE x");
    EXPECT_EQ(source.snapshot_selects.size(), 2u);
    EXPECT_THAT(source_refused("    snapshot.select.statement.overrides: public.a").message,
                HasSubstr("whose statement is missing"));
    EXPECT_THAT(source_refused("    snapshot.select.statement.overrides.public.a: SELECT 1").message,
                HasSubstr("not listed"));
}

TEST(Config, MasksOfColumns) {
    SourceConfig source = source_with(
        "    column.mask.hash.v2.SHA-256.with.salt.${env:PASSWORD}: [a]\n"
        "    column.mask.hash.MD5.with.salt.a.b: b\n"
        "    column.mask.with.10.chars: c,d\n"
        "    column.truncate.to.5.chars: e\n"
        "    column.exclude.list: f\n");
    ASSERT_EQ(source.masks.size(), 4u);
    EXPECT_EQ(source.masks[0].kind, ColumnMaskConfig::Kind::truncate);
    EXPECT_EQ(source.masks[0].length, 5u);
    EXPECT_THAT(source.masks[1].columns, ElementsAre("c", "d"));
    EXPECT_EQ(source.masks[2].algorithm, "MD5");
    EXPECT_EQ(source.masks[2].salt, "a.b");
    EXPECT_EQ(source.masks[3].algorithm, "SHA-256");
    EXPECT_EQ(source.masks[3].salt, "hunter2");
    EXPECT_THAT(source.column_exclude, ElementsAre("f"));
    EXPECT_THAT(source_refused("    column.include.list: a\n    column.exclude.list: b").message,
                HasSubstr("cannot be combined"));
    EXPECT_THAT(source_refused("    column.mask.with.x.chars: a").message, HasSubstr("from 0 to"));
    EXPECT_THAT(source_refused("    column.mask.hash.MD5.with.salt.hunter2: a(").to_string(),
                Not(HasSubstr("hunter2")));
    source_refused("    column.mask.hash.MD5: a", ErrorCode::CONFIG_UNKNOWN_KEY);
    source_refused("    column.mask: a", ErrorCode::CONFIG_UNKNOWN_KEY);
}

TEST(Config, WrongValuesNameWhatIsAllowed) {
    EXPECT_THAT(
        source_refused("    snapshot.mode: sometimes").message,
        HasSubstr(
            "leat.yaml:5: sources.shop.snapshot.mode: \"sometimes\" is not allowed; it is one of initial, "
            "initial_only, always, when_needed, no_data, never"));
    EXPECT_THAT(source_refused("    publication.autocreate.mode: no_tables").message,
                HasSubstr("filtered, all_tables, disabled"));
    EXPECT_THAT(source_refused("    slot.drop.on.stop: yes").message, HasSubstr("true or false"));
    EXPECT_THAT(source_refused("    snapshot.max.threads: 0").message, HasSubstr("from 1 to 32"));
    EXPECT_THAT(source_refused("    snapshot.max.threads: -1").message, HasSubstr("from 1 to 32"));
    EXPECT_THAT(source_refused("    status.update.interval.ms: soon").message, HasSubstr("duration"));
    EXPECT_THAT(source_refused("    slot.name: Shop-1").message, HasSubstr("a-z, 0-9 and _"));
    EXPECT_THAT(source_refused("    topic.prefix: a/b").message, HasSubstr("letters, digits"));
    EXPECT_THAT(source_refused("    publication.name: " + std::string(64, 'p')).message, HasSubstr("63"));
    EXPECT_THAT(source_refused("    snapshot.mode: [a, b]").message, HasSubstr("takes one value"));
    EXPECT_THAT(source_refused("    snapshot.mode:").message, HasSubstr("has no value"));
    EXPECT_THAT(source_refused("    snapshot.mode: ''").message, HasSubstr("is empty"));
    EXPECT_THAT(source_refused("    tables: []").message, HasSubstr("empty list"));
    EXPECT_THAT(source_refused("    tables: [{a: b}]").message, HasSubstr("not a plain value"));
    EXPECT_THAT(source_refused("    table.include.list: 'a('").message,
                HasSubstr("not a regular expression"));
    EXPECT_THAT(refused(minimal + "memory.bytes: lots").message, HasSubstr("it is a size like 64MB"));
    EXPECT_THAT(refused(minimal + "memory.bytes: 1KB").message, HasSubstr("at least 4.0 MB"));
    EXPECT_THAT(refused(minimal + "  fsync: sometimes").message, HasSubstr("always, interval, never"));
    EXPECT_THAT(refused(minimal + "  fsync.interval.ms: 5").message,
                HasSubstr("only with log.fsync: interval"));
    EXPECT_THAT(refused(minimal + "  retention.ms: 0").message, HasSubstr("duration"));
    EXPECT_THAT(refused(minimal + "logging: loud").message, HasSubstr("section of keys"));
    EXPECT_THAT(refused(minimal + "logging.level: fatal").message, HasSubstr("debug, info, warning, error"));
}

TEST(Config, SelectionIsOneOrTheOther) {
    EXPECT_THAT(source_refused("    tables: a.b\n    table.include.list: c").message,
                HasSubstr("cannot be combined"));
    EXPECT_THAT(source_refused("    table.exclude.list: c\n    tables: a.b").message,
                HasSubstr("cannot be combined"));
    EXPECT_THAT(source_refused("    table.exclude.list: c\n    table.include.list: c").message,
                HasSubstr("cannot be combined"));
    EXPECT_THAT(source_with("    tables: public.*").tables, ElementsAre("public.*"));
}

TEST(Config, NothingTwice) {
    EXPECT_THAT(source_refused("    snapshot.mode: initial\n    snapshot: {mode: always}").message,
                HasSubstr("leat.yaml:6: snapshot.mode stands here a second time; the first is in line 5"));
    EXPECT_THAT(refused(minimal + "log: {fsync: never}\n").message, HasSubstr("second time"));
    EXPECT_THAT(refused(minimal + "log.dir: /other\n").message,
                HasSubstr("log.dir stands here a second time"));
    EXPECT_THAT(
        refused("log.dir: /d\nsources:\n  a: {url: postgresql:///d}\n  a: {url: postgresql:///e}").message,
        HasSubstr("leat.yaml:4: a stands here a second time"));
}

TEST(Config, SharedSlotsAndPublications) {
    auto two = [](const std::string& a, const std::string& b) {
        return "log.dir: /d\nsources:\n  a: {" + a + "}\n  b: {" + b + "}\n";
    };
    EXPECT_THAT(
        refused(two("url: postgresql://h/d, slot.name: s", "url: postgresql://h/e, slot.name: s")).message,
        HasSubstr("leat.yaml:4: the sources a and b would both use the slot s"));
    EXPECT_THAT(refused(two("url: '${env:U}', slot.name: leat_b", "url: '${env:U}'")).message,
                HasSubstr("slot leat_b"));
    EXPECT_THAT(refused(two("url: postgresql://h/d, publication.name: p",
                            "url: postgresql://h/d, publication.name: p"))
                    .message,
                HasSubstr("publication p"));
    parsed(two("url: postgresql://h/d, slot.name: s", "url: postgresql://g/d, slot.name: s"));
    parsed(two("url: postgresql://h/d, publication.name: p", "url: postgresql://h/e, publication.name: p"));
    std::string prepared = "url: postgresql://h/d, publication: {name: p, autocreate.mode: disabled}";
    parsed(two(prepared, prepared));
}

TEST(Config, SourceNames) {
    for (std::string name : {"Shop", "1shop", "my-shop", "my.shop", "_s", "über"})
        EXPECT_THAT(refused("log.dir: /d\nsources:\n  " + name + ": {url: 'postgresql://h/d'}").message,
                    HasSubstr("leat.yaml:3: "))
            << name;
    refused("log.dir: /d\nsources:\n  " + std::string(51, 'a') + ": {url: 'postgresql://h/d'}");
    EXPECT_EQ(parsed("log.dir: /d\nsources:\n  " + std::string(50, 'a') + ": {url: 'postgresql://h/d'}")
                  .sources.size(),
              1u);
}

TEST(Config, MissingThings) {
    EXPECT_THAT(refused("").message, HasSubstr("log.dir is missing"));
    EXPECT_TRUE(parsed("log: {dir: /d}").sources.empty());  // they are made by REST
    EXPECT_THAT(refused("log: {dir: /d}\nserver.listen: 'off'").message, HasSubstr("no sources"));
    EXPECT_THAT(refused("log: {dir: /d}\nsources:\n").message, HasSubstr("no sources"));
    EXPECT_THAT(refused("log: {dir: /d}\nsources: {shop: }").message, HasSubstr("not a map"));
    EXPECT_THAT(refused("log: {dir: /d}\nsources: {shop: {}}").message,
                HasSubstr("sources.shop.url is missing"));
    EXPECT_THAT(refused("log: {dir: /d}\nsources: [shop]").message, HasSubstr("not a map"));
    EXPECT_THAT(refused("log: {dir: /d}\nsources: {shop: 'postgresql://u:hunter2@h/d'}").to_string(),
                Not(HasSubstr("hunter2")));
    EXPECT_EQ(parsed(minimal + "logging:\n").logging.level, LogLevel::info);
}

TEST(Config, NotYaml) {
    EXPECT_THAT(refused("a: [b\nc: d").message, HasSubstr("not YAML"));
    EXPECT_THAT(refused("log:\n\tdir: x").message, HasSubstr("leat.yaml:2:"));
    EXPECT_THAT(refused("- a").message, HasSubstr("not a map"));
    EXPECT_THAT(refused("just text").message, HasSubstr("not a map"));
    EXPECT_THAT(refused("a: 1\n---\nb: 2").message, HasSubstr("more than one YAML document"));
    EXPECT_THAT(refused("? [a]\n: 1").message, HasSubstr("key"));
    std::string deep = "a: ";
    for (int i = 0; i < 20; ++i) deep += "{a: ";
    refused(deep + "1" + std::string(20, '}'));
    refused(std::string(100000, '['));
}

TEST(Config, ExpandingAnchorsEnd) {
    std::string bomb = "a0: &a0 {x: 1, y: 1, z: 1}\n";
    for (int i = 1; i < 12; ++i) {
        std::string previous = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " {x: " + previous +
                ", y: " + previous + ", z: " + previous + "}\n";
    }
    refused(bomb);
    refused("a: &a {b: *a}\n");
    refused("a: &a [*a]\n");
}

TEST(Config, SecretsAreNotEchoed) {
    EXPECT_THAT(
        refused("log.dir: /d\nsources: {s: {url: 'postgresql://u:hunter2@h:x/d'}}", ErrorCode::URL_INVALID)
            .to_string(),
        Not(HasSubstr("hunter2")));
    EXPECT_THAT(source_refused("    snapshot.mode: ${env:PASSWORD}").to_string(),
                testing::AllOf(HasSubstr("${env:PASSWORD}"), Not(HasSubstr("hunter2"))));
    EXPECT_THAT(
        source_refused("    postgresql://u:hunter2@h/d: 1", ErrorCode::CONFIG_UNKNOWN_KEY).to_string(),
        Not(HasSubstr("hunter2")));
    EXPECT_THAT(source_refused("    snapshot.mode: postgresql://u:hunter2@h/d").to_string(),
                Not(HasSubstr("hunter2")));
    EXPECT_THAT(source_refused("    topic.prefix: ${env:NOT_SET}", ErrorCode::CONFIG_SECRET).message,
                HasSubstr("leat.yaml:5: sources.shop.topic.prefix: ${env:NOT_SET}"));
}

TEST(Config, UrlsAreJudgedEarlyWhereTheyCanBe) {
    EXPECT_THAT(refused("log.dir: /d\nsources:\n  s:\n    url: mysql://h/d", ErrorCode::URL_INVALID).message,
                HasSubstr("leat.yaml:4: sources.s.url: the scheme mysql:// is not supported"));
    Config config = parsed("log.dir: /d\nsources:\n  s:\n    url: postgresql://u:${env:PASSWORD}@h/d");
    auto url = resolve_url(config.sources[0], config.secrets);
    ASSERT_TRUE(url);
    EXPECT_EQ(url->password, "hunter2");
    refused("log.dir: /d\nsources:\n  s:\n    url: postgresql://u:${secret}@h/d", ErrorCode::CONFIG_SECRET);
    // Referred to, and missing only when it is needed.
    config = parsed("log.dir: /d\nsources:\n  s:\n    url: postgresql://u:${env:NOT_SET}@h/d");
    url = resolve_url(config.sources[0], config.secrets);
    ASSERT_FALSE(url);
    EXPECT_EQ(url.error().code, ErrorCode::CONFIG_SECRET);
    EXPECT_THAT(url.error().message, HasSubstr("sources.s.url: ${env:NOT_SET}"));
}

TEST(Config, MissingFile) {
    auto config = load_config("/nowhere/leat.yaml");
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().code, ErrorCode::IO);
}

TEST(Units, Bytes) {
    EXPECT_EQ(parse_bytes("0"), 0u);
    EXPECT_EQ(parse_bytes("1000"), 1000u);
    EXPECT_EQ(parse_bytes("64MB"), 64000000u);
    EXPECT_EQ(parse_bytes("64mb"), 64000000u);
    EXPECT_EQ(parse_bytes("64 MiB"), 67108864u);
    EXPECT_EQ(parse_bytes("2TiB"), 2ull << 40);
    for (auto text : {"", "MB", "-1", "1.5GB", "1XB", "99999999999999999999", "9999999999TB", "1 M B"})
        EXPECT_FALSE(parse_bytes(text)) << text;
}

TEST(Units, Durations) {
    EXPECT_EQ(parse_duration("500"), 500ms);
    EXPECT_EQ(parse_duration("500ms"), 500ms);
    EXPECT_EQ(parse_duration("90s"), 90s);
    EXPECT_EQ(parse_duration("5m"), 5min);
    EXPECT_EQ(parse_duration("12h"), 12h);
    EXPECT_EQ(parse_duration("7d"), 7 * 24h);
    for (auto text : {"", "d", "-1", "1.5h", "1w", "1M", "99999999999999d"})
        EXPECT_FALSE(parse_duration(text)) << text;
}

}  // namespace
}  // namespace leat
