// PostgresSource: what is compared and decided before the stream begins.
#include <fmt/core.h>

#include <algorithm>
#include <thread>
#include <unordered_set>

#include "base/logging.h"
#include "source/postgres/postgres_source.h"
#include "source/postgres/server/checks.h"
#include "source/postgres/server/publication.h"
#include "source/postgres/server/resume_check.h"

namespace leat::pg {

using namespace std::chrono_literals;

namespace {
constexpr uint32_t left_out_max = 3;
}

Result<std::vector<Finding>> PostgresSource::check() {
    LEAT_TRY(connect({}));
    LEAT_ASSIGN(auto tables, catalog_->tables(options_.tables, options_.publish_via_partition_root, {}));
    LEAT_ASSIGN(auto slot, find_slot(*sql_, options_.slot_name, {}));
    return check_prerequisites(*sql_, options_, tables, !slot, {});
}

// The first error stops the source; warnings are told.
Status PostgresSource::check_findings(const std::vector<TableInfo>& tables, bool needs_slot,
                                      std::stop_token stop) {
    LEAT_ASSIGN(auto findings, check_prerequisites(*sql_, options_, tables, needs_slot, stop));
    for (Finding& finding : findings)
        if (finding.level == Finding::Level::error)
            return fail(finding.code, finding.subject + ": " + finding.message, finding.action);
    for (Finding& finding : findings)
        if (finding.level == Finding::Level::warning)
            log_error(LogLevel::warning, options_.name, finding.subject,
                      {finding.code, finding.message, finding.action});
    return {};
}

Result<std::unique_ptr<SnapshotPlan>> PostgresSource::open(const ResumePoint& from, std::stop_token stop) {
    if (options_.temporary && streamed_)
        return fail(
            ErrorCode::PG_SLOT_LOST,
            "the connection broke, and with it the temporary slot: what was committed since cannot be shown",
            "Start leat tail again. To miss nothing across restarts, use leat run.");
    LEAT_TRY(connect(stop));
    LEAT_ASSIGN(options_.standby, in_recovery(*sql_, stop));
    schemas_.emplace(from.schemas);
    in_log_ = from.schemas;
    bool is_new = from.position.empty();
    if (!is_new) {
        LEAT_ASSIGN(state_, ResumeState::decode(from.position.bytes));
        is_new = state_.phase == ResumeState::Phase::creating_slot;
    }
    ServerIdentity server;
    if (!is_new) {
        // First of all: on another server everything else would be told wrongly.
        LEAT_ASSIGN(server, connect_replication(stop));
        bool may_differ = options_.snapshot_mode == SnapshotMode::when_needed;
        if (!may_differ) LEAT_TRY(check_same_server(state_, server));
    }
    if (!is_new && options_.standby) LEAT_TRY(check_no_copy(stop));
    LEAT_ASSIGN(auto tables, selected_tables(stop));
    remember(tables);
    // A slot of our name without anything in the log.
    std::optional<SlotInfo> unknown_slot;
    bool needs_slot = is_new && options_.snapshot_mode != SnapshotMode::initial_only;
    if (from.position.empty() && needs_slot && !options_.temporary) {
        LEAT_ASSIGN(unknown_slot, find_slot(*sql_, options_.slot_name, stop));
    }
    bool takes_over = unknown_slot && options_.take_over_slot;
    auto checked = check_findings(tables, needs_slot && !takes_over, stop);
    // What was read before was no standby, or one that could be read: a failover is under way.
    if (!checked && !is_new && checked.error().code == ErrorCode::PG_STANDBY)
        return fail(ErrorCode::PG_BUSY, checked.error().message,
                    "It may be about to be promoted: Leat looks again. If it is to stay a standby: " +
                        checked.error().action);
    LEAT_TRY(checked);
    if (is_new) {
        LEAT_ASSIGN(server, connect_replication(stop));
    }
    if (options_.temporary) {
        LEAT_ASSIGN(options_.publication_name, claim_temporary_publication(*sql_, stop));
        options_.slot_name = options_.publication_name;
    }
    if (takes_over) return take_over(server, *unknown_slot, std::move(tables), stop);
    if (unknown_slot) LEAT_TRY(check_unknown_slot(server, *unknown_slot, stop));
    if (is_new) return start_new(server, std::move(tables), stop);
    return resume(server, std::move(tables), stop);
}

// In a failover the URL may lead to the standby before it is promoted.
Status PostgresSource::check_no_copy(std::stop_token stop) {
    LEAT_ASSIGN(auto slot, find_slot(*sql_, options_.slot_name, stop));
    if (!slot || !slot->copy) return {};
    return fail(
        ErrorCode::PG_SLOT_COPY,
        fmt::format(
            "the server is a standby, and keeps a copy of replication slot {}, which can be read once "
            "the server is promoted",
            options_.slot_name),
        "Promote it, or let the URL lead to the primary (target_session_attrs=read-write).");
}

// Those whose rows are read; the others are captured from the stream alone.
std::vector<TableInfo> PostgresSource::to_snapshot(std::vector<TableInfo> tables) const {
    std::erase_if(tables, [&](const TableInfo& table) {
        return !options_.snapshot_tables.selects(table.schema, table.name);
    });
    return tables;
}

void PostgresSource::begin_state(const ServerIdentity& server) {
    state_ = {};
    durable_ = told_ = 0;  // of the slot that was
    state_.system_id = server.system_id;
    state_.timeline = server.timeline;
    state_.timeline_begin = server.timeline_begin();
    state_.slot = options_.slot_name;
}

// Nothing was captured yet, or it is given up: a new slot, and what the snapshot mode asks for.
Result<std::unique_ptr<SnapshotPlan>> PostgresSource::start_new(const ServerIdentity& server,
                                                                std::vector<TableInfo> tables,
                                                                std::stop_token stop) {
    begin_state(server);
    // What the log may have of the tables is from before: until they are read again they do not count as
    // captured.
    auto markers = no_longer_captured({});
    if (options_.snapshot_mode == SnapshotMode::initial_only)
        return plan(Plan::Kind::without_slot, {}, to_snapshot(tables), std::move(markers));
    LEAT_ASSIGN(auto slot, find_slot(*sql_, options_.slot_name, stop));
    if (slot) {
        LEAT_TRY(check_slot_kind(*slot, options_.slot_name, server.database));
        if (slot->active) LEAT_TRY(wait_until_slot_is_free(stop));
    }
    auto to_read =
        options_.snapshot_mode == SnapshotMode::no_data ? std::vector<TableInfo>{} : to_snapshot(tables);
    return plan(Plan::Kind::with_new_slot, std::move(tables), std::move(to_read), std::move(markers));
}

Result<std::unique_ptr<SnapshotPlan>> PostgresSource::resume(const ServerIdentity& server,
                                                             std::vector<TableInfo> tables,
                                                             std::stop_token stop) {
    auto to_read = to_snapshot(tables);
    std::erase_if(to_read, [&](const TableInfo& table) { return is_captured(table); });
    bool in_snapshot = state_.phase == ResumeState::Phase::snapshot;
    if (options_.snapshot_mode == SnapshotMode::initial_only) {
        if (state_.phase == ResumeState::Phase::streaming || to_read.empty()) return nullptr;
        return plan(Plan::Kind::without_slot, {}, std::move(to_read), {});
    }
    LEAT_ASSIGN(auto slot, find_slot(*sql_, options_.slot_name, stop));
    Status status = check_resume(state_, server, slot, options_.slot_name);
    if (status) {
        LEAT_ASSIGN(auto found, find_publications(*sql_, options_, stop));
        status = check_publications(state_, found, tables, options_, sql_->server_version());
    }
    if (!status) {
        // Who lets a slot be dropped for its size has also said what is to follow, whoever dropped it.
        bool given_up = options_.wal_policy == WalPolicy::drop_and_snapshot &&
                        status.error().code == ErrorCode::PG_SLOT_LOST;
        bool again = given_up || (options_.snapshot_mode == SnapshotMode::when_needed &&
                                  status.error().code != ErrorCode::PG_SLOT_FOREIGN);
        if (!again) return fail(std::move(status.error()));
        log_error(LogLevel::warning, options_.name, "a new snapshot is needed", status.error());
        return start_new(server, std::move(tables), stop);
    }
    if (slot->active) LEAT_TRY(wait_until_slot_is_free(stop));
    if (options_.failover && !slot->failover) LEAT_TRY(set_failover(*replication_, options_.slot_name, stop));
    bool reads =
        (!to_read.empty() || !state_.unfinished.empty()) && options_.snapshot_mode != SnapshotMode::no_data;
    if (options_.standby && reads) {
        // pg_current_snapshot() of a standby does not say which transactions are running: no snapshot can be
        // fitted to a stream that is under way.
        if (in_snapshot) return start_new(server, std::move(tables), stop);
        return fail(
            ErrorCode::PG_STANDBY,
            "tables were added, and on a standby they cannot be read beside the stream",
            "Leave them out, stream without their rows (snapshot.mode: no_data), or connect to the primary.");
    }
    durable_ = state_.start().value;
    state_.timeline = server.timeline;
    state_.timeline_begin = server.timeline_begin();
    keep_unfinished(tables);
    auto asked = take_asked(tables);
    if (options_.snapshot_mode == SnapshotMode::always && !in_snapshot && asked.empty()) {
        to_read = to_snapshot(tables);
        state_.unfinished.clear();
    } else if (!in_snapshot || left_out_ >= left_out_max) {
        // Also tables that somebody truncates or locks all the time: nothing else waits for them any more.
        read_incrementally(to_read);
    }
    if (options_.snapshot_mode == SnapshotMode::no_data) to_read.clear();
    auto asked_tables = asked_of(asked);
    for (TableInfo& table : asked) {
        std::erase_if(to_read, [&](const TableInfo& other) { return other.oid == table.oid; });
        to_read.push_back(std::move(table));
    }
    // Told to the log before the publications change: see TableDefinition::not_captured.
    auto markers = no_longer_captured(tables);
    if (to_read.empty() && markers.empty() && !in_snapshot) {
        LEAT_ASSIGN(publications_, ensure_publications(*sql_, options_, tables, stop));
        catalog_->set_publications(publications_.main, publications_.inserts);
        state_.publication = publications_.main;
        state_.insert_publication = publications_.inserts;
        return nullptr;
    }
    return plan(Plan::Kind::beside_old_slot, std::move(tables), std::move(to_read), std::move(markers),
                std::move(asked_tables));
}

// A table whose snapshot is complete, or whose changes have been streamed from its beginning, has its schema
// in the log.
bool PostgresSource::is_captured(const TableInfo& table) const {
    const TableSchema* latest = schemas_->latest(TableId(table.oid));
    return latest && latest->captured();
}

// Markers for the tables that the log has and `tables` has not.
std::vector<std::shared_ptr<const TableSchema>> PostgresSource::no_longer_captured(
    const std::vector<TableInfo>& tables) {
    std::unordered_set<uint64_t> captured;
    for (const TableInfo& table : tables) captured.insert(table.oid);
    std::vector<std::shared_ptr<const TableSchema>> markers;
    for (auto& schema : in_log_) {
        if (!schema->captured() || captured.contains(schema->table.value)) continue;
        markers.push_back(schemas_->assign_not_captured(*schema));
    }
    return markers;
}

std::unique_ptr<SnapshotPlan> PostgresSource::plan(Plan::Kind kind, std::vector<TableInfo> captured,
                                                   std::vector<TableInfo> to_read,
                                                   std::vector<std::shared_ptr<const TableSchema>> markers,
                                                   Plan::AskedTables asked) {
    return std::make_unique<Plan>(
        Plan::Context{options_, *sql_, *replication_, *catalog_, *schemas_, state_, publications_, left_out_},
        kind, std::move(captured), std::move(to_read), std::move(markers), std::move(asked));
}

Error PostgresSource::slot_in_use(const SlotInfo& slot) const {
    return {ErrorCode::PG_SLOT_IN_USE,
            fmt::format("replication slot {} is read by another process (server process {})",
                        options_.slot_name, slot.active_pid),
            fmt::format("Stop the other reader, or give this source another slot.name. Who it is:\n"
                        "SELECT * FROM pg_stat_activity WHERE pid = {};",
                        slot.active_pid)};
}

// The server may need a moment to notice that our killed predecessor is gone. Somebody else's reader stays.
Status PostgresSource::wait_until_slot_is_free(std::stop_token stop) {
    auto deadline = SteadyClock::now() + options_.slot_retry_delay * options_.slot_retries_max;
    bool told = false;
    while (true) {
        LEAT_ASSIGN(auto slot, find_slot(*sql_, options_.slot_name, stop));
        if (!slot || !slot->active) return {};
        Error in_use = slot_in_use(*slot);
        if (SteadyClock::now() >= deadline) return fail(std::move(in_use));
        if (stop.stop_requested()) return fail(ErrorCode::STOPPED, "stopped on request");
        if (!told) log_error(LogLevel::warning, options_.name, "waiting", in_use);
        told = true;
        std::this_thread::sleep_for(100ms);
    }
}

}  // namespace leat::pg
