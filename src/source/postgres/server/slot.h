// The server's identity and its replication slots. Needs no I/O of its own: it is asked over a given
// connection.
#pragma once

#include <optional>

#include "source/postgres/wire/connection.h"
#include "source/postgres/wire/lsn.h"

namespace leat::pg {

// A timeline that the server's WAL has left, and where.
struct PastTimeline {
    uint32_t timeline = 0;
    Lsn end;
    bool operator==(const PastTimeline&) const = default;
};
// A timeline history file. Pure. Lines that say nothing are skipped.
std::vector<PastTimeline> parse_timeline_history(std::string_view text);

struct ServerIdentity {
    uint64_t system_id = 0;
    uint32_t timeline = 0;
    Lsn wal_end;
    std::string database;
    std::vector<PastTimeline>
        history;  // oldest first; empty on the first timeline, and where the file is gone

    // Where the timeline began; 0: the first, or not known.
    Lsn timeline_begin() const { return history.empty() ? Lsn() : history.back().end; }
};
// Over a replication connection (IDENTIFY_SYSTEM, TIMELINE_HISTORY).
Result<ServerIdentity> identify_system(Connection& replication, std::stop_token stop);

// Whether the server is a standby.
Result<bool> in_recovery(Connection& sql, std::stop_token stop);

struct SlotInfo {
    std::string plugin, type, database;
    bool active = false;
    std::string active_pid;
    Lsn restart, confirmed_flush;
    std::string wal_status;    // reserved, extended, unreserved, lost
    std::string invalidation;  // reason, from 17 on; else ""
    bool failover = false;     // a standby keeps a copy, from 17 on
    bool copy = false;         // it is such a copy

    bool lost() const { return wal_status == "lost" || !invalidation.empty(); }
};
Result<std::optional<SlotInfo>> find_slot(Connection& sql, const std::string& slot_name,
                                          std::stop_token stop);

struct CreatedSlot {
    Lsn consistent_point;
    std::string snapshot;  // exported: valid until the replication connection is used again
};
struct NewSlot {
    std::string name;
    bool temporary = false;
    bool failover = false;  // from 17 on
};
// Waits for the transactions that are running to end.
Result<CreatedSlot> create_slot(Connection& replication, const NewSlot& slot, std::stop_token stop);
// From then on a standby keeps a copy of it. Over a replication connection, while nobody reads the slot.
Status set_failover(Connection& replication, const std::string& slot_name, std::stop_token stop);
Status drop_slot(Connection& sql, const std::string& slot_name, std::stop_token stop);

}  // namespace leat::pg
