#include "source/postgres/snapshot/snapshot_plan.h"

#include <fmt/core.h>

#include <algorithm>
#include <unordered_map>

#include "base/clock.h"
#include "base/logging.h"
#include "base/text.h"
#include "source/postgres/server/publication.h"
#include "source/postgres/snapshot/chunk_planner.h"
#include "source/postgres/snapshot/key_sql.h"

namespace leat::pg {

using namespace std::chrono_literals;

PostgresSnapshotPlan::PostgresSnapshotPlan(Context context, Kind kind, std::vector<TableInfo> captured,
                                           std::vector<TableInfo> to_read,
                                           std::vector<std::shared_ptr<const TableSchema>> markers,
                                           AskedTables asked)
    : context_(context),
      kind_(kind),
      captured_(std::move(captured)),
      infos_(std::move(to_read)),
      markers_(std::move(markers)),
      asked_(std::move(asked)) {}

bool is_select(std::string_view condition) {
    constexpr std::string_view word = "select";
    std::string_view text = trim(condition);
    if (text.size() <= word.size()) return false;
    for (size_t i = 0; i < word.size(); ++i)
        if ((text[i] | 0x20) != word[i]) return false;
    auto next = static_cast<unsigned char>(text[word.size()]);
    return !std::isalnum(next) && next != '_';
}

PostgresSnapshotPlan::~PostgresSnapshotPlan() {
    if (exporting_ && context_.sql.alive()) (void)context_.sql.execute("COMMIT");
}

Position PostgresSnapshotPlan::position_before() const { return context_.state.encode(); }

Status PostgresSnapshotPlan::begin(std::stop_token stop) {
    stop_ = stop;
    if (kind_ == Kind::with_new_slot) LEAT_TRY(drop_unused_slot(stop));
    if (kind_ != Kind::without_slot) {
        LEAT_ASSIGN(context_.publications,
                    ensure_publications(context_.sql, context_.options, captured_, stop));
        context_.catalog.set_publications(context_.publications.main, context_.publications.inserts);
        context_.state.publication = context_.publications.main;
        context_.state.insert_publication = context_.publications.inserts;
    }
    if (kind_ == Kind::with_new_slot) {
        // Making a slot waits for running transactions; with locks held, one that wants them would wait for
        // us, for ever.
        LEAT_TRY(read_storage(stop));
        LEAT_TRY(make_slot(stop));
    } else {
        if (kind_ == Kind::beside_old_slot && !all_were_captured())
            LEAT_TRY(wait_for_older_transactions(stop));
        LEAT_TRY(hold_tables(stop));
        LEAT_TRY(read_storage(stop));
        LEAT_TRY(export_snapshot(stop));
    }
    return plan_tables(stop);
}

// Those are in the stream anyway.
bool PostgresSnapshotPlan::all_were_captured() const {
    return std::ranges::all_of(infos_, [this](const TableInfo& info) {
        const TableSchema* latest = context_.schemas.latest(TableId(info.oid));
        return latest && latest->captured();
    });
}

// A later attempt: the tables are kept as they are from before the snapshot is fixed. Beyond a number that
// would fill the server's lock table, they are taken as they come, as in the first attempt.
Status PostgresSnapshotPlan::hold_tables(std::stop_token stop) {
    constexpr size_t held_max = 1000;
    if (infos_.empty() || infos_.size() > held_max) return {};
    LEAT_ASSIGN(auto guard, TableGuard::open(context_.options, stop));
    guard_.emplace(std::move(guard));
    LEAT_ASSIGN(auto storage, context_.catalog.storage(infos_, stop));
    for (auto& parts : storage)
        for (const Storage& part : parts) LEAT_TRY(guard_->hold(part, stop));
    return {};
}

// What the tables are before the snapshot is fixed, their columns last: whatever is altered from the first of
// these questions on is noticed when a reader holds the table.
Status PostgresSnapshotPlan::read_storage(std::stop_token stop) {
    LEAT_ASSIGN(auto storage, context_.catalog.storage(infos_, stop));
    std::unordered_map<uint32_t, std::vector<Storage>> by_table;
    for (size_t i = 0; i < infos_.size(); ++i) by_table[infos_[i].oid] = std::move(storage[i]);
    LEAT_ASSIGN(infos_, context_.catalog.tables(infos_, stop));
    for (const TableInfo& info : infos_) {
        CopyTable& table =
            copy_tables_.emplace_back(CopyTable{nullptr, std::move(by_table[info.oid]), info.row_filter});
        if (const std::string* select = context_.options.snapshot_select(info.qualified_name()))
            table.select = *select;
        ask_for(table, info);
    }
    left_out_.assign(infos_.size(), false);
    return {};
}

void PostgresSnapshotPlan::ask_for(CopyTable& table, const TableInfo& info) const {
    auto found = asked_.find(info.oid);
    if (found == asked_.end()) return;
    const auto& [condition, refused] = found->second;
    table.select = is_select(condition) ? condition : "";
    if (condition.empty()) return;
    table.refused = refused;
    if (!table.select.empty()) return;
    table.row_filter = table.row_filter.empty()
                           ? "\n" + condition + "\n"
                           : fmt::format("({}) AND (\n{}\n)", table.row_filter, condition);
}

// A slot of our name can only be ours: the log says creating_slot, or the operator chose when_needed.
Status PostgresSnapshotPlan::drop_unused_slot(std::stop_token stop) {
    if (context_.options.temporary) return {};
    LEAT_ASSIGN(auto slot, find_slot(context_.sql, context_.options.slot_name, stop));
    if (!slot) return {};
    return drop_slot(context_.sql, context_.options.slot_name, stop);
}

Status PostgresSnapshotPlan::make_slot(std::stop_token stop) {
    const std::string& slot = context_.options.slot_name;
    log_event(LogLevel::info, context_.options.name,
              fmt::format(
                  "making replication slot {}; this waits for the transactions that are running now{}", slot,
                  context_.options.standby ? ", and on a standby for the primary to log them: "
                                             "SELECT pg_log_standby_snapshot(); on the primary, if it is idle"
                                           : ""));
    LEAT_ASSIGN(auto created,
                create_slot(context_.replication,
                            {slot, context_.options.temporary, context_.options.failover}, stop));
    context_.state.lsn = created.consistent_point;
    snapshot_ = created.snapshot;
    transaction_ = {TransactionId(), created.consistent_point, wall_time_us(), SourceOffset(), true};
    context_.state.phase = ResumeState::Phase::snapshot;
    return {};
}

// Exports a snapshot from the SQL connection, which holds its transaction until the plan is gone.
Status PostgresSnapshotPlan::export_snapshot(std::stop_token stop) {
    if (infos_.empty()) return {};
    Connection& sql = context_.sql;
    LEAT_TRY(sql.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", stop));
    exporting_ = true;
    LEAT_ASSIGN(auto rows, sql.query("SELECT pg_export_snapshot(), pg_current_snapshot()", stop));
    snapshot_ = rows.text(0, 0);
    // Asked after the snapshot is fixed, so that all it shows was committed before. The insert position,
    // since what is not yet written out may be shown already.
    LEAT_ASSIGN(auto wal, sql.query(context_.options.standby ? "SELECT pg_last_wal_replay_lsn()"
                                                             : "SELECT pg_current_wal_insert_lsn()",
                                    stop));
    auto wal_end = parse_lsn(wal.text(0, 0));
    if (!wal_end) return fail(ErrorCode::PG_PROTOCOL, "the server's WAL position cannot be read");
    transaction_ = {TransactionId(), *wal_end, wall_time_us(), SourceOffset(), true};
    if (kind_ == Kind::without_slot) {
        context_.state.lsn = *wal_end;
        context_.state.phase = ResumeState::Phase::snapshot;
        return {};
    }
    LEAT_ASSIGN(auto visibility, Visibility::parse(rows.text(0, 1), *wal_end));
    context_.state.snapshots.push_back(std::move(visibility));
    return {};
}

// A transaction that wrote to a table before it joined the publication is not in the stream: the snapshot
// must show it.
Status PostgresSnapshotPlan::wait_for_older_transactions(std::stop_token stop) {
    LEAT_ASSIGN(auto now, context_.sql.query("SELECT pg_snapshot_xmax(pg_current_snapshot())", stop));
    bool told = false;
    while (true) {
        LEAT_ASSIGN(auto rows,
                    context_.sql.query("SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8",
                                       {now.text(0, 0)}, stop));
        if (rows.text(0, 0) == "t") return {};
        if (stop.stop_requested()) return fail(ErrorCode::STOPPED, "stopped on request");
        if (!told)
            log_event(LogLevel::info, context_.options.name,
                      "waiting for the transactions that were running when the tables were added to end");
        told = true;
        std::this_thread::sleep_for(100ms);
    }
}

Status PostgresSnapshotPlan::plan_tables(std::stop_token stop) {
    std::vector<std::vector<Chunk>> chunks;
    std::vector<uint64_t> bytes;
    std::vector<bool> divisible;
    bool can_split = context_.sql.server_version() >= 140000;
    for (uint32_t i = 0; i < infos_.size(); ++i) {
        LEAT_ASSIGN(auto definition, context_.catalog.define(infos_[i], stop));
        const TableSchema* before = context_.schemas.latest(definition.table);
        known_.push_back(before && before->captured());
        copy_tables_[i].schema = context_.schemas.assign(std::move(definition));
        bool selected = !copy_tables_[i].select.empty();
        bool in_part = selected || copy_tables_[i].refused;
        // The rest of such a table can be read later, beside the stream.
        divisible.push_back(kind_ != Kind::without_slot && !known_[i] && !in_part &&
                            has_usable_key(*copy_tables_[i].schema));
        uint64_t pages = 0;
        for (const Storage& part : copy_tables_[i].storage) pages += part.pages;
        bytes.push_back(pages * 8192);
        tables_.push_back({copy_tables_[i].schema, infos_[i].rows_estimate, bytes.back()});
        if (selected) {  // one statement, whatever the table consists of
            auto first = copy_tables_[i].storage;
            first.resize(std::min<size_t>(first.size(), 1));
            chunks.push_back(plan_chunks(i, first, infos_[i].rows_estimate, 1, false));
            continue;
        }
        chunks.push_back(plan_chunks(i, copy_tables_[i].storage, infos_[i].rows_estimate,
                                     context_.options.snapshot_readers, can_split));
    }
    for (auto& of_table : chunks) left_.push_back(of_table.size());
    steps_ = plan_steps(std::move(chunks), bytes, divisible);
    return {};
}

Result<std::unique_ptr<ChunkReader>> PostgresSnapshotPlan::open_reader() {
    LEAT_ASSIGN(auto reader,
                PostgresChunkReader::open(context_.options, snapshot_, transaction_, copy_tables_, stop_));
    if (xmin_ == 0) {
        LEAT_ASSIGN(xmin_, reader->xmin({}));
    }
    return std::unique_ptr<ChunkReader>(std::move(reader));
}

// The stream leaves out what the snapshot shows of a table: not of one that was captured before, since the
// log has rows of it that may have been deleted in between.
void PostgresSnapshotPlan::note_visibility(uint32_t table) {
    if (kind_ != Kind::beside_old_slot || left_out_[table] || known_[table]) return;
    auto snapshot = static_cast<uint32_t>(context_.state.snapshots.size() - 1);
    auto oid = infos_[table].oid;
    std::erase_if(context_.state.tables, [&](const TableVisibility& t) { return t.table == oid; });
    context_.state.tables.push_back({oid, snapshot});
}

void PostgresSnapshotPlan::step_begun(size_t step) {
    for (uint32_t table : steps_[step].tables) {
        if (left_out_[table]) continue;
        note_visibility(table);
        auto& unfinished = context_.state.unfinished;
        const uint32_t oid = infos_[table].oid;
        std::erase_if(unfinished, [&](const TableProgress& t) { return t.table == oid; });
        TableProgress progress;
        progress.table = oid;
        progress.pages_xmin = xmin_;
        unfinished.push_back(std::move(progress));
    }
}

void PostgresSnapshotPlan::chunk_done(const Chunk& chunk) {
    auto& unfinished = context_.state.unfinished;
    auto table = std::ranges::find_if(
        unfinished, [&](const TableProgress& t) { return t.table == infos_[chunk.table].oid; });
    if (table == unfinished.end()) return;
    PageRange range = page_range(chunk);
    const Storage& storage = copy_tables_[chunk.table].storage[range.storage];
    add_pages(*table, {storage.oid, file_of(storage), range.first, range.last});
    if (--left_[chunk.table] == 0) unfinished.erase(table);
}

// Tables of finished steps have their schema in the log and are not unfinished, which is how a restart knows
// them.
Position PostgresSnapshotPlan::position_after_step(size_t step) {
    for (uint32_t table : steps_[step].tables) {
        if (!steps_[step].divisible) note_visibility(table);
        std::erase_if(context_.state.unfinished,
                      [&](const TableProgress& t) { return t.table == infos_[table].oid; });
    }
    return context_.state.encode();
}

Position PostgresSnapshotPlan::position_after() {
    // What was left out is read by another attempt, which finds the phase that begin() has set.
    if (std::find(left_out_.begin(), left_out_.end(), true) != left_out_.end()) {
        ++context_.left_out;
        return context_.state.encode();
    }
    context_.state.phase =
        kind_ == Kind::without_slot ? ResumeState::Phase::complete : ResumeState::Phase::streaming;
    return context_.state.encode();
}

}  // namespace leat::pg
