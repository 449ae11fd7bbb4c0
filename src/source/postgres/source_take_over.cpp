// PostgresSource: a slot of our name that the change log has nothing of. It is another reader's, most often
// Debezium's, or our log is lost. slot.take.over goes on from it.
#include <fmt/core.h>

#include "base/logging.h"
#include "source/postgres/postgres_source.h"
#include "source/postgres/server/resume_check.h"

namespace leat::pg {

namespace {
std::string drop_statement(const std::string& slot) {
    return fmt::format("SELECT pg_drop_replication_slot({});", Connection::quote_literal(slot));
}
}  // namespace

// It is taken for a new source's only where the configuration allows for losing it (when_needed).
Status PostgresSource::check_unknown_slot(const ServerIdentity& server, const SlotInfo& slot,
                                          std::stop_token stop) {
    LEAT_TRY(check_slot_kind(slot, options_.slot_name, server.database));
    bool may_replace = options_.snapshot_mode == SnapshotMode::when_needed;
    // Waiting would not help: what its reader has captured is not in this log.
    if (slot.active && !may_replace) return fail(slot_in_use(slot));
    if (slot.active) LEAT_TRY(wait_until_slot_is_free(stop));
    if (may_replace) return {};
    return fail(
        ErrorCode::PG_SLOT_UNKNOWN,
        fmt::format("replication slot {} exists, but the change log has nothing of this source: what "
                    "the slot's earlier reader captured is not here",
                    options_.slot_name),
        fmt::format("To go on where its earlier reader, Debezium for example, has stopped: "
                    "slot.take.over: true\n"
                    "If the slot belongs to a log that is not coming back, drop it and start again:\n{}",
                    drop_statement(options_.slot_name)));
}

// What was committed before the slot's confirmed position is its earlier reader's, and the stream begins
// there. Tables are read beside it, as those that are added later: the stream leaves out what the snapshot
// shows, so that each row is there once. The first position says so: a restart finds the slot as its own.
Result<std::unique_ptr<SnapshotPlan>> PostgresSource::take_over(const ServerIdentity& server,
                                                                const SlotInfo& slot,
                                                                std::vector<TableInfo> tables,
                                                                std::stop_token stop) {
    LEAT_TRY(check_slot_kind(slot, options_.slot_name, server.database));
    if (slot.active) return fail(slot_in_use(slot));
    begin_state(server);
    auto to_read =
        options_.snapshot_mode == SnapshotMode::no_data ? std::vector<TableInfo>{} : to_snapshot(tables);
    Status ready = prepare_take_over(slot, tables, !to_read.empty(), stop);
    if (!ready) {
        if (options_.snapshot_mode != SnapshotMode::when_needed) return fail(std::move(ready.error()));
        log_error(LogLevel::warning, options_.name, "a new snapshot is needed", ready.error());
        return start_new(server, std::move(tables), stop);
    }
    log_event(
        LogLevel::info, options_.name,
        fmt::format("going on from replication slot {} at {}: what was committed before was captured by "
                    "its earlier reader",
                    options_.slot_name, format_lsn(state_.lsn)));
    auto markers = no_longer_captured({});
    return plan(Plan::Kind::beside_old_slot, std::move(tables), std::move(to_read), std::move(markers));
}

// Whether nothing is missing between the slot's confirmed position and now; if so, the position is set.
Status PostgresSource::prepare_take_over(const SlotInfo& slot, const std::vector<TableInfo>& tables,
                                         bool reads, std::stop_token stop) {
    const std::string& name = options_.slot_name;
    std::string new_snapshot =
        "For a new snapshot and a new slot, drop this one and start again:\n" + drop_statement(name);
    if (slot.lost() || slot.confirmed_flush == Lsn())
        return fail(
            ErrorCode::PG_SLOT_LOST,
            fmt::format("replication slot {} cannot be gone on with: the server no longer has its WAL", name),
            new_snapshot);
    if (options_.standby) LEAT_TRY(check_no_copy(stop));
    if (options_.standby && reads)
        return fail(ErrorCode::PG_STANDBY,
                    fmt::format("on a standby, tables cannot be read beside the stream of slot {}", name),
                    "Stream without their rows (snapshot.mode: no_data), or connect to the primary.");
    LEAT_ASSIGN(auto found, find_publications(*sql_, options_, stop));
    if (found.main == 0)
        return fail(ErrorCode::PG_PUBLICATION,
                    fmt::format("there is no publication {}, through which slot {} could have been read: one "
                                "that is made now has nothing of what was committed before",
                                options_.publication_name, name),
                    "Set publication.name to that of the slot's earlier reader:\n"
                    "SELECT pubname FROM pg_publication;\n" +
                        new_snapshot);
    state_.publication = found.main;
    state_.insert_publication = found.inserts;
    state_.phase = ResumeState::Phase::snapshot;
    state_.lsn = slot.confirmed_flush;
    LEAT_TRY(check_publications(state_, found, tables, options_, sql_->server_version()));
    if (options_.failover && !slot.failover) LEAT_TRY(set_failover(*replication_, name, stop));
    durable_ = state_.start().value;
    return {};
}

}  // namespace leat::pg
