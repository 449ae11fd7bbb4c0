// PostgresSource: snapshots that signals ask for with the type `blocking`. The stream stops, the tables are
// read as at a start, and it goes on where it stopped: changes of before the snapshot come after its rows.
//
// What was asked for stands in the position among the unfinished tables, so that a kill does not lose it.
// What it interrupts, tables that are read beside the stream, goes on with the stream.
#include <fmt/core.h>

#include <algorithm>

#include "base/logging.h"
#include "base/text.h"
#include "source/postgres/postgres_source.h"
#include "source/postgres/snapshot/copy_rows.h"

namespace leat::pg {

namespace {
// Nothing of it was read, and it was not begun by pages or by key.
bool is_untouched(const TableProgress& progress) {
    return !progress.cut && progress.pages.empty() && progress.again.empty();
}
}  // namespace

// Only an error of the table is returned.
Status PostgresSource::ask_for(const Signal& signal, const TableInfo& table) {
    if (options_.standby || options_.temporary)
        return fail(ErrorCode::PG_STANDBY, "on a standby the stream cannot be stopped for a snapshot",
                    "Connect to the primary.");
    if (incremental_ && incremental_->watches(table.oid))
        return fail(ErrorCode::PG_BUSY, "the table is being read beside the stream",
                    "Send the signal again when that is complete, or stop it first (stop-snapshot).");
    TableProgress progress;
    progress.table = table.oid;
    LEAT_ASSIGN(progress.condition, condition_of(signal, table));
    while (is_select(progress.condition) && trim(progress.condition).ends_with(';'))
        progress.condition.resize(progress.condition.rfind(';'));
    if (!progress.condition.empty()) LEAT_TRY(check_condition(table, progress.condition));
    std::erase_if(to_ask_, [&](const TableProgress& known) { return known.table == table.oid; });
    to_ask_.push_back(std::move(progress));
    return {};
}

// Somebody else's SQL: as a statement of its own it is one expression or SELECT, or an error.
Status PostgresSource::check_condition(const TableInfo& table, const std::string& condition) {
    LEAT_ASSIGN(auto definition, catalog_->define(table, stop_));
    auto schema = TableSchema::make(std::move(definition));
    std::string columns = column_list(*schema);
    std::string sql =
        is_select(condition)
            ? fmt::format("SELECT {} FROM (\n{}\n) AS leat_rows LIMIT 0", columns, condition)
            : fmt::format("SELECT 1 FROM {} WHERE (\n{}\n) LIMIT 0", table.quoted_name(), condition);
    // Nor is a lock waited for: the stream stands still meanwhile.
    LEAT_TRY(sql_->execute("BEGIN READ ONLY; SET LOCAL lock_timeout = '1s'", stop_));
    auto checked = sql_->query(sql, std::vector<std::string>{}, stop_);
    LEAT_TRY(sql_->execute("ROLLBACK", stop_));
    if (!checked) return fail(std::move(checked.error()));
    return {};
}

// With the end of the unit that has the signal.
void PostgresSource::note_asked() {
    if (to_ask_.empty() || decoder_->in_transaction()) return;
    auto unfinished = decoder_->resume().unfinished;
    for (TableProgress& progress : to_ask_) {
        asked_.erase(progress.table);
        asked_.try_emplace(progress.table);
        std::erase_if(unfinished, [&](const TableProgress& known) { return known.table == progress.table; });
        unfinished.push_back(std::move(progress));
    }
    to_ask_.clear();
    decoder_->set_unfinished(std::move(unfinished));
    stops_for_snapshot_ = true;
}

// Of what the position has as unfinished, the tables that are read before the stream goes on: those that were
// asked for so, also by an earlier process where nothing else is possible.
std::vector<TableInfo> PostgresSource::take_asked(const std::vector<TableInfo>& tables) {
    std::vector<TableInfo> taken;
    std::erase_if(state_.unfinished, [&](const TableProgress& progress) {
        auto info = std::ranges::find(tables, progress.table, &TableInfo::oid);
        if (info == tables.end() || !is_untouched(progress)) return false;
        auto asked = asked_.find(progress.table);
        if (asked == asked_.end() && can_be_read_by_key(*info) && !is_select(progress.condition))
            return false;
        if (asked == asked_.end()) asked = asked_.try_emplace(progress.table).first;
        if (!asked->second.refused) {
            taken.push_back(*info);
            return false;
        }
        asked_.erase(asked);
        log_error(LogLevel::error, options_.name, "a snapshot is given up",
                  {ErrorCode::PG_QUERY,
                   fmt::format("the condition for table {} cannot be carried out", info->qualified_name()),
                   "What the server said stands above. Send another signal."});
        return true;
    });
    return taken;
}

PostgresSource::Plan::AskedTables PostgresSource::asked_of(const std::vector<TableInfo>& tables) {
    Plan::AskedTables asked;
    for (const TableInfo& table : tables)
        for (const TableProgress& progress : state_.unfinished)
            if (progress.table == table.oid)
                asked[table.oid] = {progress.condition, &asked_.at(table.oid).refused};
    return asked;
}

}  // namespace leat::pg
