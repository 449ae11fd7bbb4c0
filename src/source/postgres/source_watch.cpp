// PostgresSource: what happens on the server while the stream goes on.
#include <fmt/core.h>

#include <algorithm>

#include "base/logging.h"
#include "source/postgres/postgres_source.h"
#include "source/postgres/server/resume_check.h"

namespace leat::pg {

using namespace std::chrono_literals;

namespace {
constexpr auto watch_connect_delay = 60s;  // connecting blocks the reader thread: not too often
}  // namespace

// A server from 18 on leaves out the changes of a publication that is gone, and only warns. The second one
// may have been made after the place the stream begins at; its tables were read under a snapshot then.
Status PostgresSource::check_notice(const ServerMessage& notice) const {
    bool of_inserts = notice.message.find(insert_publication_name(options_)) != std::string::npos;
    if (notice.routine != "LoadPublications" || of_inserts) return {};
    ResumeState here = state_;
    if (decoder_) here.lsn = decoder_->position();
    return check_publications(here, {}, {}, options_, 0);
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
    if (auto& look = watch_->last_look()) {
        held_bytes_ = look->held_bytes;
        lag_bytes_ = look->lag_bytes;
    }
    if (status && watch_->take_tables_changed()) return look_for_tables();
    if (status) return {};
    ErrorCode code = status.error().code;
    bool drops = code == ErrorCode::PG_SLOT_GIVEN_UP ||
                 (code == ErrorCode::PG_WAL_BUDGET && options_.wal_policy == WalPolicy::drop);
    if (drops) LEAT_TRY(give_up_slot());
    return fail(reopened(std::move(status.error())));
}

ServerLoad PostgresSource::server_load() const {
    auto known = [](uint64_t bytes) { return bytes == UINT64_MAX ? std::nullopt : std::optional(bytes); };
    return {known(held_bytes_), known(lag_bytes_)};
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

}  // namespace leat::pg
