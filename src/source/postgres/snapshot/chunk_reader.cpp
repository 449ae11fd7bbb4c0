#include "source/postgres/snapshot/chunk_reader.h"

#include <fmt/core.h>

#include "source/postgres/snapshot/chunk_planner.h"
#include "source/postgres/snapshot/table_guard.h"

namespace leat::pg {

using namespace std::chrono_literals;

namespace {

std::string copy_sql(const CopyFormat& format, const Storage& storage, const PageRange& range,
                     const std::string& row_filter) {
    std::string_view options = copy_options(format);
    if (range.whole() && row_filter.empty() && storage.heap && format.plain && !format.columns.empty())
        return fmt::format("COPY {} ({}) TO STDOUT{}", storage.quoted_name, format.columns, options);
    std::string where;
    if (!range.whole()) {
        where = fmt::format(" WHERE ctid >= '({},0)'", range.first);
        if (range.last) where += fmt::format(" AND ctid < '({},0)'", range.last);
    }
    if (!row_filter.empty()) where += (where.empty() ? " WHERE (" : " AND (") + row_filter + ")";
    return fmt::format("COPY (SELECT {} FROM ONLY {}{}) TO STDOUT{}", format.columns, storage.quoted_name,
                       where, options);
}

std::string copy_select_sql(const CopyFormat& format, const std::string& select) {
    return fmt::format("COPY (SELECT {} FROM (\n{}\n) AS leat_rows) TO STDOUT{}", format.columns, select,
                       copy_options(format));
}

// The statement failed because the table is no longer as it was planned: worth another try with a new plan.
bool means_altered(const std::string& sqlstate) { return sqlstate == "42703" || sqlstate == "42P01"; }

Error altered(const TableSchema& schema) {
    return {ErrorCode::PG_TABLE_CHANGED,
            fmt::format("table {} was altered, rewritten or truncated while its snapshot was read; the "
                        "tables that are not "
                        "finished are read again",
                        schema.qualified_name()),
            {}};
}

}  // namespace

PostgresChunkReader::PostgresChunkReader(Connection connection, const Options& options,
                                         const Transaction& transaction, const std::vector<CopyTable>& tables,
                                         OddTextCasts odd_casts)
    : connection_(std::move(connection)),
      options_(options),
      transaction_(transaction),
      tables_(tables),
      odd_casts_(std::move(odd_casts)),
      rows_(connection_, options) {}

Result<std::unique_ptr<PostgresChunkReader>> PostgresChunkReader::open(const Options& options,
                                                                       const std::string& snapshot,
                                                                       const Transaction& transaction,
                                                                       const std::vector<CopyTable>& tables,
                                                                       std::stop_token stop) {
    LEAT_ASSIGN(auto connection, Connection::open(options.keywords, Connection::Kind::sql,
                                                  fmt::format("leat {} snapshot", options.name), stop));
    LEAT_TRY(connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", stop));
    auto imported =
        connection.execute("SET TRANSACTION SNAPSHOT " + Connection::quote_literal(snapshot), stop);
    if (!imported && imported.error().code == ErrorCode::PG_QUERY)
        return fail(ErrorCode::PG_CONNECTION_LOST,
                    "the snapshot went with the connection that held it: " + imported.error().message);
    LEAT_TRY(imported);
    // A policy must make the snapshot fail rather than leave rows out in silence.
    LEAT_TRY(connection.execute("SET LOCAL row_security = off", stop));
    // Readers that happen to start together would otherwise read from the middle and miss nothing, but in no
    // order.
    LEAT_TRY(connection.execute("SET LOCAL synchronize_seqscans = off", stop));
    LEAT_ASSIGN(auto odd_casts, find_odd_text_casts(connection, stop));
    return std::unique_ptr<PostgresChunkReader>(
        new PostgresChunkReader(std::move(connection), options, transaction, tables, std::move(odd_casts)));
}

Result<uint64_t> PostgresChunkReader::xmin(std::stop_token stop) {
    LEAT_ASSIGN(auto rows, connection_.query("SELECT pg_snapshot_xmin(pg_current_snapshot())", stop));
    return std::stoull(rows.text(0, 0));
}

Result<bool> PostgresChunkReader::hold(uint32_t table, std::stop_token stop) {
    const CopyTable& copied = tables_[table];
    for (const Storage& storage : copied.storage) {
        LEAT_ASSIGN(bool held, hold_table(connection_, storage, stop));
        if (!held) return false;
        // A column that was dropped since our snapshot is still there for the catalog as we see it, not for a
        // statement.
        LEAT_TRY(connection_.execute("SAVEPOINT columns", stop));
        auto probe = connection_.execute(
            fmt::format("SELECT {} FROM ONLY {} LIMIT 0", column_list(*copied.schema), storage.quoted_name),
            stop);
        if (probe) continue;
        if (!means_altered(connection_.sqlstate())) return fail(std::move(probe.error()));
        LEAT_TRY(connection_.execute("ROLLBACK TO SAVEPOINT columns", stop));
        return false;
    }
    return !copied.storage.empty();
}

Status PostgresChunkReader::read(const Chunk& chunk, const std::function<Status(Block)>& take,
                                 std::stop_token stop) {
    const CopyTable& table = tables_[chunk.table];
    const TableSchema& schema = *table.schema;
    PageRange range = page_range(chunk);
    const Storage& storage = table.storage[range.storage];
    const CopyFormat& format = format_of(schema);
    std::string sql = table.select.empty() ? copy_sql(format, storage, range, table.row_filter)
                                           : copy_select_sql(format, table.select);
    auto copied = rows_.copy({sql, schema, format, transaction_}, take, stop);
    if (copied) return {};
    Error& error = copied.error();
    bool is_final = error.code != ErrorCode::STOPPED && error.code != ErrorCode::PG_CONNECTION_LOST &&
                    error.code != ErrorCode::PG_TABLE_CHANGED;
    if (table.refused && is_final) {
        *table.refused = true;
        error.code = ErrorCode::PG_STREAM_ERROR;  // the next attempt does without it
    } else if (!table.select.empty() && error.message.find("SQLSTATE 42") != std::string::npos) {
        error.code = ErrorCode::PG_QUERY;  // another attempt would be no better
        error.action =
            fmt::format("snapshot.select.statement.overrides.{} has to give every captured column.",
                        schema.qualified_name());
    } else if (error.code == ErrorCode::PG_TABLE_CHANGED || means_altered(connection_.sqlstate()) ||
               error.message.find("SQLSTATE 42703") != std::string::npos ||
               error.message.find("SQLSTATE 42P01") != std::string::npos) {
        return fail(altered(schema));
    }
    error.message += fmt::format(" (snapshot of table {})", schema.qualified_name());
    return fail(std::move(error));
}

const CopyFormat& PostgresChunkReader::format_of(const TableSchema& schema) {
    auto found = formats_.find(schema.id);
    if (found == formats_.end())
        found = formats_.emplace(schema.id, make_copy_format(schema, odd_casts_, options_.columns)).first;
    return found->second;
}

}  // namespace leat::pg
