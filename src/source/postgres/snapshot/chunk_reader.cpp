#include "source/postgres/snapshot/chunk_reader.h"

#include <fmt/core.h>

#include "source/postgres/snapshot/chunk_planner.h"
#include "source/postgres/snapshot/copy_rows.h"
#include "source/postgres/snapshot/table_guard.h"

namespace leat::pg {

using namespace std::chrono_literals;

namespace {

std::string copy_sql(const CopyFormat& format, const Storage& storage, const PageRange& range,
                     const std::string& row_filter) {
    std::string_view options = format.binary ? " WITH (FORMAT binary)" : "";
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
    return fmt::format("COPY (SELECT {} FROM ({}) AS leat_rows) TO STDOUT{}", format.columns, select,
                       format.binary ? " WITH (FORMAT binary)" : "");
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
      stream_(connection_, options.change_bytes_max),
      builder_(options.block_bytes + options.block_bytes / 4) {}

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
    LEAT_ASSIGN(auto casts, connection.query(std::string(odd_text_casts_query), stop));
    OddTextCasts odd_casts;
    for (int i = 0; i < casts.count(); ++i) odd_casts.insert(std::stoull(casts.text(i, 0)));
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
    format_ = &format_of(schema);
    binary_row_.begin();
    const std::string* select = options_.snapshot_select(schema.qualified_name());
    std::string sql =
        select ? copy_select_sql(*format_, *select) : copy_sql(*format_, storage, range, table.row_filter);
    Status status = copy(sql, schema, take, stop);
    if (status) return {};
    Error& error = status.error();
    if (select && error.message.find("SQLSTATE 42") != std::string::npos) {
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
    return status;
}

const CopyFormat& PostgresChunkReader::format_of(const TableSchema& schema) {
    auto found = formats_.find(schema.id);
    if (found == formats_.end())
        found = formats_.emplace(schema.id, make_copy_format(schema, odd_casts_, options_.columns)).first;
    return found->second;
}

Status PostgresChunkReader::copy(const std::string& sql, const TableSchema& schema,
                                 const std::function<Status(Block)>& take, std::stop_token stop) {
    LEAT_TRY(stream_.start(sql, stop));
    while (true) {
        LEAT_ASSIGN(auto message, stream_.next());
        if (message) {
            LEAT_TRY(put_message(*message, schema));
            if (builder_.bytes() < options_.block_bytes) continue;
        } else if (!stream_.ended()) {
            if (stop.stop_requested()) return fail(ErrorCode::STOPPED, "stopped on request");
            LEAT_TRY(stream_.fill(500ms));
            continue;
        }
        if (builder_.in_transaction()) {
            builder_.end_transaction(builder_.change_count(), transaction_.commit);
            LEAT_TRY(take(builder_.finish(BlockFlags{} | BlockFlag::snapshot)));
        }
        if (!message) return {};
    }
}

Result<bool> PostgresChunkReader::put_message(Bytes message, const TableSchema& schema) {
    size_t columns = format_->decoders.size();
    if (format_->binary) {
        LEAT_ASSIGN(bool is_row, binary_row_.split(message, columns));
        if (!is_row) return false;
        LEAT_TRY(put_row(binary_row_.columns(), schema));
    } else {
        LEAT_TRY(text_row_.split(as_text(message), columns));
        LEAT_TRY(put_row(text_row_.columns(), schema));
    }
    return true;
}

Status PostgresChunkReader::put_row(std::span<const std::optional<std::string_view>> row,
                                    const TableSchema& schema) {
    if (!builder_.in_transaction()) builder_.begin_transaction(transaction_, 0);
    builder_.begin_row(Op::read, schema, transaction_.commit, SnapshotPlace::inside);
    builder_.begin_after();
    for (size_t i = 0; i < row.size(); ++i) {
        if (!row[i]) {
            format_->decoders[i].put_state(ValueState::null, i, builder_);
            continue;
        }
        Status status = format_->decoders[i](*row[i], i, builder_);
        if (status) [[likely]]
            continue;
        status.error().message += fmt::format(" (column {})", schema.columns[i].name);
        return status;
    }
    builder_.end_tuple();
    builder_.end_row();
    return {};
}

}  // namespace leat::pg
