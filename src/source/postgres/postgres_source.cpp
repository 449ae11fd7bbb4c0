#include "source/postgres/postgres_source.h"

#include <fmt/core.h>

#include <algorithm>
#include <thread>
#include <unordered_set>

#include "base/logging.h"
#include "source/postgres/checks.h"
#include "source/postgres/publication.h"
#include "source/postgres/resume_check.h"
#include "source/postgres/start_replication.h"

namespace leat::pg {

using namespace std::chrono_literals;

namespace {
// While the source lags, the server is left to run ahead for a moment between reads: a walsender flushes
// message by message, and a reader that wakes for each of them slows it down (DESIGN.md, Threads). It lags
// where a read brings much, or what it brings was committed a while ago; clocks that differ cost at most the
// pause.
constexpr size_t lagging_bytes = 32 << 10;
constexpr int64_t lagging_us = 10000;
constexpr auto lagging_pause = 500us;
constexpr auto status_delay = 200ms;       // between news of durability and telling the server
constexpr auto watch_connect_delay = 60s;  // connecting blocks the reader thread: not too often
constexpr auto incremental_delay = 10ms;   // until it is noticed that a chunk was read
constexpr auto ask_delay = 50ms;           // between questions how far an idle server's stream is
constexpr int silent_intervals_max = 6;    // status intervals without a byte: the connection is dead
}  // namespace

PostgresSource::PostgresSource(Options options) : options_(std::move(options)) {
    if (!options_.spill) options_.spill = std::make_shared<SpillSpace>("", 0);
}

PostgresSource::~PostgresSource() {
    close();
    // A slot that it never read from may be somebody else's.
    bool made_something =
        options_.temporary ? !publications_.names.empty() : options_.drop_slot_on_stop && streamed_;
    if (!made_something || !sql_) return;
    if (!sql_->alive() && !connect_sql({})) return;
    auto drop_own_slot = [&]() -> Status {
        LEAT_TRY(wait_until_slot_is_free({}));  // our own reader may not be gone yet
        return drop_slot(*sql_, options_.slot_name, {});
    };
    auto status = options_.temporary ? drop_publications(*sql_, options_, {}) : drop_own_slot();
    if (!status) log_error(LogLevel::warning, options_.name, "cleaning up failed", status.error());
}

Status PostgresSource::connect_sql(std::stop_token stop) {
    LEAT_ASSIGN(auto connection,
                Connection::open(options_.keywords, Connection::Kind::sql, "leat " + options_.name, stop));
    sql_ = std::move(connection);
    if (stream_) sql_->set_patience(answer_deadline());
    catalog_.emplace(*sql_, PQdb(sql_->raw()), options_.columns);
    if (publications_.main != 0) catalog_->set_publications(publications_.main, publications_.inserts);
    return {};
}

Status PostgresSource::connect(std::stop_token stop) {
    // A temporary source's session holds its advisory lock: it is kept. Another's may have died unnoticed.
    if (!options_.temporary || !sql_ || !sql_->alive()) LEAT_TRY(connect_sql(stop));
    return {};
}

Result<ServerIdentity> PostgresSource::connect_replication(std::stop_token stop) {
    LEAT_ASSIGN(auto replication, Connection::open(options_.keywords, Connection::Kind::replication,
                                                   "leat " + options_.name, stop));
    replication_ = std::move(replication);
    return identify_system(*replication_, stop);
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
    auto checked =
        check_findings(tables, is_new && options_.snapshot_mode != SnapshotMode::initial_only, stop);
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
    if (from.position.empty()) {
        LEAT_ASSIGN(auto slot, find_slot(*sql_, options_.slot_name, stop));
        if (slot) {
            LEAT_TRY(check_slot_kind(*slot, options_.slot_name, server.database));
            bool may_replace = options_.snapshot_mode == SnapshotMode::when_needed;
            // Waiting would not help: what its reader has captured is not in this log.
            if (slot->active && !may_replace) return fail(slot_in_use(*slot));
            if (slot->active) LEAT_TRY(wait_until_slot_is_free(stop));
            if (!may_replace)
                return fail(
                    ErrorCode::PG_SLOT_UNKNOWN,
                    fmt::format(
                        "replication slot {} exists, but the change log has nothing of this source: what the "
                        "slot's earlier reader captured is not here",
                        options_.slot_name),
                    fmt::format("If the earlier log is not coming back, drop the slot and start again:\n"
                                "SELECT pg_drop_replication_slot({});",
                                Connection::quote_literal(options_.slot_name)));
        }
    }
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

// Nothing was captured yet, or it is given up: a new slot, and what the snapshot mode asks for.
Result<std::unique_ptr<SnapshotPlan>> PostgresSource::start_new(const ServerIdentity& server,
                                                                std::vector<TableInfo> tables,
                                                                std::stop_token stop) {
    state_ = {};
    durable_ = told_ = 0;  // of the slot that was
    state_.system_id = server.system_id;
    state_.timeline = server.timeline;
    state_.timeline_begin = server.timeline_begin();
    state_.slot = options_.slot_name;
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
    if (options_.snapshot_mode == SnapshotMode::always && !in_snapshot) {
        to_read = to_snapshot(tables);
        state_.unfinished.clear();
    } else if (!in_snapshot) {
        read_incrementally(to_read);
    }
    if (options_.snapshot_mode == SnapshotMode::no_data) to_read.clear();
    // Told to the log before the publications change: see TableDefinition::not_captured.
    auto markers = no_longer_captured(tables);
    if (to_read.empty() && markers.empty() && !in_snapshot) {
        LEAT_ASSIGN(publications_, ensure_publications(*sql_, options_, tables, stop));
        catalog_->set_publications(publications_.main, publications_.inserts);
        state_.publication = publications_.main;
        state_.insert_publication = publications_.inserts;
        return nullptr;
    }
    return plan(Plan::Kind::beside_old_slot, std::move(tables), std::move(to_read), std::move(markers));
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
                                                   std::vector<std::shared_ptr<const TableSchema>> markers) {
    return std::make_unique<Plan>(
        Plan::Context{options_, *sql_, *replication_, *catalog_, *schemas_, state_, publications_}, kind,
        std::move(captured), std::move(to_read), std::move(markers));
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

// ---- streaming ----

Status PostgresSource::start_streaming(std::stop_token stop) {
    StreamRequest request{replication_->server_version(),
                          options_.slot_name,
                          state_.start(),
                          publications_.names,
                          options_.streaming,
                          options_.two_phase};
    // Where transactions in progress could not be kept here, the server keeps them until the next connection.
    if (std::exchange(without_streaming_, false)) request.streaming = false;
    // A temporary slot does not survive the connection, so that there would be no way back.
    if (options_.temporary) request.streaming = false;
    streaming_ = request.streaming;
    stream_ =
        std::make_unique<FrameStream>(*replication_, options_.change_bytes_max,
                                      [this](const ServerMessage& notice) { return check_notice(notice); });
    Status started = stream_->start(start_replication_command(request), stop);
    if (!started) return fail(reopened(std::move(started.error())));
    decoder_ = std::make_unique<StreamDecoder>(
        state_, in_log_, [this](const RelationMessage& message) { return describe_relation(message); },
        options_.block_bytes, options_.columns);
    spill_ = std::make_unique<Spill>(options_.spill, options_.spill_memory_bytes);
    assembler_ = std::make_unique<TransactionAssembler>(*decoder_, *spill_);
    // What was told of the slot is remembered across reconnects; a temporary one does not outlive us anyway.
    if (!watch_ && !options_.temporary) watch_.emplace(options_);
    streamed_ = true;
    stop_ = stop;
    status_sent_ = received_ = position_taken_ = SteadyClock::now();
    last_fill_ = 0;
    sql_->set_patience(answer_deadline());
    return start_incremental();
}

// The stream stands still while the reader thread asks something.
std::chrono::milliseconds PostgresSource::answer_deadline() const {
    return std::min<std::chrono::milliseconds>(options_.status_interval * silent_intervals_max, 30s);
}

Result<std::shared_ptr<const TableSchema>> PostgresSource::describe_relation(const RelationMessage& message) {
    if (!options_.tables.selects(message.schema, message.name)) return nullptr;
    if (signals_ && fmt::format("{}.{}", message.schema, message.name) == options_.signal_table)
        signals_->set_table(message.relation);
    if (!sql_->alive()) LEAT_TRY(connect_sql(stop_));
    LEAT_ASSIGN(auto info, catalog_->table(message.relation, stop_));
    LEAT_ASSIGN(auto definition, catalog_->define(message, info, stop_));
    return schemas_->assign(std::move(definition));
}

Result<std::optional<Block>> PostgresSource::read(std::chrono::milliseconds wait) {
    auto deadline = SteadyClock::now() + wait;
    while (true) {
        // A unit's blocks follow one another.
        if (!merged_.empty()) {
            Block block = std::move(merged_.front());
            merged_.pop_front();
            return block;
        }
        tell_completed();
        while (!merge_is_due()) {
            if (assembler_->replaying()) {
                LEAT_TRY(replay());
            } else {
                auto frame = stream_->next();
                if (!frame) return fail(server_error(std::move(frame.error())));
                if (!*frame) break;
                LEAT_TRY(take_message(**frame));
            }
            if (decoder_->block_is_full()) return take_block();
        }
        if (merge_is_due() && !decoder_->has_changes()) {
            LEAT_TRY(merge());
            continue;
        }
        if (stream_->ended()) return fail(ErrorCode::PG_CONNECTION_LOST, "the server ended the stream");
        LEAT_TRY(send_status_if_due());
        LEAT_TRY(watch());
        if ((decoder_->has_changes() && !decoder_->in_transaction()) || position_is_due()) {
            position_taken_ = SteadyClock::now();
            return take_block();
        }
        auto now = SteadyClock::now();
        if (now >= deadline) return std::nullopt;
        if (is_lagging()) std::this_thread::sleep_for(lagging_pause);
        auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now);
        auto wait_max = incremental_ ? incremental_delay : status_delay;
        LEAT_ASSIGN(last_fill_, stream_->fill(std::min<std::chrono::milliseconds>(left, wait_max)));
        if (incremental_)
            incremental_->set_behind(last_fill_ > 0 && wall_time_us() - decoder_->commit_time_us() >
                                                           options_.incremental_lag_max.count() * 1000);
        if (last_fill_ > 0)
            received_ = SteadyClock::now();
        else
            LEAT_TRY(check_alive());
    }
}

bool PostgresSource::is_lagging() const {
    if (last_fill_ == 0) return false;
    return last_fill_ >= lagging_bytes || wall_time_us() - decoder_->commit_time_us() > lagging_us;
}

// A server from 18 on leaves out the changes of a publication that is gone, and only warns. The second one
// may have been made after the place the stream begins at; its tables were read under a snapshot then.
Status PostgresSource::check_notice(const ServerMessage& notice) const {
    bool of_inserts = notice.message.find(insert_publication_name(options_)) != std::string::npos;
    if (notice.routine != "LoadPublications" || of_inserts) return {};
    ResumeState here = state_;
    if (decoder_) here.lsn = decoder_->position();
    return check_publications(here, {}, {}, options_, 0);
}

Error PostgresSource::stream_error(Error error) const {
    error.message += fmt::format(" (in the WAL after {})", format_lsn(decoder_->position()));
    return reopened(std::move(error));
}

// An idle database: the position moves with other databases' WAL, and is appended now and then so that it can
// be confirmed. Where heartbeats are asked for, readers of the log see one in it.
bool PostgresSource::position_is_due() const {
    if (decoder_->in_transaction()) return false;
    auto since = SteadyClock::now() - position_taken_;
    bool heartbeat = options_.heartbeat_interval > 0ms && since >= options_.heartbeat_interval;
    return heartbeat || (decoder_->position_moved() && since >= options_.status_interval);
}

Status PostgresSource::keep_alive() {
    received_ = SteadyClock::now();  // who does not listen cannot call the other silent
    // The server is not read from meanwhile, so that its requests for a reply are not seen: it is told
    // unasked.
    if (stream_ && SteadyClock::now() - status_sent_ >=
                       std::min<std::chrono::milliseconds>(options_.status_interval, 1s))
        LEAT_TRY(send_status(false));
    return stream_ ? watch() : Status{};
}

Status PostgresSource::send_status_if_due() {
    auto since = SteadyClock::now() - status_sent_;
    bool news = durable_ != told_ && since >= status_delay;
    // An idle server tells only when it is asked that the stream has passed what a chunk waits for.
    if (incremental_ && incremental_->waits_beyond(decoder_->position()) && since >= ask_delay) {
        LEAT_TRY(move_idle_server());
        return send_status(true);
    }
    if (reply_requested_ || news || since >= options_.status_interval) return send_status(false);
    return {};
}

Status PostgresSource::send_status(bool reply_requested) {
    told_ = durable_;
    reply_requested_ = false;
    status_sent_ = SteadyClock::now();
    ByteBuffer frame;
    encode_status_update(Lsn(told_), reply_requested, frame);
    return stream_->send(frame.view());
}

// A connection that is cut without a word looks like an idle one: ask for an answer, and give up without one.
Status PostgresSource::check_alive() {
    auto silent = SteadyClock::now() - received_;
    if (silent >= options_.status_interval * silent_intervals_max)
        return fail(ErrorCode::PG_CONNECTION_LOST,
                    fmt::format("the server has not answered for {} ms",
                                std::chrono::duration_cast<std::chrono::milliseconds>(silent).count()));
    if (silent >= options_.status_interval &&
        SteadyClock::now() - status_sent_ >= options_.status_interval / 2)
        return send_status(true);
    return {};
}

Status PostgresSource::watch() {
    if (!watch_ || !watch_->due()) return {};
    if (!sql_->alive()) {
        auto now = SteadyClock::now();
        if (now - sql_tried_ < watch_connect_delay) return {};
        sql_tried_ = now;
        if (!connect_sql(stop_)) return {};  // the stream may well go on without it
    }
    ResumeState here = state_;
    here.lsn = decoder_->position();
    Status status = watch_->tick(*sql_, here);
    if (status && watch_->take_tables_changed()) return look_for_tables();
    if (status) return {};
    ErrorCode code = status.error().code;
    bool drops = code == ErrorCode::PG_SLOT_GIVEN_UP ||
                 (code == ErrorCode::PG_WAL_BUDGET && options_.wal_policy == WalPolicy::drop);
    if (drops) LEAT_TRY(give_up_slot());
    return fail(reopened(std::move(status.error())));
}

void PostgresSource::remember(const std::vector<TableInfo>& tables) {
    tables_.clear();
    for (const TableInfo& table : tables) tables_[table.oid] = table.has_identity();
}

// The tables to be captured. Once it has run, one that somebody makes later and that the role may not capture
// is no reason to stop: it is left out, and told once.
Result<std::vector<TableInfo>> PostgresSource::selected_tables(std::stop_token stop) {
    LEAT_ASSIGN(auto tables, catalog_->tables(options_.tables, options_.publish_via_partition_root, stop));
    if (!streamed_ || options_.temporary || options_.publication_mode != PublicationMode::filtered)
        return tables;
    std::erase_if(tables, [&](const TableInfo& table) {
        bool allowed = table.owned && (table.readable || options_.snapshot_mode == SnapshotMode::no_data);
        if (allowed || is_captured(table)) return false;
        if (refused_.insert(table.oid).second)
            log_error(LogLevel::warning, options_.name, "a new table is not captured",
                      {ErrorCode::PG_PRIVILEGE,
                       fmt::format("the role may not {} {}", table.owned ? "read" : "publish",
                                   table.qualified_name()),
                       fmt::format("Have its owner let the role do it, then start the source again:\n{}",
                                   table.owned ? "GRANT SELECT ON " + table.quoted_name() + " TO ...;"
                                               : "ALTER TABLE " + table.quoted_name() + " OWNER TO ...;")});
        return true;
    });
    return tables;
}

// A table that was made, or whose replica identity has come or gone, needs another publication, and its rows
// a snapshot: open() sees to both.
Status PostgresSource::look_for_tables() {
    if (options_.publication_mode != PublicationMode::filtered || options_.standby) return {};
    LEAT_ASSIGN(auto tables, selected_tables(stop_));
    for (const TableInfo& table : tables) {
        auto known = tables_.find(table.oid);
        if (known != tables_.end() && known->second == table.has_identity()) continue;
        return fail(ErrorCode::PG_CATALOG_CHANGED,
                    fmt::format("table {} {}; the publications are made to fit", table.qualified_name(),
                                known == tables_.end() ? "is new" : "has another replica identity"));
    }
    return {};
}

// The slot is free once the server has noticed that its reader is gone.
Status PostgresSource::give_up_slot() {
    close();
    LEAT_TRY(wait_until_slot_is_free(stop_));
    return drop_slot(*sql_, options_.slot_name, stop_);
}

// What is found while streaming and answered by a new snapshot: open() finds it again, and takes one.
Error PostgresSource::reopened(Error error) const {
    bool gap = error.code == ErrorCode::PG_SLOT_LOST || error.code == ErrorCode::PG_PUBLICATION;
    if (gap && options_.snapshot_mode == SnapshotMode::when_needed) error.code = ErrorCode::PG_STREAM_ERROR;
    return error;
}

void PostgresSource::confirm(const Position& durable) {
    auto state = ResumeState::decode(durable.bytes);
    if (state && state->phase == ResumeState::Phase::streaming) durable_ = state->start().value;
}

void PostgresSource::close() {
    // The last news of what is durable: a standby that was promoted while it was read knows by it that its
    // reader was its own (resume_check.cpp).
    if (stream_ && decoder_ && !stream_->ended() && durable_ != told_) static_cast<void>(send_status(false));
    incremental_.reset();
    merged_.clear();
    stream_.reset();
    assembler_.reset();
    spill_.reset();
    decoder_.reset();
    replication_.reset();
}

std::string PostgresSource::describe(const Position& position) const {
    auto state = ResumeState::decode(position.bytes);
    return state ? format_lsn(state->lsn) : "unknown";
}

}  // namespace leat::pg
