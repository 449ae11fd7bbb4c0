// The rows of the option table. Included by option_table.cpp alone.
//
// To add an option: a row in the section it belongs to, the code that takes it (source_config.cpp; a format
// option: codec/debezium_options.cpp), docs/configuration.md, and
// `build/release/leat options --markdown > docs/compatibility.md`. A note is half a sentence.
#pragma once

#include "config/option_table.h"

namespace leat::options {

using enum OptionState;
using enum OptionPlace;

inline constexpr std::string_view page_head =
    R"(# Debezium's connector configuration: what Leat does with each option

This page is made by `leat options --markdown` from the table that the parser uses; a test fails where the two differ.

`leat run --debezium FILE` takes the configuration of Debezium's PostgreSQL connector as it is: JSON as Kafka Connect's REST interface takes it, or
`.properties`. Its defaults are Debezium's, those of this page. Options that stand here as working may be used in `leat.yaml` too, where the
defaults are Leat's ([configuration.md](configuration.md)). An option that is on neither page is an error that names the nearest one.

- **works**: as Debezium 3.7 documents it.
- **works, with differences**: the last column says which.
- **accepted, not needed**: Leat does without it; the last column says what does its work. The start says which of them a file has.
- **refused**: an error at the start, before anything is done; the last column says what to use instead. A value that asks for nothing is no error.
)";

// What the records look like. The codec reads these; they may be changed at any time.
inline constexpr Option format[] = {
    {"decimal.handling.mode", "precise", works,
     "NaN and infinities need `string`; in `precise` they stop the reader with a code"},
    {"time.precision.mode", "adaptive", works, ""},
    {"binary.handling.mode", "bytes", works, ""},
    {"hstore.handling.mode", "json", works, ""},
    {"interval.handling.mode", "numeric", works, ""},
    {"money.fraction.digits", "2", works, ""},
    {"unavailable.value.placeholder", "__debezium_unavailable_value", works, ""},
    {"tombstones.on.delete", "true", works, ""},
    {"skipped.operations", "t", works, "they are in the change log all the same"},
    {"provide.transaction.metadata", "false", works, ""},
    {"extended.headers.enabled", "true", differs,
     "`__debezium.context.runId` is left out: a record that is read again is the same record"},
    {"topic.delimiter", ".", works, ""},
    {"heartbeat.interval.ms", "0", works, ""},
    {"topic.heartbeat.prefix", "__debezium-heartbeat", works, ""},
    {"heartbeat.topics.prefix", "__debezium-heartbeat", works, "the older name of `topic.heartbeat.prefix`"},
    {"topic.heartbeat.name", "", works, ""},
    {"key.converter.schemas.enable", "true", works, "Leat's own default is false"},
    {"value.converter.schemas.enable", "true", works, "Leat's own default is false"},
    {"skip.messages.without.change", "false", works, "under REPLICA IDENTITY FULL, as in Debezium"},
    {"field.name.adjustment.mode", "none", works, ""},
    {"schema.name.adjustment.mode", "none", works, "of the schemas of tables"},
    {"topic.transaction", "transaction", works, ""},
    {"message.key.columns", "", works,
     "a record whose row lacks a part of the key, as a delete's under the default replica identity may, has "
     "a null "
     "key"},
    {"column.propagate.source.type", "", differs,
     "as in Debezium not in keys, and not of columns that are masked; a column that is named here and in a "
     "hash is hashed, where Debezium tells its type and passes on its values"},
    {"datatype.propagate.source.type", "", differs, "over `schema.table.TYPE`; likewise"},
    {"message.prefix.include.list", "", works, ""},
    {"message.prefix.exclude.list", "", works, ""},
    {"schemas.enable", "", own, "both `key.converter.schemas.enable` and `value.converter.schemas.enable`"},
    {"headers.schemas.enable", "", own, "`header.converter` and `header.converter.schemas.enable`"},
    {"json.replace.null.with.default", "", own,
     "`value.converter.replace.null.with.default`, and of the key"},
    {"float.nonfinite.handling.mode", "", own, "`string` as Debezium, or `null`"},
};

inline constexpr Option format_answers[] = {
    {"include.unknown.datatypes", "false", answered,
     "columns of every type are there; of types that Leat has no mapping for, as PostgreSQL's text"},
    {"include.schema.comments", "false", refused, "Leat does not read comments", "false"},
    {"topic.naming.strategy", "io.debezium.schema.SchemaTopicNamingStrategy", refused,
     "topics are `prefix.schema.table`; `topic.prefix` and `topic.delimiter` shape them",
     "io.debezium.schema.SchemaTopicNamingStrategy"},
    {"topic.cache.size", "10000", answered, "names are kept with each table's schema"},
    {"transaction.metadata.factory", "io.debezium.pipeline.txmetadata.DefaultTransactionMetadataFactory",
     refused, "there is one form", "io.debezium.pipeline.txmetadata.DefaultTransactionMetadataFactory"},
    {"sourceinfo.struct.maker", "io.debezium.connector.postgresql.PostgresSourceInfoStructMaker", refused,
     "the `source` block has one form", "io.debezium.connector.postgresql.PostgresSourceInfoStructMaker"},
    {"event.converting.failure.handling.mode", "warn", answered,
     "every value is kept; one that the chosen representation cannot hold stops the reader with "
     "PG_VALUE_UNSUPPORTED, whose message names the option that can"},
    {"event.processing.failure.handling.mode", "fail", refused,
     "a change that cannot be read stops the source with a code and its position; none is left out", "fail"},
    {"converters", "", refused,
     "Java classes cannot be loaded; the options of this section choose representations"},
    {"post.processors", "", refused, "Java classes cannot be loaded"},
    {"post.processors.<option>", "", refused, "Java classes cannot be loaded"},
};

inline constexpr std::string_view in_the_url =
    "in `leat.yaml` it is part of `url`: `postgresql://user:password@host:port/database`";
inline constexpr std::string_view tls_in_the_url =
    "in `leat.yaml` it is a parameter of `url`: `postgresql://host/database?sslmode=…&sslrootcert=…`";

inline constexpr Option connection[] = {
    {"database.hostname", "", works, in_the_url, {}, connector},
    {"database.port", "5432", works, in_the_url, {}, connector},
    {"database.user", "", works, in_the_url, {}, connector},
    {"database.password", "", works, in_the_url, {}, connector},
    {"database.dbname", "", works, in_the_url, {}, connector},
    {"database.sslmode", "prefer", works, tls_in_the_url, {}, connector},
    {"database.sslrootcert", "", works, tls_in_the_url, {}, connector},
    {"database.sslcert", "", works, tls_in_the_url, {}, connector},
    {"database.sslkey",
     "",
     differs,
     "PEM or DER, as libpq takes it; a PKCS-8 file of Java's driver is to be converted: `openssl pkcs8 -in "
     "key.pk8 -inform DER -out key.pem`",
     {},
     connector},
    {"database.sslpassword", "", works, tls_in_the_url, {}, connector},
    {"database.sslfactory", "", refused,
     "Java classes cannot be loaded; `database.sslmode` and `database.sslrootcert` say how the server is "
     "verified"},
    {"database.tcpKeepAlive", "true", answered,
     "TCP keep-alive is always on; `keepalives_idle` and its like are parameters of `url`"},
    {"database.initial.statements", "", refused, "give the role its settings: `ALTER ROLE … SET …`"},
    {"database.query.timeout.ms", "600000", answered,
     "queries of the catalog have their own limits; `statement_timeout` of the role does not end the stream"},
    {"connection.validation.timeout.ms", "60000", answered, "`connect_timeout` is a parameter of `url`"},
    {"driver.<option>", "", refused, "it belongs to Java's driver; libpq's parameters stand in `url`"},
    {"plugin.name", "decoderbufs", refused,
     "Leat uses pgoutput, which every server has; that is its default too", "pgoutput"},
};

inline constexpr Option selection[] = {
    {"url", "", own, "where the database is; in a connector's file `database.hostname` and its like"},
    {"tables", "", own, "globs over `schema.table`, instead of the lists"},
    {"streaming", "", own,
     "large transactions are received while they run and kept on local disk until their commit"},
    {"two.phase", "", own, "prepared transactions are received at `PREPARE TRANSACTION`"},
    {"topic.prefix", "", works, ""},
    {"schema.include.list", "", works, ""},
    {"schema.exclude.list", "", works, ""},
    {"table.include.list", "", works, ""},
    {"table.exclude.list", "", works, ""},
    {"database.include.list", "", refused, "a connector reads one database, `database.dbname`"},
    {"database.exclude.list", "", refused, "a connector reads one database, `database.dbname`"},
    {"table.ignore.builtin", "true", refused, "tables of the system are never captured", "true"},
    {"column.include.list", "", works,
     "left out before anything is written; a column of the primary key stays in the key"},
    {"column.exclude.list", "", works,
     "left out before anything is written; a column of the primary key stays in the key"},
    {"column.truncate.to.<length>.chars", "", differs,
     "before anything is written, and so in keys too; of text and bytes, a number or a date stays as it is"},
    {"column.mask.with.<length>.chars", "", differs,
     "before anything is written, and so in keys too; a column of any type is masked, and becomes text, "
     "where "
     "Debezium passes on what is not text; what a delete does not have is null"},
    {"column.mask.hash.<algorithm>.with.salt.<salt>", "", differs,
     "before anything is written, and so in keys too; a column of any type is masked, and becomes text; the "
     "salt "
     "may be a reference, `${env:NAME}`"},
    {"column.mask.hash.v2.<algorithm>.with.salt.<salt>", "", differs,
     "before anything is written, and so in keys too; a column of any type is masked, and becomes text; the "
     "salt "
     "may be a reference, `${env:NAME}`"},
    {"schema.refresh.mode", "columns_diff", answered,
     "the schema of each change is the one that the stream announces before it"},
    {"guardrail.collections.max", "0", works, ""},
    {"guardrail.collections.limit.action", "warn", works, ""},
};

inline constexpr Option snapshots[] = {
    {"snapshot.mode", "initial", differs,
     "an interrupted snapshot goes on; `custom` is refused; `configuration_based` stands for the mode that "
     "its switches describe: data and stream `always`, data `initial_only`, stream `no_data`"},
    {"snapshot.mode.configuration.based.snapshot.data", "false", works, "", {}, connector},
    {"snapshot.mode.configuration.based.snapshot.schema", "false", answered, "schemas are always read"},
    {"snapshot.mode.configuration.based.start.stream", "false", works, "", {}, connector},
    {"snapshot.mode.configuration.based.snapshot.on.schema.error", "false", answered,
     "schemas are always read"},
    {"snapshot.mode.configuration.based.snapshot.on.data.error", "false", refused,
     "`snapshot.mode: when_needed` takes a new snapshot where the log cannot be continued", "false"},
    {"snapshot.mode.custom.name", "", refused, "Java classes cannot be loaded; choose one of the modes"},
    {"snapshot.max.threads", "1", works, ""},
    {"snapshot.max.threads.multiplier", "1", answered, "Leat cuts tables by their size"},
    {"legacy.snapshot.max.threads", "false", answered, "Leat cuts tables by their size"},
    {"snapshot.fetch.size", "", answered,
     "rows are streamed by COPY; `memory.bytes` bounds what is in flight"},
    {"query.fetch.size", "0", answered, "rows are streamed by COPY; `memory.bytes` bounds what is in flight"},
    {"snapshot.isolation.mode", "serializable", answered,
     "all tables are read as of one point, the one at which the stream begins, in `REPEATABLE READ READ "
     "ONLY`"},
    {"snapshot.locking.mode", "none", refused,
     "no lock that others feel is taken, or needed: tables are held by ACCESS SHARE while they are read, "
     "which is what `shared` does",
     "none|shared"},
    {"snapshot.locking.mode.custom.name", "", refused, "Java classes cannot be loaded"},
    {"snapshot.lock.timeout.ms", "10000", answered,
     "the snapshot never waits for a lock; a table that somebody holds is read later"},
    {"snapshot.include.collection.list", "", works, "the other tables are captured from the stream alone"},
    {"snapshot.select.statement.overrides", "", works, ""},
    {"snapshot.select.statement.overrides.<table>", "", works,
     "it has to give the captured columns by their names; such a table is read as a whole"},
    {"snapshot.query.mode", "select_all", refused, "there is no custom query", "select_all"},
    {"snapshot.query.mode.custom.name", "", refused, "Java classes cannot be loaded"},
    {"snapshot.tables.order.by.row.count", "disabled", answered,
     "tables are read side by side, large ones in pieces"},
    {"snapshot.delay.ms", "0", refused, "start Leat when the snapshot may begin", "0"},
    {"streaming.delay.ms", "0", refused, "the change log takes what comes, at any speed", "0"},
    {"incremental.snapshot.chunk.size", "1024", works, ""},
    {"incremental.snapshot.rows.per.second", "", own, "rows that are read at most, of all tables together"},
    {"incremental.snapshot.sessions.max", "", own,
     "while more sessions than this run a query, nothing is read"},
    {"incremental.snapshot.lag.max.ms", "", own, "while the stream lags further behind, nothing is read"},
    {"incremental.snapshot.allow.schema.changes", "false", answered,
     "always: a table that is altered goes on being read"},
    {"incremental.snapshot.watermarking.strategy", "INSERT_INSERT", answered,
     "nothing is written into the database; rows are placed by what each transaction shows"},
    {"read.only", "false", answered, "Leat never writes rows into the database"},
    {"signal.data.collection", "", differs,
     "`execute-snapshot`, `stop-snapshot`, `pause-snapshot`, `resume-snapshot` and `log`; a snapshot that "
     "was asked "
     "for outlives a kill"},
    {"signal.enabled.channels", "source", differs,
     "`source` and `file`; `kafka` beside them asks for nothing, and others are errors"},
    {"signal.poll.interval.ms", "5000", works, "of `signal.file`; those of the table come with the stream"},
    {"signal.emit.failure.backoff.ms", "10000", answered, "Leat writes no signals"},
    {"signal.emit.failure.max.retries", "0", answered, "Leat writes no signals"},
    {"signal.file", "", differs,
     "`file-signals.txt` if not set; a relative path is relative to the configuration's directory. The file "
     "is "
     "emptied when its signals are carried out, not before"},
    {"signal.kafka.<option>", "", refused,
     "signals come by `signal.data.collection` or `signal.file`; there is no Kafka"},
    {"signal.consumer.<option>", "", refused,
     "signals come by `signal.data.collection` or `signal.file`; there is no Kafka"},
    {"notification.enabled.channels", "", refused, "Leat's log tells the progress of snapshots", "log"},
    {"notification.<option>", "", answered, "only with `notification.enabled.channels`"},
};

inline constexpr Option slots[] = {
    {"slot.name", "debezium", works,
     "a slot that Debezium has left behind is gone on with, as `slot.take.over` says"},
    {"slot.drop.on.stop", "false", works, ""},
    {"slot.max.retries", "6", works, ""},
    {"slot.retry.delay.ms", "10000", works, ""},
    {"slot.failover", "false", works, ""},
    {"slot.take.over", "true", own,
     "goes on from a slot that another reader has left behind; false in `leat.yaml`"},
    {"slot.stream.params", "", refused, "Leat chooses pgoutput's parameters"},
    {"publication.name", "dbz_publication", works, ""},
    {"publication.autocreate.mode", "all_tables", differs,
     "`no_tables` is refused; tables without a replica identity are published beside it, by "
     "`<name>_inserts`, so that the application's updates go on working"},
    {"publish.via.partition.root", "false", works, ""},
    {"replica.identity.autoset.values", "", refused,
     "set it yourself: `ALTER TABLE … REPLICA IDENTITY FULL`; `leat check` prints what is needed"},
    {"status.update.interval.ms", "10000", works, ""},
    {"xmin.fetch.interval.ms", "0", refused, "`source.xmin` is always null", "0"},
    {"flush.lsn.source", "true", answered,
     "the slot is confirmed up to what is durable in the change log, never further"},
    {"lsn.flush.mode", "", answered,
     "the slot is confirmed up to what is durable in the change log, never further"},
    {"lsn.flush.timeout.ms", "30000", answered, "confirming never blocks the stream"},
    {"lsn.flush.timeout.action", "fail", answered, "confirming never blocks the stream"},
    {"offset.mismatch.strategy", "no_validation", answered,
     "slot and change log are always compared; a slot that does not fit stops the source with a code "
     "(`snapshot.mode: when_needed`: a new snapshot)"},
    {"heartbeat.action.query", "", differs,
     "run at `heartbeat.interval.ms`, which it needs; given up after ten seconds. An idle slot moves on "
     "without it"},
    {"slot.wal.budget.bytes", "", own, "how much WAL the slot may hold"},
    {"slot.wal.budget.policy", "", own, "what happens when it holds more"},
};

inline constexpr std::string_view in_memory = "`memory.bytes` bounds what is in flight";
inline constexpr std::string_view no_polling = "Leat does not poll";
inline constexpr std::string_view tries_again =
    "Leat tries again by itself, with growing pauses, as long as that can help";

inline constexpr Option running[] = {
    {"max.batch.size", "2048", answered, in_memory},
    {"max.queue.size", "8192", answered, in_memory},
    {"max.queue.size.in.bytes", "0", answered, in_memory},
    {"queue.provider.type", "memory", answered, in_memory},
    {"poll.interval.ms", "500", answered, no_polling},
    {"poll.dispatch.interval.ms", "0", answered, no_polling},
    {"executor.shutdown.timeout.ms", "4000", answered,
     "stopping waits for what is under way, and loses nothing"},
    {"errors.max.retries", "-1", answered, tries_again},
    {"retriable.restart.connector.wait.ms", "10000", answered, tries_again},
    {"memory.management.tables.class", "", answered, in_memory},
    {"memory.management.schemas.class", "", answered, in_memory},
    {"statistics.metrics.enabled", "true", answered, "Java's metrics"},
    {"custom.metric.tags", "", answered, "Java's metrics"},
    {"custom.sanitize.pattern", "", answered,
     "no value of the configuration is ever printed where it may be a secret"},
    {"openlineage.integration.enabled", "false", refused, "there is no OpenLineage client", "false"},
    {"openlineage.integration.<option>", "", answered, "only with `openlineage.integration.enabled`"},
    {"internal.<option>", "", refused, "not a documented option"},
    {"schema.history.internal.<option>", "", answered,
     "PostgreSQL's connector has no schema history; the change log describes itself"},
    {"include.schema.changes", "", answered, "PostgreSQL has no schema change records"},
    {"database.server.name", "", refused, "its name since Debezium 2.0 is `topic.prefix`"},
};

inline constexpr std::string_view no_tasks = "there are no workers and tasks";
inline constexpr std::string_view kafka_sink =
    "it shapes what Kafka Connect does with Kafka, which `leat run --debezium` does not write to";
inline constexpr std::string_view json_only = "JSON is the format; other ones come with sinks";

inline constexpr Option framework[] = {
    {"name",
     "",
     works,
     "names the source, and so its log: in lower case, with `_` for what is neither letter nor digit; "
     "without it `topic.prefix` does",
     {},
     connector},
    {"connector.class", "", works, "", {}, connector},
    {"key.converter", "org.apache.kafka.connect.json.JsonConverter", refused, json_only,
     "org.apache.kafka.connect.json.JsonConverter"},
    {"value.converter", "org.apache.kafka.connect.json.JsonConverter", refused, json_only,
     "org.apache.kafka.connect.json.JsonConverter"},
    {"key.converter.replace.null.with.default", "true", answered, "keys have no nulls"},
    {"value.converter.replace.null.with.default", "true", works, "", {}, connector},
    {"key.converter.decimal.format", "BASE64", refused, "`decimal.handling.mode: string` or `double`",
     "BASE64|base64"},
    {"value.converter.decimal.format", "BASE64", refused, "`decimal.handling.mode: string` or `double`",
     "BASE64|base64"},
    {"key.converter.schemas.cache.size", "1000", answered, "schemas are rendered once"},
    {"value.converter.schemas.cache.size", "1000", answered, "schemas are rendered once"},
    {"key.converter.<option>", "", refused, json_only},
    {"value.converter.<option>", "", refused, json_only},
    {"header.converter",
     "org.apache.kafka.connect.storage.SimpleHeaderConverter",
     differs,
     "JsonConverter, or JSON without schemas, which is what SimpleHeaderConverter writes of keys; others are "
     "taken for that",
     {},
     connector},
    {"header.converter.schemas.enable", "true", works, "of JsonConverter", {}, connector},
    {"header.converter.<option>", "", answered, "headers are JSON"},
    {"transforms", "", refused,
     "single message transforms are not supported yet; apply them where the records are read"},
    {"transforms.<option>", "", refused,
     "single message transforms are not supported yet; apply them where the records are read"},
    {"predicates", "", refused, "they belong to single message transforms"},
    {"predicates.<option>", "", refused, "they belong to single message transforms"},
    {"tasks.max", "1", answered, no_tasks},
    {"tasks.max.enforce", "true", answered, no_tasks},
    {"connector.plugin.version", "", answered, no_tasks},
    {"key.converter.plugin.version", "", answered, no_tasks},
    {"value.converter.plugin.version", "", answered, no_tasks},
    {"config.action.reload", "restart", answered, "a changed secret is taken by the next connection"},
    {"config.providers", "", answered,
     "`${file:PATH:KEY}`, `${directory:PATH:FILE}` and `${env:NAME}` are always there"},
    {"config.providers.<option>", "", answered,
     "`${file:PATH:KEY}`, `${directory:PATH:FILE}` and `${env:NAME}` are always there"},
    {"errors.retry.timeout", "0", answered, tries_again},
    {"errors.retry.delay.max.ms", "60000", answered, tries_again},
    {"errors.tolerance", "none", refused, "no record is ever left out", "none"},
    {"errors.log.enable", "false", answered, "errors are always told, with a code"},
    {"errors.log.include.messages", "false", refused, "values of rows never stand in messages", "false"},
    {"exactly.once.support", "requested", answered, "each change is in the change log exactly once"},
    {"transaction.boundary", "poll", answered, "each change is in the change log exactly once"},
    {"transaction.boundary.interval.ms", "", answered, "each change is in the change log exactly once"},
    {"offsets.storage.topic", "", answered, "positions stand in the change log, with the changes"},
    {"topic.creation.groups", "", answered, kafka_sink},
    {"topic.creation.<option>", "", answered, kafka_sink},
    {"producer.override.<option>", "", answered, kafka_sink},
    {"consumer.override.<option>", "", answered, kafka_sink},
    {"admin.override.<option>", "", answered, kafka_sink},
    {"bootstrap.servers", "", refused, "a worker's configuration; leave it to the worker"},
    {"group.id", "", refused, "a worker's configuration; leave it to the worker"},
};

inline constexpr OptionSection sections[] = {
    {"Connection", "", connection},
    {"What is captured", "Lists of regular expressions match whole names, in any case.", selection},
    {"Records", "", format},
    {"Records, further options", "", format_answers},
    {"Snapshots and signals", "", snapshots},
    {"Slot and publication", "", slots},
    {"Running", "", running},
    {"Kafka Connect", "", framework},
};

}  // namespace leat::options
