#include "config/debezium_config.h"

#include <gmock/gmock.h>

#include "config/option_table.h"

namespace leat {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string minimal =
    R"("database.hostname": "db.example", "database.user": "dbz", "database.dbname": "shop",
 "topic.prefix": "shop")";

std::string json(const std::string& more = {}) {
    return "{\n" + minimal + (more.empty() ? "" : ",\n" + more) + "}";
}

std::vector<std::string> notices;

Config config_of(const std::string& text) {
    notices.clear();
    auto group = translate_connector(text, "/etc/leat/c.json", notices);
    EXPECT_TRUE(group) << text << (group ? "" : group.error().to_string());
    if (!group) return {};
    YamlSettings settings;
    settings.settings.push_back({"log.dir", Setting::Kind::scalar, {"/d"}, 0});
    settings.sources.push_back(std::move(*group));
    auto config = build_config(settings, "--set");
    EXPECT_TRUE(config) << text << (config ? "" : config.error().to_string());
    return config ? *config : Config{};
}

SourceConfig source_of(const std::string& text) {
    auto config = config_of(text);
    return config.sources.empty() ? SourceConfig{} : config.sources.front();
}

Error refused(const std::string& text) {
    notices.clear();
    auto group = translate_connector(text, "c.json", notices);
    if (!group) return group.error();
    YamlSettings settings;
    settings.settings.push_back({"log.dir", Setting::Kind::scalar, {"/d"}, 0});
    settings.sources.push_back(std::move(*group));
    auto config = build_config(settings, "--set");
    EXPECT_FALSE(config) << text;
    return config ? Error{} : config.error();
}

TEST(DebeziumConfig, DefaultsAreDebeziums) {
    SourceConfig source = source_of(json());
    EXPECT_EQ(source.name, "shop");
    EXPECT_EQ(source.url.raw(), "postgresql://dbz@db.example:5432/shop?sslmode=prefer");
    EXPECT_EQ(source.slot_name, "debezium");
    EXPECT_EQ(source.publication_name, "dbz_publication");
    EXPECT_EQ(source.publication_mode, PublicationMode::all_tables);
    EXPECT_TRUE(source.take_over_slot);
    EXPECT_EQ(source.snapshot_threads, 1u);
    EXPECT_EQ(source.format_options["skipped.operations"], "t");
    EXPECT_EQ(source.format_options["value.converter.schemas.enable"], "true");
    EXPECT_EQ(source.format_options["json.replace.null.with.default"], "true");
    EXPECT_THAT(notices, ElementsAre(HasSubstr("database.sslmode")));
}

TEST(DebeziumConfig, TheRestInterfacesForm) {
    SourceConfig source = source_of(
        "{\"name\": \"Inventory-Connector 2\", \"config\": {" + minimal +
        R"(, "slot.name": "mine", "tombstones.on.delete": false, "slot.max.retries": 3, "converters": null}})");
    EXPECT_EQ(source.name, "inventory_connector_2");
    EXPECT_EQ(source.slot_name, "mine");
    EXPECT_EQ(source.topic_prefix, "shop");
    EXPECT_EQ(source.slot_retries_max, 3u);
    EXPECT_EQ(source.format_options["tombstones.on.delete"], "false");
}

TEST(DebeziumConfig, Properties) {
    SourceConfig source = source_of(
        "# a connector\nname = "
        "inventory\nconnector.class=io.debezium.connector.postgresql.PostgresConnector\n"
        "database.hostname: db.example\ndatabase.user dbz\ndatabase.dbname=shop\ntopic.prefix=p\n"
        "table.include.list=public\\\\.a,\\\n   public\\\\.b\n");
    EXPECT_EQ(source.name, "inventory");
    EXPECT_EQ(source.topic_prefix, "p");
    EXPECT_THAT(source.table_include, ElementsAre("public\\.a", "public\\.b"));
}

TEST(DebeziumConfig, TheUrlIsPutTogether) {
    SourceConfig source = source_of(json(
        R"("database.port": 6000, "database.password": "p@ss/w:rd", "database.sslmode": "verify-full",
        "database.sslrootcert": "/etc/my ca.crt")"));
    EXPECT_EQ(source.url.raw(),
              "postgresql://dbz:p%40ss%2Fw%3Ard@db.example:6000/"
              "shop?sslmode=verify-full&sslrootcert=%2Fetc%2Fmy%20ca.crt");
    EXPECT_THAT(notices, IsEmpty());
    auto url = resolve_url(source, SecretResolver());
    ASSERT_TRUE(url);
    EXPECT_EQ(url->password, "p@ss/w:rd");
    EXPECT_THAT(
        source_of(R"({"database.hostname": "2001:db8::7", "database.dbname": "d", "topic.prefix": "p"})")
            .url.raw(),
        HasSubstr("[2001:db8::7]:5432/d"));
}

TEST(DebeziumConfig, ReferencesStayReferences) {
    SourceConfig source =
        source_of(json(R"("database.password": "${file:/opt/secrets/db.properties:password}")"));
    EXPECT_THAT(source.url.raw(), HasSubstr(":${file:/opt/secrets/db.properties:password}@"));
}

TEST(DebeziumConfig, WhatIsNotNeededIsTold) {
    config_of(json(R"("max.batch.size": "4096", "tasks.max": "1", "poll.interval.ms": 10)"));
    EXPECT_THAT(notices, testing::Contains(HasSubstr("max.batch.size: not needed: `memory.bytes`")));
    EXPECT_THAT(notices, testing::Contains(HasSubstr("poll.interval.ms")));
    EXPECT_THAT(notices, Not(testing::Contains(HasSubstr("tasks.max"))));  // its default
}

TEST(DebeziumConfig, ARefusedOptionNamesItsLineAndWhatToUse) {
    Error error = refused(json("\"plugin.name\":\"wal2json\""));
    EXPECT_EQ(error.code, ErrorCode::CONFIG_UNKNOWN_KEY);
    EXPECT_THAT(error.message, HasSubstr("c.json:4: plugin.name: refused: Leat uses pgoutput"));
    EXPECT_THAT(refused(json("\"transforms\":\"unwrap\"")).message, HasSubstr("transforms: refused"));
    EXPECT_THAT(refused(json("\"key.converter\":\"io.confluent.connect.avro.AvroConverter\"")).message,
                HasSubstr("JSON is the format"));
}

TEST(DebeziumConfig, ValuesThatAskForNothingAreNoError) {
    source_of(json(R"("plugin.name": "pgoutput", "transforms": "", "errors.tolerance": "none",
        "topic.naming.strategy": "io.debezium.schema.SchemaTopicNamingStrategy", "slot.failover": "FALSE",
        "key.converter": "org.apache.kafka.connect.json.JsonConverter", "table.exclude.list": "")"));
}

TEST(DebeziumConfig, UnknownOptionsNameTheNearest) {
    Error error = refused(json("\"snapshot.moed\": \"never\""));
    EXPECT_EQ(error.code, ErrorCode::CONFIG_UNKNOWN_KEY);
    EXPECT_THAT(error.message, HasSubstr("did you mean snapshot.mode?"));
    EXPECT_EQ(refused(json("\"url\": \"postgresql://h/d\"")).code, ErrorCode::CONFIG_UNKNOWN_KEY);
}

TEST(DebeziumConfig, WrongValuesNameFileAndLine) {
    EXPECT_THAT(refused(json("\"snapshot.mode\":\"sometimes\"")).message,
                HasSubstr("c.json:4: snapshot.mode: \"sometimes\" is not allowed"));
    EXPECT_THAT(refused(json("\"connector.class\":\"io.debezium.connector.mysql.MySqlConnector\"")).message,
                HasSubstr("c.json:4: connector.class"));
    EXPECT_THAT(refused("{\"topic.prefix\":\"a\"}").message, HasSubstr("database.hostname is missing"));
    EXPECT_THAT(refused("{\"database.hostname\":\"a\",\"database.dbname\":\"d\"}").message,
                HasSubstr("topic.prefix is missing"));
}

TEST(DebeziumConfig, ConfigurationBasedSnapshots) {
    auto mode = [](bool data, bool stream) {
        return source_of(json(R"("snapshot.mode":"configuration_based",
            "snapshot.mode.configuration.based.snapshot.data":)" +
                              std::string(data ? "true" : "false") +
                              R"(,"snapshot.mode.configuration.based.start.stream":)" +
                              std::string(stream ? "true" : "false")))
            .snapshot_mode;
    };
    EXPECT_EQ(mode(true, true), SnapshotMode::always);
    EXPECT_EQ(mode(true, false), SnapshotMode::initial_only);
    EXPECT_EQ(mode(false, true), SnapshotMode::no_data);
    EXPECT_THAT(refused(json("\"snapshot.mode\":\"configuration_based\"")).message,
                HasSubstr("nothing to do"));
    EXPECT_THAT(refused(json("\"snapshot.mode\":\"custom\"")).message, HasSubstr("Java classes"));
}

TEST(DebeziumConfig, ASaltIsNeverShown) {
    for (const char* key :
         {"column.mask.hash.SHA-256.with.salt.hunter2", "column.mask.hash.v2.MD5.with.salt.hunter2"})
        EXPECT_THAT(refused(json("\"" + std::string(key) + "\": \"a(\"")).to_string(),
                    Not(HasSubstr("hunter2")));
    std::string twice = "\"column.mask.hash.SHA-256.with.salt.hunter2\": \"a\"";
    EXPECT_THAT(refused(json(twice + "," + twice)).to_string(), Not(HasSubstr("hunter2")));
}

TEST(DebeziumConfig, NotJson) {
    for (const char* text : {"{", "{\"a\"", "{\"a\":", "{\"a\":x}", "{\"a\":\"b\"", "{\"a\":\"b\",}", "{} x",
                             "{\"a\":\"\\x\"}", "{\"a\":\"\\ud800\"}", "{\"a\":[1]}", "{\"a\":{\"b\":1}}",
                             "{\"name\":\"a\",\"x\":1,\"config\":{}}", "{\"a\":1,\"a\":2}"})
        EXPECT_EQ(refused(text).code, ErrorCode::CONFIG_INVALID) << text;
    EXPECT_THAT(refused("{\n\"a\": 1,\n\"a\": 2}").message, HasSubstr("c.json:3:"));
}

TEST(DebeziumConfig, JsonText) {
    SourceConfig source =
        source_of(json(R"("unavailable.value.placeholder": "a\"\\\/\u00e9\ud83d\ude00\n")"));
    EXPECT_EQ(source.format_options["unavailable.value.placeholder"], "a\"\\/é😀");
}

TEST(DebeziumConfig, EveryDefaultIsAccepted) {
    for (const OptionSection& section : option_sections())
        for (const Option& option : section.options) {
            if (option.default_value.empty() || option.name == "plugin.name") continue;
            if (option.name.starts_with("topic.prefix") || option.name.starts_with("database.")) continue;
            source_of(
                json("\"" + std::string(option.name) + "\": \"" + std::string(option.default_value) + "\""));
        }
}

TEST(DebeziumConfig, FilesThatAreNotThere) {
    auto config = load_debezium_config({{"/no/such/file.json"}, {}, {}});
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().code, ErrorCode::IO);
}

}  // namespace
}  // namespace leat
