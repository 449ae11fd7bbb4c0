// leat.yaml as plain structs. What a key means and its default: docs/configuration.md.
// The structs are values: made once at start-up, then read by any thread.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/logging.h"
#include "config/consumer_config.h"
#include "config/mask_option.h"
#include "config/postgres_url.h"
#include "config/secret.h"
#include "config/yaml_settings.h"

namespace leat {

// Debezium's snapshot.mode; `never` is its older name of no_data.
enum class SnapshotMode : uint8_t { initial, initial_only, always, when_needed, no_data };
std::string_view name(SnapshotMode mode);

// Debezium's publication.autocreate.mode.
enum class PublicationMode : uint8_t { filtered, all_tables, disabled };
std::string_view name(PublicationMode mode);

// When the slot holds more WAL than slot.wal.budget.bytes.
enum class WalPolicy : uint8_t { warn, fail, drop, drop_and_snapshot };
std::string_view name(WalPolicy policy);

struct SourceConfig {
    std::string name;
    SecretString url;

    // Either Leat's globs or Debezium's lists. All empty: every table.
    std::vector<std::string> tables;
    std::vector<std::string> schema_include, schema_exclude, table_include,
        table_exclude;                                        // regular expressions
    std::vector<std::string> column_include, column_exclude;  // likewise, over schema.table.column
    std::vector<ColumnMaskConfig> masks;                      // in the order in which they are asked

    SnapshotMode snapshot_mode = SnapshotMode::initial;
    std::vector<std::string> snapshot_include;            // regular expressions; empty: all that are captured
    std::map<std::string, std::string> snapshot_selects;  // schema.table → the SELECT that reads it
    uint32_t tables_max = 0;                              // 0: any number
    bool too_many_tables_fail = false;
    uint32_t snapshot_threads = 2;  // connections that read it
    uint64_t incremental_chunk_rows = 10240;
    uint64_t incremental_rows_per_second = 0;              // 0: as fast as it goes
    uint64_t incremental_sessions_max = 0;                 // that run a query; 0: any number
    std::chrono::milliseconds incremental_lag_max{10000};  // of the stream, beyond which no chunk is read
    std::string signal_table;                              // schema.table; empty: none
    bool signals_from_table = true, signals_from_file = false;
    std::string signal_file = "file-signals.txt";  // absolute, or beside the configuration
    std::chrono::milliseconds signal_poll_interval{5000};

    std::string slot_name;         // leat_<name>
    std::string publication_name;  // leat_<name>
    PublicationMode publication_mode = PublicationMode::filtered;
    bool drop_slot_on_stop = false;
    uint32_t slot_retries_max = 6;  // while another process still reads it
    std::chrono::milliseconds slot_retry_delay{10000};
    bool slot_failover = false;
    bool take_over_slot = false;
    uint64_t wal_budget_bytes = 10'000'000'000;
    WalPolicy wal_policy = WalPolicy::warn;
    std::chrono::milliseconds heartbeat_interval{0};  // 0: none
    std::string heartbeat_query;
    bool publish_via_partition_root = false;
    bool streaming = true;   // of transactions in progress
    bool two_phase = false;  // of prepared ones
    std::chrono::milliseconds status_update_interval{10000};

    std::string topic_prefix;  // <name>
    // Options of the output format as given, by Debezium's names (config/option_table.h); the codec checks
    // the values.
    std::map<std::string, std::string> format_options;

    bool operator==(const SourceConfig&) const = default;
};

enum class FsyncMode : uint8_t { always, interval, never };
std::string_view name(FsyncMode mode);

struct LogConfig {
    std::string dir;
    FsyncMode fsync = FsyncMode::always;
    std::chrono::milliseconds fsync_interval{1000};
    uint64_t segment_bytes = 128 << 20;
    std::optional<std::chrono::milliseconds> retention_age;  // none: whatever the age
    std::optional<uint64_t> retention_bytes;                 // of one source; none: whatever the size

    bool operator==(const LogConfig&) const = default;
};

struct SpillConfig {
    std::string dir;               // empty: spill below log.dir
    uint64_t bytes = 10000000000;  // of all sources
    bool operator==(const SpillConfig&) const = default;
};

struct ServerConfig {
    std::string listen = "127.0.0.1:8083";  // host:port, as http/listen_address.h reads it
    bool enabled = true;                    // false: `off` was given
    // Files. Without a certificate there is no TLS; beyond loopback that has to be given up (`off`).
    std::string tls_certificate, tls_key, tls_client_ca;
    bool tls_given_up = false;

    bool operator==(const ServerConfig&) const = default;
};

struct LoggingConfig {
    LogFormat format = LogFormat::text;
    LogLevel level = LogLevel::info;
};

struct Config {
    std::vector<SourceConfig> sources;      // in the order of the file
    std::vector<ConsumerConfig> consumers;  // likewise
    LogConfig log;
    SpillConfig spill;
    uint64_t memory_bytes = 64000000;  // of the whole process, for what is in flight
    ServerConfig server;
    LoggingConfig logging;
    SecretResolver secrets;
    // Options of connectors' files that were accepted although nothing needs them: told at the start.
    std::vector<std::string> notices;
};

// Reads a file. Errors: IO, CONFIG_INVALID, CONFIG_UNKNOWN_KEY, CONFIG_SECRET, URL_INVALID; all but IO name
// file and line.
Result<Config> load_config(const std::string& path, const Environment& environment = process_environment());

// The same from text; `path` is used in messages and for what is relative to the file.
Result<Config> parse_config(const std::string& text, const std::string& path,
                            const Environment& environment = process_environment());

// From settings that were read already. `path` stands in messages about those outside of sources, and what
// is relative is relative to its directory.
Result<Config> build_config(const YamlSettings& settings, const std::string& path,
                            const Environment& environment = process_environment());

// The source's URL with its secrets, at the moment of use. CONFIG_SECRET or URL_INVALID, naming the key.
Result<PostgresUrl> resolve_url(const SourceConfig& source, const SecretResolver& secrets);

// A source that no file describes, as `leat tail URL` needs it: everything but the URL has its default.
SourceConfig default_source(std::string name, SecretString url);

}  // namespace leat
