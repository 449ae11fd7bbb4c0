// What a PostgreSQL source is told to do. Option names in comments are Debezium's, as the configuration has
// them.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "source/column_rules.h"
#include "source/postgres/server/wal_budget.h"
#include "source/postgres/wire/connection.h"
#include "source/table_selector.h"
#include "spill/spill_space.h"

namespace leat::pg {

enum class SnapshotMode : uint8_t { initial, initial_only, always, when_needed, no_data };
enum class PublicationMode : uint8_t { filtered, all_tables, disabled };

struct Options {
    std::string name;  // of the source
    Keywords keywords;
    TableSelector tables;
    ColumnRules columns;
    TableSelector snapshot_tables;  // snapshot.include.collection.list
    // snapshot.select.statement.overrides, by schema.table
    std::map<std::string, std::string> snapshot_selects;
    uint32_t tables_max = 0;            // guardrail.collections.max; 0: any number
    bool too_many_tables_fail = false;  // guardrail.collections.limit.action
    SnapshotMode snapshot_mode = SnapshotMode::initial;
    std::string slot_name;                                         // slot.name
    std::string publication_name;                                  // publication.name
    PublicationMode publication_mode = PublicationMode::filtered;  // publication.autocreate.mode
    bool publish_via_partition_root = false;                       // publish.via.partition.root
    bool drop_slot_on_stop = false;                                // slot.drop.on.stop
    std::chrono::milliseconds status_interval{10000};              // status.update.interval.ms
    uint32_t slot_retries_max = 6;                                 // slot.max.retries
    std::chrono::milliseconds slot_retry_delay{10000};             // slot.retry.delay.ms
    std::chrono::milliseconds heartbeat_interval{0};               // heartbeat.interval.ms; 0: none
    std::string heartbeat_query;                                   // heartbeat.action.query
    uint64_t wal_budget_bytes = 10'000'000'000;                    // slot.wal.budget.bytes
    WalPolicy wal_policy = WalPolicy::warn;                        // slot.wal.budget.policy
    uint32_t snapshot_readers = 2;                                 // snapshot.max.threads
    uint64_t chunk_rows = 10240;                                   // incremental.snapshot.chunk.size
    uint64_t incremental_rows_per_second = 0;  // incremental.snapshot.rows.per.second; 0: as fast as it goes
    uint64_t incremental_sessions_max = 0;     // incremental.snapshot.sessions.max; 0: any number
    std::chrono::milliseconds incremental_lag_max{10000};  // incremental.snapshot.lag.max.ms
    std::string signal_table;                              // signal.data.collection
    size_t incremental_bytes = 8 << 20;                    // of chunks that wait to be merged into the stream

    bool failover = false;        // slot.failover: a standby keeps a copy of the slot
    bool take_over_slot = false;  // slot.take.over: go on from a slot that another reader has left behind

    // Found at the start, not configured: the server is a standby, on which nothing can be written.
    bool standby = false;

    bool streaming = true;   // streaming: transactions in progress are sent, and kept here
    bool two_phase = false;  // two.phase: prepared ones too
    std::shared_ptr<SpillSpace> spill;
    size_t spill_memory_bytes = 4 << 20;  // before something is spilled to disk

    // The SELECT that reads a table's snapshot in place of all its rows; null: none.
    const std::string* snapshot_select(const std::string& qualified_name) const {
        auto found = snapshot_selects.find(qualified_name);
        return found == snapshot_selects.end() ? nullptr : &found->second;
    }

    // For `leat tail`: a temporary slot and a publication of its own, both gone with it.
    bool temporary = false;

    size_t change_bytes_max = 16 << 20;  // of one change on the wire
    size_t block_bytes = 512 << 10;      // when a block is full
};

// The second publication, for tables without a replica identity: only inserts and truncates, so that the
// application's updates and deletes of them go on working.
inline std::string insert_publication_name(const Options& options) {
    return options.publication_name + "_inserts";
}

}  // namespace leat::pg
