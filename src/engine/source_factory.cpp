#include "engine/source_factory.h"

#include <fmt/core.h>

#include "codec/debezium_options.h"
#include "source/postgres/postgres_source.h"

namespace leat::engine {

namespace {

pg::SnapshotMode snapshot_mode(SnapshotMode mode) {
    switch (mode) {
        case SnapshotMode::initial:
            return pg::SnapshotMode::initial;
        case SnapshotMode::initial_only:
            return pg::SnapshotMode::initial_only;
        case SnapshotMode::always:
            return pg::SnapshotMode::always;
        case SnapshotMode::when_needed:
            return pg::SnapshotMode::when_needed;
        case SnapshotMode::no_data:
            return pg::SnapshotMode::no_data;
    }
    return pg::SnapshotMode::initial;
}

pg::PublicationMode publication_mode(PublicationMode mode) {
    switch (mode) {
        case PublicationMode::filtered:
            return pg::PublicationMode::filtered;
        case PublicationMode::all_tables:
            return pg::PublicationMode::all_tables;
        case PublicationMode::disabled:
            return pg::PublicationMode::disabled;
    }
    return pg::PublicationMode::filtered;
}

pg::WalPolicy wal_policy(WalPolicy policy) {
    switch (policy) {
        case WalPolicy::warn:
            return pg::WalPolicy::warn;
        case WalPolicy::fail:
            return pg::WalPolicy::fail;
        case WalPolicy::drop:
            return pg::WalPolicy::drop;
        case WalPolicy::drop_and_snapshot:
            return pg::WalPolicy::drop_and_snapshot;
    }
    return pg::WalPolicy::warn;
}

Result<ColumnMask> column_mask(const ColumnMaskConfig& config) {
    switch (config.kind) {
        case ColumnMaskConfig::Kind::truncate:
            return ColumnMask::truncate(config.length);
        case ColumnMaskConfig::Kind::asterisks:
            return ColumnMask::asterisks(config.length);
        case ColumnMaskConfig::Kind::hash:
            return ColumnMask::hash(config.algorithm, config.salt, ColumnMask::HashVersion::v1);
        case ColumnMaskConfig::Kind::hash_v2:
            break;
    }
    return ColumnMask::hash(config.algorithm, config.salt, ColumnMask::HashVersion::v2);
}

Result<ColumnRules> column_rules(const SourceConfig& config) {
    LEAT_ASSIGN(auto format, DebeziumOptions::parse(config.format_options));
    ColumnSelection selection{config.column_include, config.column_exclude, {}, format.message_key_columns};
    // A list of the columns that are wanted is not one of signals that are not.
    if (!selection.include.empty() && !config.signal_table.empty()) {
        std::string pattern;
        for (char c : config.signal_table + ".") {
            if (std::ispunct(static_cast<unsigned char>(c))) pattern += '\\';
            pattern += c;
        }
        selection.include.push_back(pattern + ".*");
    }
    for (const ColumnMaskConfig& rule : config.masks) {
        auto mask = column_mask(rule);
        if (!mask) {
            mask.error().message = fmt::format("source {}: column.mask.hash.{}: {}", config.name,
                                               rule.algorithm, mask.error().message);
            return fail(std::move(mask.error()));
        }
        selection.masks.push_back({rule.columns, std::move(*mask)});
    }
    return ColumnRules::make(selection);
}

Result<pg::Options> postgres_options(const SourceConfig& config, const SecretResolver& secrets,
                                     MemoryShare memory) {
    LEAT_ASSIGN(auto url, resolve_url(config, secrets));
    pg::Options options;
    options.name = config.name;
    options.keywords = url.keywords();
    LEAT_ASSIGN(options.tables,
                TableSelector::make({config.tables, config.schema_include, config.schema_exclude,
                                     config.table_include, config.table_exclude, config.signal_table}));
    LEAT_ASSIGN(options.columns, column_rules(config));
    LEAT_ASSIGN(options.snapshot_tables, TableSelector::make({{}, {}, {}, config.snapshot_include, {}, {}}));
    options.snapshot_selects = config.snapshot_selects;
    options.tables_max = config.tables_max;
    options.too_many_tables_fail = config.too_many_tables_fail;
    options.snapshot_mode = snapshot_mode(config.snapshot_mode);
    options.slot_name = config.slot_name;
    options.publication_name = config.publication_name;
    options.publication_mode = publication_mode(config.publication_mode);
    options.publish_via_partition_root = config.publish_via_partition_root;
    options.streaming = config.streaming;
    options.two_phase = config.two_phase;
    options.spill_memory_bytes =
        std::clamp<uint64_t>(memory.total_bytes / memory.sources / 16, 256 << 10, 16 << 20);
    options.drop_slot_on_stop = config.drop_slot_on_stop;
    options.status_interval = config.status_update_interval;
    options.slot_retries_max = config.slot_retries_max;
    options.slot_retry_delay = config.slot_retry_delay;
    options.failover = config.slot_failover;
    options.take_over_slot = config.take_over_slot;
    options.wal_budget_bytes = config.wal_budget_bytes;
    options.wal_policy = wal_policy(config.wal_policy);
    options.heartbeat_interval = config.heartbeat_interval;
    options.heartbeat_query = config.heartbeat_query;
    options.snapshot_readers = config.snapshot_threads;
    options.chunk_rows = config.incremental_chunk_rows;
    options.incremental_rows_per_second = config.incremental_rows_per_second;
    options.incremental_sessions_max = config.incremental_sessions_max;
    options.incremental_lag_max = config.incremental_lag_max;
    if (config.signals_from_table) options.signal_table = config.signal_table;
    options.incremental_bytes = std::max<uint64_t>(memory.total_bytes / memory.sources / 8, 1 << 20);
    // A change is at once on the wire, in its block, and in the block before it.
    options.change_bytes_max = memory.total_bytes / 4;
    return options;
}

RunnerOptions runner_options(const SourceConfig& config, const pg::Options& options, MemoryShare memory) {
    RunnerOptions runner;
    runner.channel_bytes = std::max<uint64_t>(memory.total_bytes / memory.sources / 4, 1 << 20);
    runner.snapshot_readers = options.snapshot_readers;
    if (config.signals_from_file) runner.signal_file = {config.signal_file, config.signal_poll_interval};
    runner.stop_after_snapshot = options.snapshot_mode == pg::SnapshotMode::initial_only;
    return runner;
}

}  // namespace

Result<PostgresUrl> resolve_argument(const std::string& url, const SecretResolver& secrets) {
    return resolve_url(default_source({}, SecretString(url)), secrets);
}

Result<SourceSetup> make_source(const SourceConfig& config, const SecretResolver& secrets, MemoryShare memory,
                                std::shared_ptr<SpillSpace> spill) {
    LEAT_ASSIGN(auto options, postgres_options(config, secrets, memory));
    options.spill = std::move(spill);
    auto runner = runner_options(config, options, memory);
    return SourceSetup{std::make_unique<pg::PostgresSource>(std::move(options)), runner};
}

Result<SourceSetup> make_temporary_source(const SourceConfig& config, const SecretResolver& secrets,
                                          MemoryShare memory, bool snapshot) {
    LEAT_ASSIGN(auto options, postgres_options(config, secrets, memory));
    options.temporary = true;
    options.snapshot_mode = snapshot ? pg::SnapshotMode::initial : pg::SnapshotMode::no_data;
    options.slot_name = options.publication_name = "leat_tail";  // until it has claimed a name of its own
    auto runner = runner_options(config, options, memory);
    runner.retry = false;
    return SourceSetup{std::make_unique<pg::PostgresSource>(std::move(options)), runner};
}

}  // namespace leat::engine
