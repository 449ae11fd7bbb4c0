#include "config/option_names.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

namespace leat {

namespace {

constexpr std::string_view format_options[] = {
    "decimal.handling.mode",
    "time.precision.mode",
    "binary.handling.mode",
    "hstore.handling.mode",
    "interval.handling.mode",
    "money.fraction.digits",
    "unavailable.value.placeholder",
    "tombstones.on.delete",
    "skipped.operations",
    "schemas.enable",
    "json.replace.null.with.default",
    "float.nonfinite.handling.mode",
    "provide.transaction.metadata",
    "topic.delimiter",
    "message.prefix.include.list",
    "message.prefix.exclude.list",
};

constexpr std::string_view capture_options[] = {
    "url",
    "tables",
    "schema.include.list",
    "schema.exclude.list",
    "table.include.list",
    "table.exclude.list",
    "snapshot.mode",
    "snapshot.max.threads",
    "slot.name",
    "slot.drop.on.stop",
    "slot.max.retries",
    "slot.retry.delay.ms",
    "publication.name",
    "publication.autocreate.mode",
    "publish.via.partition.root",
    "status.update.interval.ms",
    "topic.prefix",
};

struct Explained {
    std::string_view name, reason;
};

constexpr std::string_view in_the_url = "it is part of url: postgresql://user:password@host:port/database";
constexpr std::string_view in_the_url_tls =
    "it is part of url: postgresql://host/database?sslmode=...&sslrootcert=...&sslcert=...&sslkey=...";
constexpr std::string_view in_memory = "memory.bytes bounds what is in flight";
constexpr std::string_view retries =
    "Leat tries again by itself, with growing pauses, as long as that can help";
constexpr std::string_view connect = "it belongs to Kafka Connect, which Leat does not need";

// What has no counterpart because Leat does it in another way.
constexpr Explained explained[] = {
    {"database.hostname", in_the_url},
    {"database.port", in_the_url},
    {"database.user", in_the_url},
    {"database.password", in_the_url},
    {"database.dbname", in_the_url},
    {"database.sslmode", in_the_url_tls},
    {"database.sslcert", in_the_url_tls},
    {"database.sslkey", in_the_url_tls},
    {"database.sslpassword", in_the_url_tls},
    {"database.sslrootcert", in_the_url_tls},
    {"database.sslfactory", in_the_url_tls},
    {"database.tcpKeepAlive",
     "TCP keep-alive is always on; keepalives_idle and its like are parameters of url"},
    {"plugin.name", "Leat always uses pgoutput, which every supported server has"},
    {"snapshot.fetch.size",
     "the snapshot is streamed by COPY, which has no fetch size; memory.bytes bounds it"},
    {"query.fetch.size", "Leat reads rows by COPY, which has no fetch size; memory.bytes bounds it"},
    {"snapshot.locking.mode", "the snapshot takes no locks"},
    {"snapshot.isolation.mode",
     "the snapshot is always read at one point, the one at which the stream begins"},
    {"max.batch.size", in_memory},
    {"max.queue.size", in_memory},
    {"max.queue.size.in.bytes", in_memory},
    {"poll.interval.ms", "Leat does not poll"},
    {"errors.max.retries", retries},
    {"retriable.restart.connector.wait.ms", retries},
    {"heartbeat.interval.ms", "an idle slot is moved on by the server's own keepalives"},
    {"heartbeat.action.query", "an idle slot is moved on by the server's own keepalives"},
    {"flush.lsn.source", "the slot is always confirmed, and only up to what is durable in the change log"},
    {"lsn.flush.mode", "the slot is always confirmed, and only up to what is durable in the change log"},
    {"offset.mismatch.strategy", "a slot that does not fit the change log always stops the source"},
    {"connector.class", "the scheme of url says what the source is"},
    {"database.server.name", "its name since Debezium 2.0 is topic.prefix"},
    {"name", "the source's name is its key below sources"},
    {"tasks.max", connect},
    {"exactly.once.support", connect},
    {"transaction.boundary", connect},
};

// Documented options of Debezium 3.x's PostgreSQL connector that Leat does not have yet.
constexpr std::string_view not_yet[] = {
    "column.exclude.list",
    "column.include.list",
    "column.propagate.source.type",
    "connection.validation.timeout.ms",
    "converters",
    "create.slot.command.timeout",
    "custom.metric.tags",
    "custom.sanitize.pattern",
    "database.initial.statements",
    "database.query.timeout.ms",
    "datatype.propagate.source.type",
    "event.converting.failure.handling.mode",
    "event.processing.failure.handling.mode",
    "executor.shutdown.timeout.ms",
    "extended.headers.enabled",
    "field.name.adjustment.mode",
    "include.schema.comments",
    "include.unknown.datatypes",
    "incremental.snapshot.allow.schema.changes",
    "incremental.snapshot.chunk.size",
    "incremental.snapshot.watermarking.strategy",
    "lsn.flush.timeout.action",
    "lsn.flush.timeout.ms",
    "message.key.columns",
    "post.processors",
    "read.only",
    "replica.identity.autoset.values",
    "schema.history.internal.file.filename",
    "schema.name.adjustment.mode",
    "schema.refresh.mode",
    "slot.failover",
    "slot.stream.params",
    "snapshot.delay.ms",
    "snapshot.include.collection.list",
    "snapshot.lock.timeout.ms",
    "snapshot.locking.mode.custom.name",
    "snapshot.max.threads.multiplier",
    "snapshot.mode.configuration.based.snapshot.data",
    "snapshot.mode.configuration.based.snapshot.on.data.error",
    "snapshot.mode.configuration.based.snapshot.on.schema.error",
    "snapshot.mode.configuration.based.snapshot.schema",
    "snapshot.mode.configuration.based.start.stream",
    "snapshot.mode.custom.name",
    "snapshot.query.mode",
    "snapshot.query.mode.custom.name",
    "snapshot.select.statement.overrides",
    "snapshot.tables.order.by.row.count",
    "sourceinfo.struct.maker",
    "statistics.metrics.enabled",
    "streaming.delay.ms",
    "table.ignore.builtin",
    "topic.cache.size",
    "topic.heartbeat.prefix",
    "topic.naming.strategy",
    "topic.transaction",
    "transaction.metadata.factory",
    "xmin.fetch.interval.ms",
};

// Options with a name or a number of the user's in them.
constexpr std::string_view not_yet_prefixes[] = {
    "column.mask.",
    "column.truncate.to.",
    "snapshot.select.statement.overrides.",
    "signal.",
    "notification.",
    "guardrail.",
    "openlineage.",
    "post.processors.",
    "driver.",
    "schema.history.internal.",
};
constexpr std::string_view connect_prefixes[] = {
    "key.converter",   "value.converter", "header.converter", "transforms",  "predicates",
    "topic.creation.", "producer.",       "consumer.",        "errors.log.", "config.providers",
};

bool has_prefix(std::string_view name, std::span<const std::string_view> prefixes) {
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](auto prefix) { return name.starts_with(prefix); });
}

}  // namespace

std::span<const std::string_view> format_option_names() { return format_options; }

bool is_format_option(std::string_view name) {
    return std::find(std::begin(format_options), std::end(format_options), name) != std::end(format_options);
}

std::span<const std::string_view> source_option_names() {
    static const std::vector<std::string_view> all = [] {
        std::vector<std::string_view> names(std::begin(capture_options), std::end(capture_options));
        names.insert(names.end(), std::begin(format_options), std::end(format_options));
        return names;
    }();
    return all;
}

std::optional<std::string> explain_foreign_option(std::string_view name) {
    for (const Explained& option : explained)
        if (option.name == name)
            return fmt::format("Debezium's option {} is not used by Leat: {}", name, option.reason);
    if (std::find(std::begin(not_yet), std::end(not_yet), name) != std::end(not_yet) ||
        has_prefix(name, not_yet_prefixes))
        return fmt::format("Debezium's option {} is not supported yet", name);
    if (has_prefix(name, connect_prefixes))
        return fmt::format("the option {} is not used by Leat: {}", name, connect);
    return std::nullopt;
}

}  // namespace leat
