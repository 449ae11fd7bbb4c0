#include "source/postgres/snapshot/key_chunk_reader.h"

#include <fmt/core.h>

#include "base/clock.h"
#include "source/postgres/server/catalog_queries.h"

namespace leat::pg {

namespace {

// Somebody who wants the table for himself waits for us no longer than a chunk takes, and we for him:
constexpr const char* lock_timeout = "2s";

// The table or a column is not there, or is not what it was. Errors of a copy have no SQLSTATE of their own.
bool means_altered(const Error& error) {
    for (const char* state : {"42703", "42P01", "42883", "3F000", "42809"})
        if (error.message.find(fmt::format("SQLSTATE {}", state)) != std::string::npos) return true;
    return false;
}

std::string rows_of(const KeyTask& task) { return (task.partitioned ? "" : "ONLY ") + task.quoted_name; }

// The snapshot that the transaction reads under, then the WAL position: what is shown was committed before.
std::string look_sql(const KeyTask& task) {
    std::string sql = fmt::format(
        "SELECT pg_catalog.pg_current_snapshot(), CASE WHEN pg_catalog.pg_is_in_recovery() "
        "THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_insert_lsn() END, "
        "pg_catalog.current_setting('wal_block_size'), "
        "pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_segment_size')), {} = {} "
        "AND coalesce(pg_catalog.to_regclass({})::pg_catalog.oid, 0) = {}",
        "(SELECT " LEAT_STORAGE_VERSION("o") " FROM (SELECT $1::pg_catalog.oid AS o) AS o)",
        Connection::quote_literal(task.version), Connection::quote_literal(task.quoted_name),
        task.schema->table.value);
    for (const PageRun& run : task.delivered.pages)
        sql +=
            fmt::format(" AND coalesce(pg_catalog.pg_relation_filenode({}), 0) = {}", run.storage, run.file);
    return sql;
}

}  // namespace

Status KeyChunkReader::connect(std::stop_token stop) {
    if (connection_ && connection_->alive()) return {};
    rows_.reset();
    connection_.reset();
    LEAT_ASSIGN(auto connection,
                Connection::open(options_.keywords, Connection::Kind::sql,
                                 fmt::format("leat {} incremental snapshot", options_.name), stop));
    connection_ = std::move(connection);
    rows_.emplace(*connection_, options_);
    if (!odd_casts_) {
        LEAT_ASSIGN(odd_casts_, find_odd_text_casts(*connection_, stop));
    }
    // A chunk is a range of the key: its index is the way to it, whatever the estimates say.
    return connection_->execute(
        fmt::format(
            "SET row_security = off; SET lock_timeout = '{}'; SET enable_seqscan = off; SET jit = off; "
            "SET max_parallel_workers_per_gather = 0",
            lock_timeout),
        stop);
}

Result<bool> KeyChunkReader::server_is_busy(std::stop_token stop) {
    if (options_.incremental_sessions_max == 0) return false;
    LEAT_ASSIGN(auto rows, connection_->query(
                               "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE state = 'active' AND "
                               "backend_type = 'client backend' AND application_name NOT LIKE 'leat %'",
                               stop));
    return rows.number(0, 0) > options_.incremental_sessions_max;
}

Result<KeyResult> KeyChunkReader::read(const KeyTask& task, const Progress& progress, std::stop_token stop) {
    LEAT_TRY(connect(stop));
    LEAT_ASSIGN(bool busy, server_is_busy(stop));
    if (busy) {
        KeyResult later;
        later.kind = KeyResult::Kind::busy;
        return later;
    }
    LEAT_TRY(connection_->execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", stop));
    auto result = read_in_transaction(task, progress, stop);
    // A condition that is none ends its own snapshot, and nothing else.
    bool of_condition =
        !result && !task.condition.empty() &&
        (result.error().code == ErrorCode::PG_QUERY || result.error().code == ErrorCode::PG_STREAM_ERROR);
    if (of_condition || (!result && means_altered(result.error()))) {
        KeyResult altered;
        altered.kind = KeyResult::Kind::altered;
        altered.error = std::move(result.error());
        result = std::move(altered);
    }
    // A copy that did not come to its end leaves a connection that cannot be used.
    bool can_go_on = result && !result->ended_at && !result->error;
    if (can_go_on && connection_->alive()) {
        LEAT_TRY(connection_->execute("COMMIT", stop));
    } else {
        rows_.reset();
        connection_.reset();
    }
    if (!result)
        result.error().message += fmt::format(" (snapshot of table {})", task.schema->qualified_name());
    return result;
}

Result<KeyResult> KeyChunkReader::read_in_transaction(const KeyTask& task, const Progress& progress,
                                                      std::stop_token stop) {
    KeyResult result;
    // Before the snapshot is taken: a rewrite or TRUNCATE that came between would not be seen.
    auto locked =
        connection_->execute(fmt::format("LOCK TABLE {} IN ACCESS SHARE MODE", rows_of(task)), stop);
    if (!locked && connection_->sqlstate() == "55P03") {
        result.kind = KeyResult::Kind::locked;
        return result;
    }
    LEAT_TRY(locked);
    bool as_planned = true;
    LEAT_ASSIGN(result.chunk.seen, look(task, as_planned, stop));
    if (!as_planned) {
        result.kind = KeyResult::Kind::altered;
        return result;
    }
    if (result.chunk.seen.xmin < task.xmin_least) {
        result.kind = KeyResult::Kind::too_early;
        return result;
    }
    progress.seen(result.chunk.seen);
    result.chunk.table = static_cast<uint32_t>(task.schema->table.value);
    result.chunk.schema = task.schema;
    KeyRange range = task.range;
    if (task.to_last_key) {
        LEAT_ASSIGN(auto last, find_key(last_key_sql(*task.schema, rows_of(task)), stop));
        progress.last_key(last);
        if (!last) return result;
        range.to = *last;
    }
    if (!task.condition.empty()) {
        // Somebody else's SQL: as a statement of its own it is one expression, or an error.
        std::string sql =
            fmt::format("SELECT 1 FROM {} WHERE (\n{}\n) LIMIT 0", rows_of(task), task.condition);
        LEAT_TRY(connection_->query(sql, {}, stop));
    }
    if (task.keys.empty()) {
        LEAT_ASSIGN(auto bound, find_key(bound_sql(*task.schema, rows_of(task), range, task.rows_max), stop));
        if (bound && *bound != range.to) {
            progress.cut(*bound);
            range.to = *bound;
        }
    }
    LEAT_TRY(copy(task, range, result, stop));
    return result;
}

Result<Visibility> KeyChunkReader::look(const KeyTask& task, bool& as_planned, std::stop_token stop) {
    LEAT_ASSIGN(auto rows,
                connection_->query(look_sql(task), {std::to_string(task.schema->table.value)}, stop));
    auto insert = parse_lsn(rows.text(0, 1));
    uint64_t page = rows.number(0, 2), segment = rows.number(0, 3);
    if (!insert || !page || !segment)
        return fail(ErrorCode::PG_PROTOCOL, "the server's WAL position cannot be read");
    as_planned = rows.text(0, 4) == "t";
    return Visibility::parse(rows.text(0, 0), reachable(*insert, page, segment));
}

Result<std::optional<KeyText>> KeyChunkReader::find_key(const std::string& sql, std::stop_token stop) {
    LEAT_ASSIGN(auto rows, connection_->query(sql, stop));
    if (rows.count() == 0) return std::nullopt;
    KeyText key;
    for (int i = 0; i < rows.columns(); ++i) key.push_back(rows.text(0, i));
    return key;
}

const CopyFormat& KeyChunkReader::format_of(const TableSchema& schema) {
    auto found = formats_.find(schema.id);
    if (found == formats_.end())
        found = formats_
                    .emplace(schema.id,
                             make_copy_format(schema, *odd_casts_, options_.columns, KeyTexts::as_text))
                    .first;
    return found->second;
}

Status KeyChunkReader::copy(const KeyTask& task, const KeyRange& range, KeyResult& result,
                            std::stop_token stop) {
    const TableSchema& schema = *task.schema;
    std::string what = task.keys.empty() ? in_range(schema, range) : is_one_of(schema, task.keys);
    std::string condition = task.condition.empty() ? "" : "(\n" + task.condition + "\n)";
    std::string filter = task.row_filter.empty() ? "" : "(" + task.row_filter + ")";
    const CopyFormat& format = format_of(schema);
    std::string sql =
        fmt::format("COPY (SELECT {} FROM {}{} ORDER BY {}) TO STDOUT{}", format.columns, rows_of(task),
                    where({what, condition, filter, not_in_pages(task.delivered)}), key_columns(schema),
                    copy_options(format));
    KeyChunk& chunk = result.chunk;
    Transaction transaction{TransactionId(), chunk.seen.wal_end, wall_time_us(), SourceOffset(), true};
    auto take = [&](Block block) -> Status {
        chunk.rows += block.header().change_count;
        chunk.bytes += block.size();
        chunk.blocks.push_back(std::move(block));
        return {};
    };
    // The rows of a list are few, and come in one piece.
    size_t bytes_max = task.keys.empty() ? task.bytes_max : SIZE_MAX;
    LEAT_ASSIGN(bool whole, rows_->copy({sql, schema, format, transaction, SnapshotPlace::incremental,
                                         &chunk.keys, bytes_max},
                                        take, stop));
    chunk.bytes += chunk.keys.size();
    if (whole) return {};
    FormatCursor keys(chunk.keys.view());
    std::string_view last;
    while (!keys.at_end()) last = keys.text(keys.u32());
    result.ended_at = split_key(last);
    return {};
}

}  // namespace leat::pg
