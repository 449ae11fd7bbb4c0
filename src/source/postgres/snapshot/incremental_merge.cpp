// IncrementalSnapshot: what the reader thread does, between transactions and within them.
#include <fmt/core.h>

#include <algorithm>

#include "base/logging.h"
#include "base/text.h"
#include "source/postgres/snapshot/incremental_snapshot.h"

namespace leat::pg {

using namespace std::chrono_literals;

namespace {
constexpr size_t again_max = 500;  // single rows of a table; beyond, it begins anew
constexpr auto refused_pause = 60s;

bool same_key(const TableSchema& a, const TableSchema& b) {
    if (a.key.size() != b.key.size()) return false;
    for (size_t i = 0; i < a.key.size(); ++i) {
        const Column &x = a.columns[a.key[i]], &y = b.columns[b.key[i]];
        if (x.name != y.name || !(x.type == y.type)) return false;
    }
    return true;
}

// The key of a row of the stream; false if it does not tell it.
bool key_of(const TableSchema& schema, const Tuple& tuple, const Tuple* old, std::string& key) {
    key.clear();
    for (uint32_t column : schema.key) {
        if (column >= tuple.size()) return false;
        const TupleValue* value = &tuple[column];
        // A long key that the update left alone stands in the old row.
        if (value->kind == TupleValue::Kind::unchanged && old && column < old->size())
            value = &(*old)[column];
        if (value->kind != TupleValue::Kind::text) return false;
        append_key_value(value->text, key);
    }
    return !schema.key.empty();
}
}  // namespace

// ---- within transactions ----

// Not, if every chunk that is under way or will be read shows it.
bool IncrementalSnapshot::is_worth_noting(uint32_t xid) {
    if (noted_ && noted_->first == xid) return noted_->second;
    Lock lock(mutex_);
    bool is_read = std::ranges::any_of(
        tables_, [](auto& one) { return std::ranges::any_of(one.second.pieces, &Piece::reading); });
    if (paused_ && !is_read) {
        // What is read after the pause shows it.
        if (!std::exchange(unobserved_, true)) window_.clear();
        return false;
    }
    bool hidden = !newest_ || !newest_->shows(xid);
    for (auto& [oid, table] : tables_) hidden = hidden || hides(table, xid);
    noted_ = {xid, hidden};
    return hidden;
}

void IncrementalSnapshot::row(Op, uint32_t xid, const TableSchema& schema, const RowMessage& row) {
    auto oid = static_cast<uint32_t>(schema.table.value);
    const Tuple* old = row.old_kind ? &row.old_tuple : nullptr;
    auto is_unchanged = [](const TupleValue& value) { return value.kind == TupleValue::Kind::unchanged; };
    // Under FULL the decoder fills what is unchanged from the old row.
    bool whole = !row.has_new || row.old_kind == 'O' || std::ranges::none_of(row.new_tuple, is_unchanged);
    const bool noted = is_worth_noting(xid);
    const bool may_move_in_part = old && !whole;
    if (!noted && !may_move_in_part) return;
    std::string before;
    bool told = has_usable_key(schema);
    if (told && old) told = key_of(schema, *old, nullptr, before);
    if (told && row.has_new) told = key_of(schema, row.new_tuple, old, key_);
    const bool moved = told && old && row.has_new && before != key_;
    if (noted && !told) window_.add_unknown(oid, xid);
    if (noted && told && old) window_.add_row(oid, before, xid, whole || moved);
    if (noted && told && row.has_new) window_.add_row(oid, key_, xid, whole);
    // Where it is now it may have been read already, and where it was it may not: even if all that is still
    // to be read shows the change.
    if (moved && !whole) add_again(oid, split_key(key_), xid);
    if (!window_.overrun()) return;
    Lock lock(mutex_);
    give_up_window();
}

void IncrementalSnapshot::truncate(uint32_t xid, const TableSchema& schema) {
    if (is_worth_noting(xid)) window_.add_truncate(static_cast<uint32_t>(schema.table.value), xid);
}

void IncrementalSnapshot::committed(uint32_t, Lsn) { noted_.reset(); }

void IncrementalSnapshot::add_again(uint32_t oid, KeyText key, uint32_t xid) {
    Lock lock(mutex_);
    Table& table = tables_.at(oid);
    if (!table.some_read && !hides(table, xid)) return;
    size_t count = 0;
    for (const Piece& piece : table.pieces) {
        count += piece.keys.size();
        if (!piece.reading && std::ranges::find(piece.keys, key) != piece.keys.end()) return;
    }
    progress_changed_ = true;
    if (count >= again_max) return restart(table);
    table.pieces.insert(table.pieces.begin(), rows_piece({std::move(key)}));
    wake();
}

std::optional<std::vector<TableProgress>> IncrementalSnapshot::changed_progress() {
    if (!progress_changed_) return std::nullopt;
    progress_changed_ = false;
    Lock lock(mutex_);
    std::vector<TableProgress> progress;
    for (auto& [oid, table] : tables_) progress.push_back(progress_of(table));
    return progress;
}

// ---- between transactions ----

Result<std::vector<Block>> IncrementalSnapshot::merge(StreamDecoder& decoder, const SchemaVersions& schemas) {
    std::deque<Finished> ready;
    {
        Lock lock(mutex_);
        if (error_) return fail(*error_);
        LEAT_TRY(prepare(lock));
        for (auto at = finished_.begin(); at != finished_.end();) {
            if (at->chunk.seen.wal_end > decoder.position()) {
                ++at;
                continue;
            }
            buffered_ -= at->chunk.bytes;
            ready.push_back(std::move(*at));
            at = finished_.erase(at);
        }
    }
    std::vector<Block> rows;
    std::vector<std::shared_ptr<const TableSchema>> merged_schemas;
    for (Finished& finished : ready) {
        auto schema = finished.chunk.schema;
        LEAT_ASSIGN(bool merged, merge_one(std::move(finished), schemas, rows));
        if (merged) merged_schemas.push_back(std::move(schema));
    }
    std::vector<uint32_t> ended;
    {
        Lock lock(mutex_);
        forget_what_is_shown();
        update_due();
        report();
        for (auto& [oid, table] : tables_)
            if (table.pieces.empty()) ended.push_back(oid);
        wake();
    }
    for (uint32_t oid : ended) end_table(oid);
    if (merged_schemas.empty()) return std::vector<Block>{};
    progress_changed_ = true;
    return unit(decoder, std::move(rows), merged_schemas);
}

// What the threads need before they can read.
Status IncrementalSnapshot::prepare(Lock& lock) {
    if (!xmin_least_) {
        lock.unlock();
        auto next = database_.next_transaction();
        lock.lock();
        LEAT_TRY(next);
        xmin_least_ = *next;
    }
    std::vector<uint32_t> to_describe;
    auto now = SteadyClock::now();
    for (auto& [oid, table] : tables_)
        if (table.needs_description && now >= table.not_before) to_describe.push_back(oid);
    for (uint32_t oid : to_describe) LEAT_TRY(describe(oid, lock));
    wake();
    return {};
}

Status IncrementalSnapshot::describe(uint32_t oid, Lock& lock) {
    lock.unlock();
    auto described = database_.describe(oid);
    lock.lock();
    LEAT_TRY(described);
    Table& table = tables_.at(oid);
    if (is_described_again(table, std::move(*described))) return {};
    table.given_up = true;
    table.pieces.clear();  // merge() ends it
    return {};
}

// False: there is nothing left to read.
bool IncrementalSnapshot::is_described_again(Table& table, std::optional<Description> now) {
    auto altered = std::exchange(table.altered, {});
    if (!now) return false;
    const std::string name = now->schema->qualified_name();
    if (!has_usable_key(*now->schema)) {
        log_error(LogLevel::error, options_.name, "a snapshot cannot go on",
                  {ErrorCode::PG_NO_KEY,
                   fmt::format("table {} has no key any more by which the rest of it could be read", name),
                   fmt::format("ALTER TABLE {} ADD PRIMARY KEY (...);\nLeat looks again every minute.",
                               now->quoted_name)});
        table.not_before = SteadyClock::now() + refused_pause;
        return true;
    }
    bool same = table.description && table.description->schema == now->schema &&
                table.description->version == now->version &&
                table.description->quoted_name == now->quoted_name;
    if (table.description && !same && !same_key(*table.description->schema, *now->schema)) restart(table);
    if (same && !table.delivered.pages.empty()) {
        // The pages that were read are of files that are gone.
        table.delivered.pages.clear();
        progress_changed_ = true;
    } else if (same && altered) {
        log_error(LogLevel::error, options_.name, fmt::format("the snapshot of table {} is given up", name),
                  *altered);
        if (!table.delivered.condition.empty()) return false;
        table.not_before = SteadyClock::now() + refused_pause;
        return true;
    }
    table.description = std::move(now);
    table.needs_description = false;
    if (table.started == SteadyClock::time_point()) table.started = SteadyClock::now();
    return true;
}

// False: it is read again.
Result<bool> IncrementalSnapshot::merge_one(Finished finished, const SchemaVersions& schemas,
                                            std::vector<Block>& rows) {
    KeyChunk& chunk = finished.chunk;
    uint32_t oid = chunk.table;
    const TableSchema* latest = schemas.latest(TableId(oid));
    bool is_latest = latest && latest->id == chunk.schema->id;
    MergedChunk merged;
    if (is_latest) {
        LEAT_ASSIGN(merged, pg::merge(std::move(chunk), window_, again_max));
    }
    Lock lock(mutex_);
    Piece* piece = find(oid, finished.piece);
    if (!piece) return false;
    Table& table = tables_.at(oid);
    if (!merged.merged) {
        put_back(*piece);
        // The stream has met another version of the table.
        if (!is_latest) table.needs_description = true;
        return false;
    }
    table.pieces.erase(table.pieces.begin() + (piece - table.pieces.data()));
    table.some_read = true;
    table.rows += merged.rows;
    if (!merged.again.empty()) table.pieces.insert(table.pieces.begin(), rows_piece(std::move(merged.again)));
    std::ranges::move(merged.blocks, std::back_inserter(rows));
    return true;
}

std::vector<Block> IncrementalSnapshot::unit(StreamDecoder& decoder, std::vector<Block> rows,
                                             const std::vector<std::shared_ptr<const TableSchema>>& schemas) {
    if (auto progress = changed_progress()) decoder.set_unfinished(std::move(*progress));
    std::vector<Block> blocks;
    BlockBuilder first(4096);
    for (auto& schema : schemas) {
        if (decoder.is_in_log(*schema)) continue;
        first.add_schema(*schema);
        decoder.set_in_log(*schema);
    }
    if (!first.empty()) blocks.push_back(first.finish(BlockFlags{} | BlockFlag::snapshot));
    std::ranges::move(rows, std::back_inserter(blocks));
    BlockBuilder last(256);
    blocks.push_back(last.finish(BlockFlag::unit_end | BlockFlag::snapshot, decoder.resume().encode().bytes));
    Block& begin = blocks.front();
    begin.set_flags(begin.header().flags | BlockFlag::unit_begin);
    return blocks;
}

void IncrementalSnapshot::end_table(uint32_t oid) {
    Lock lock(mutex_);
    const Table& table = tables_.at(oid);
    if (table.description && !table.given_up) {
        double seconds = std::chrono::duration<double>(SteadyClock::now() - table.started).count();
        completed_.push_back(fmt::format("incremental snapshot of {} complete: {} rows in {:.1f} s",
                                         table.description->schema->qualified_name(), table.rows, seconds));
    }
    tables_.erase(oid);
    window_.forget_table(oid);
    progress_changed_ = true;
}

// ---- as signals ask for it ----

void IncrementalSnapshot::add(TableProgress progress) {
    Lock lock(mutex_);
    auto found = tables_.find(progress.table);
    if (found == tables_.end()) {
        Table& table = tables_[progress.table];
        table.pieces.push_back(whole_piece());
        table.delivered = std::move(progress);
    } else {
        Table& table = found->second;
        std::string& condition = table.delivered.condition;
        if (condition.empty() || progress.condition.empty())
            condition.clear();
        else if (condition != progress.condition)
            condition = fmt::format("({}) OR ({})", condition, progress.condition);
        table.delivered.pages.clear();
        restart(table);
    }
    // What the stream brought of the table until now was not looked at.
    xmin_least_.reset();
    progress_changed_ = true;
    update_due();
}

void IncrementalSnapshot::remove(uint32_t table) {
    Lock lock(mutex_);
    tables_.erase(table);
    window_.forget_table(table);
    std::erase_if(finished_, [&](const Finished& one) {
        if (one.chunk.table != table) return false;
        buffered_ -= one.chunk.bytes;
        return true;
    });
    progress_changed_ = true;
    update_due();
}

std::vector<uint32_t> IncrementalSnapshot::tables() const {
    std::vector<uint32_t> oids;
    for (auto& [oid, table] : tables_) oids.push_back(oid);
    return oids;
}

void IncrementalSnapshot::set_paused(bool paused) {
    Lock lock(mutex_);
    if (paused_ == paused) return;
    paused_ = paused;
    if (paused || !std::exchange(unobserved_, false)) return;
    newest_.reset();
    xmin_least_.reset();
    update_due();
    wake();
}

}  // namespace leat::pg
