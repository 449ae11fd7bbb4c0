// PostgresSource: what is read while the stream goes on.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/logging.h"
#include "source/postgres/postgres_source.h"
#include "source/postgres/server/catalog_queries.h"

namespace leat::pg {

using namespace std::chrono_literals;

namespace {
constexpr auto stuck_time = 300ms;
constexpr const char* all_complete = "incremental snapshots are complete";
}  // namespace

// As has_usable_key() says it of a schema.
bool PostgresSource::can_be_read_by_key(const TableInfo& table) const {
    auto usable = [&](const std::string& column) {
        return table.identifies(column) && !options_.columns.mask(table.schema, table.name, column);
    };
    const auto& key = table.key_columns();
    return !key.empty() && std::ranges::all_of(key, usable);
}

// Tables that are not captured any more need no rest of a snapshot.
void PostgresSource::keep_unfinished(const std::vector<TableInfo>& tables) {
    std::erase_if(state_.unfinished, [&](const TableProgress& progress) {
        return std::ranges::none_of(tables, [&](const TableInfo& t) { return t.oid == progress.table; });
    });
}

// Tables that came later are read while the stream goes on, if they have a key. What the stream brings of
// them is written with the note that they are unfinished.
void PostgresSource::read_incrementally(std::vector<TableInfo>& to_read) {
    if (options_.snapshot_mode == SnapshotMode::no_data) return;
    std::erase_if(to_read, [&](const TableInfo& table) {
        // It may be there from before a restart: begun, and nothing of it in the log yet.
        std::erase_if(state_.unfinished,
                      [&](const TableProgress& known) { return known.table == table.oid; });
        if (!can_be_read_by_key(table)) return false;
        if (options_.snapshot_select(table.qualified_name())) return false;
        TableProgress progress;
        progress.table = table.oid;
        state_.unfinished.push_back(std::move(progress));
        return true;
    });
}

Status PostgresSource::start_incremental() {
    merged_.clear();
    incremental_.reset();
    signals_.reset();
    if (!options_.signal_table.empty()) decoder_->set_observer(&signals_.emplace());
    if (state_.unfinished.empty()) return {};
    make_incremental(state_.unfinished);
    return incremental_->begin();
}

void PostgresSource::make_incremental(std::vector<TableProgress> tables) {
    IncrementalSnapshot::Database database;
    database.describe = [this](uint32_t table) { return describe_for_snapshot(table); };
    database.next_transaction = [this] { return next_transaction(); };
    auto make_reader = [this]() -> IncrementalSnapshot::ReadChunk {
        return [reader = std::make_shared<KeyChunkReader>(options_)](
                   const KeyTask& task, const KeyChunkReader::Progress& progress, std::stop_token stop) {
            return reader->read(task, progress, stop);
        };
    };
    incremental_ = std::make_unique<IncrementalSnapshot>(options_, std::move(database), std::move(tables),
                                                         std::move(make_reader));
    incremental_->set_paused(incremental_paused_);
    if (signals_)
        signals_->set_next(incremental_.get());
    else
        decoder_->set_observer(incremental_.get());
}

Result<std::optional<IncrementalSnapshot::Description>> PostgresSource::describe_for_snapshot(
    uint32_t table) {
    if (!sql_->alive()) LEAT_TRY(connect_sql(stop_));
    IncrementalSnapshot::Description description;
    LEAT_ASSIGN(auto rows, sql_->query("SELECT " LEAT_STORAGE_VERSION("$1::pg_catalog.oid"),
                                       {std::to_string(table)}, stop_));
    description.version = rows.text(0, 0);
    LEAT_ASSIGN(auto info, catalog_->table(table, stop_));
    if (!info || !options_.tables.selects(info->schema, info->name)) return std::nullopt;
    description.quoted_name = info->quoted_name();
    description.partitioned = info->kind == 'p';
    description.row_filter = info->row_filter;
    description.rows_estimate = info->rows_estimate;
    LEAT_ASSIGN(auto definition, catalog_->define(*info, stop_));
    description.schema = schemas_->assign(std::move(definition));
    return description;
}

Result<uint64_t> PostgresSource::next_transaction() {
    if (!sql_->alive()) LEAT_TRY(connect_sql(stop_));
    LEAT_ASSIGN(auto rows, sql_->query("SELECT pg_snapshot_xmax(pg_current_snapshot())", stop_));
    std::string text = rows.text(0, 0);
    uint64_t next = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), next).ec != std::errc())
        return fail(ErrorCode::PG_PROTOCOL, "the server's next transaction id cannot be read");
    return next;
}

bool PostgresSource::merge_is_due() const {
    return incremental_ && !decoder_->in_transaction() && incremental_->is_due(decoder_->position());
}

Status PostgresSource::merge() {
    LEAT_ASSIGN(auto blocks, incremental_->merge(*decoder_, *schemas_));
    std::ranges::move(blocks, std::back_inserter(merged_));
    completed_ = incremental_->take_completed();
    if (!incremental_->done()) return {};
    completed_.emplace_back(all_complete);
    if (auto progress = incremental_->changed_progress()) decoder_->set_unfinished(std::move(*progress));
    if (signals_)
        signals_->set_next(nullptr);
    else
        decoder_->set_observer(nullptr);
    incremental_.reset();
    return {};
}

// The WAL's last page may wait for long to be written out on an idle server, if what is in it is no commit (a
// reader that sets hint bits writes such WAL). The end of a transaction with an id has it written within
// wal_writer_delay; nothing else changes.
Status PostgresSource::move_idle_server() {
    auto now = SteadyClock::now();
    if (stuck_at_ != decoder_->position()) {
        stuck_at_ = decoder_->position();
        stuck_since_ = now;
    }
    if (now - stuck_since_ < stuck_time) return {};
    stuck_since_ = now;
    if (!sql_->alive()) LEAT_TRY(connect_sql(stop_));
    return sql_->execute("SELECT CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_xact_id() END",
                         stop_);
}

// Told when what was merged is on its way into the log, where a stop does not lose it.
void PostgresSource::tell_completed() {
    for (const std::string& what : std::exchange(completed_, {}))
        log_event(LogLevel::info, options_.name, what);
}

// What the position says of unfinished tables is as new as the changes before it.
Block PostgresSource::take_block() {
    if (incremental_)
        if (auto progress = incremental_->changed_progress()) decoder_->set_unfinished(std::move(*progress));
    note_asked();
    if (decoder_->has_changes()) undecodable_ = 0;
    return decoder_->take();
}

}  // namespace leat::pg
