#include "source/postgres/snapshot/incremental_snapshot.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/logging.h"
#include "base/text.h"

namespace leat::pg {

using namespace std::chrono_literals;

namespace {
constexpr size_t window_bytes_max = 4 << 20;
constexpr size_t chunk_bytes_least = 256 << 10;
constexpr uint64_t first_chunk_rows = 1024;  // before it is known how long the rows are
constexpr auto too_early_pause = 200ms;
constexpr auto busy_pause = 500ms;
constexpr auto locked_pause = 500ms;
constexpr auto failed_pause = 1000ms;
constexpr auto report_every = 5s;
constexpr uint64_t never_due = UINT64_MAX;
}  // namespace

IncrementalSnapshot::IncrementalSnapshot(const Options& options, Database database,
                                         std::vector<TableProgress> tables, MakeReader make_reader)
    : options_(options),
      database_(std::move(database)),
      make_reader_(std::move(make_reader)),
      chunk_bytes_(std::max(options.incremental_bytes / (2 * options.snapshot_readers), chunk_bytes_least)),
      window_(window_bytes_max) {
    for (TableProgress& progress : tables) {
        Table& table = tables_[progress.table];
        table.cut = table.some_read = progress.cut;
        if (progress.cut)
            for (KeyRange& range : progress.left) table.pieces.push_back(range_piece(std::move(range)));
        else
            table.pieces.push_back(whole_piece());
        if (!progress.again.empty())
            table.pieces.insert(table.pieces.begin(), rows_piece(std::move(progress.again)));
        progress.left.clear();
        progress.again.clear();
        table.delivered = std::move(progress);
    }
}

IncrementalSnapshot::~IncrementalSnapshot() {
    for (auto& thread : threads_) thread.request_stop();
    threads_.clear();
}

IncrementalSnapshot::Piece IncrementalSnapshot::range_piece(KeyRange range) {
    Piece piece;
    piece.id = next_piece_++;
    piece.range = std::move(range);
    return piece;
}
IncrementalSnapshot::Piece IncrementalSnapshot::whole_piece() {
    Piece piece = range_piece({});
    piece.to_last_key = true;
    return piece;
}
IncrementalSnapshot::Piece IncrementalSnapshot::rows_piece(std::vector<KeyText> keys) {
    Piece piece = range_piece({});
    piece.keys = std::move(keys);
    return piece;
}

Status IncrementalSnapshot::begin() {
    reported_ = SteadyClock::now();
    log_event(LogLevel::info, options_.name,
              fmt::format("incremental snapshot of {} tables, while the stream goes on", tables_.size()));
    for (uint32_t i = 0; i < options_.snapshot_readers; ++i)
        threads_.emplace_back([this](std::stop_token stop) { work(stop); });
    return {};
}

// ---- the threads that read ----

void IncrementalSnapshot::work(std::stop_token stop) {
    ReadChunk read = make_reader_();
    while (!stop.stop_requested()) {
        KeyTask task;
        uint64_t piece = 0;
        {
            Lock lock(mutex_);
            if (!choose(task, piece)) {
                // Times pass without anybody's notice.
                update_due();
                changed_.wait_for(lock, stop, 100ms, [this, seen = wakeups_] { return wakeups_ != seen; });
                continue;
            }
        }
        auto table = static_cast<uint32_t>(task.schema->table.value);
        KeyChunkReader::Progress progress;
        progress.seen = [&](const Visibility& seen) {
            Lock lock(mutex_);
            if (Piece* found = find(table, piece)) found->seen = seen;
            if (!newest_ || seen.xmax >= newest_->xmax) newest_ = seen;
        };
        progress.last_key = [&](std::optional<KeyText> last) {
            Lock lock(mutex_);
            Piece* found = find(table, piece);
            if (!found) return;
            found->to_last_key = false;
            if (last) found->range.to = std::move(*last);
            tables_.at(table).cut = true;
        };
        progress.cut = [&](const KeyText& at) {
            Lock lock(mutex_);
            split(table, piece, at);
        };
        auto result = read(task, progress, stop);
        if (stop.stop_requested()) return;
        finish(task, piece, std::move(result));
    }
}

bool IncrementalSnapshot::may_read() const {
    auto now = SteadyClock::now();
    return !error_ && xmin_least_ && !paused_ && !behind_ && now >= not_before_ && now >= next_read_ &&
           buffered_ < options_.incremental_bytes / 2;
}

bool IncrementalSnapshot::choose(KeyTask& task, uint64_t& piece) {
    if (!may_read()) return false;
    auto now = SteadyClock::now();
    for (auto& [oid, table] : tables_) {
        if (table.needs_description || now < table.not_before) continue;
        if (choose_piece(table, task, piece)) return true;
    }
    return false;
}

bool IncrementalSnapshot::choose_piece(Table& table, KeyTask& task, uint64_t& id) {
    auto piece = std::ranges::find_if(table.pieces, [](const Piece& one) { return !one.reading; });
    if (piece == table.pieces.end()) return false;
    piece->reading = true;
    piece->seen = newest_;  // it will show all that this one does
    id = piece->id;
    task.schema = table.description->schema;
    task.quoted_name = table.description->quoted_name;
    task.partitioned = table.description->partitioned;
    task.version = table.description->version;
    task.condition = table.delivered.condition;
    task.row_filter = table.description->row_filter;
    task.delivered = table.delivered;
    task.range = piece->range;
    task.to_last_key = piece->to_last_key;
    task.keys = piece->keys;
    task.rows_max = table.row_bytes
                        ? std::clamp<uint64_t>(chunk_bytes_ / table.row_bytes, 1, options_.chunk_rows)
                        : std::min(first_chunk_rows, options_.chunk_rows);
    task.bytes_max = chunk_bytes_;
    task.xmin_least = *xmin_least_;
    return true;
}

void IncrementalSnapshot::finish(const KeyTask& task, uint64_t id, Result<KeyResult> result) {
    Lock lock(mutex_);
    auto oid = static_cast<uint32_t>(task.schema->table.value);
    Piece* piece = find(oid, id);
    if (!piece) return;  // the table was restarted, or is gone
    if (!result) {
        put_back(*piece);
        failed(std::move(result.error()));
        return update_due();
    }
    Table& table = tables_.at(oid);
    auto now = SteadyClock::now();
    switch (result->kind) {
        case KeyResult::Kind::too_early:
            put_back(*piece);
            not_before_ = now + too_early_pause;
            if (!std::exchange(told_waiting_, true))
                log_event(
                    LogLevel::info, options_.name,
                    "the incremental snapshot waits for the transactions that were running when it began");
            break;
        case KeyResult::Kind::busy:
            put_back(*piece);
            not_before_ = now + busy_pause;
            if (!std::exchange(told_busy_, true))
                log_event(
                    LogLevel::info, options_.name,
                    fmt::format("the incremental snapshot waits while more than {} sessions run queries",
                                options_.incremental_sessions_max));
            break;
        case KeyResult::Kind::locked:
            put_back(*piece);
            table.not_before = now + locked_pause;
            break;
        case KeyResult::Kind::altered:
            put_back(*piece);
            table.needs_description = true;
            table.altered = std::move(result->error);
            break;
        case KeyResult::Kind::read:
            told_busy_ = false;
            if (result->ended_at) {
                if (task.to_last_key || piece->range.to != *result->ended_at)
                    split(oid, id, *result->ended_at);
            }
            if (result->chunk.rows) table.row_bytes = result->chunk.bytes / result->chunk.rows + 1;
            if (options_.incremental_rows_per_second)
                next_read_ = std::max(now, next_read_) +
                             std::chrono::microseconds(result->chunk.rows * 1'000'000 /
                                                       options_.incremental_rows_per_second);
            buffered_ += result->chunk.bytes;
            finished_.push_back({id, std::move(result->chunk)});
            break;
    }
    update_due();
    wake();
}

void IncrementalSnapshot::failed(Error error) {
    if (error.code == ErrorCode::STOPPED) return;
    if (retry_class(error.code) == Retry::never) {
        error_ = std::move(error);
        return;
    }
    log_error(LogLevel::warning, options_.name, "the incremental snapshot is tried again", error);
    not_before_ = SteadyClock::now() + failed_pause;
}

// ---- with the mutex held ----

void IncrementalSnapshot::wake() {
    ++wakeups_;
    changed_.notify_all();
}

IncrementalSnapshot::Piece* IncrementalSnapshot::find(uint32_t oid, uint64_t id) {
    auto table = tables_.find(oid);
    if (table == tables_.end()) return nullptr;
    auto& pieces = table->second.pieces;
    auto piece = std::ranges::find_if(pieces, [&](const Piece& one) { return one.id == id; });
    return piece == pieces.end() ? nullptr : &*piece;
}

// The piece ends at a key; what follows is a piece of its own.
void IncrementalSnapshot::split(uint32_t oid, uint64_t id, const KeyText& at) {
    Piece* piece = find(oid, id);
    if (!piece) return;
    auto& pieces = tables_.at(oid).pieces;
    Piece rest = range_piece({at, piece->range.to});
    piece->range.to = at;
    pieces.insert(pieces.begin() + (piece - pieces.data()) + 1, std::move(rest));
    wake();
}

void IncrementalSnapshot::put_back(Piece& piece) {
    piece.reading = false;
    piece.seen.reset();
}

void IncrementalSnapshot::restart(Table& table) {
    table.pieces.clear();
    table.pieces.push_back(whole_piece());
    table.cut = table.some_read = false;
    progress_changed_ = true;
}

void IncrementalSnapshot::update_due() {
    uint64_t first = never_due;
    for (const Finished& one : finished_) first = std::min(first, one.chunk.seen.wal_end.value);
    waiting_ = first == never_due ? 0 : first;
    bool to_prepare = error_ || !xmin_least_ || tables_.empty();
    auto now = SteadyClock::now();
    for (auto& [oid, table] : tables_) to_prepare |= table.needs_description && now >= table.not_before;
    due_ = to_prepare ? 0 : first;
}

// Whether a chunk of the table that is under way may not show the transaction.
bool IncrementalSnapshot::hides(const Table& table, uint32_t xid) const {
    return std::ranges::any_of(table.pieces, [&](const Piece& piece) {
        return piece.reading && !(piece.seen && piece.seen->shows(xid));
    });
}

void IncrementalSnapshot::forget_what_is_shown() {
    if (!newest_) return;
    std::vector<const Visibility*> seen = {&*newest_};
    for (auto& [oid, table] : tables_)
        for (const Piece& piece : table.pieces) {
            if (!piece.reading) continue;
            if (!piece.seen) return;
            seen.push_back(&*piece.seen);
        }
    window_.forget(seen);
}

// What was read cannot be judged any more: it is read again, under snapshots that show all that was
// forgotten.
void IncrementalSnapshot::give_up_window() {
    log_event(LogLevel::info, options_.name,
              "too much changed while chunks of the incremental snapshot were read: they are read again");
    window_.clear();
    finished_.clear();
    buffered_ = 0;
    newest_.reset();
    xmin_least_.reset();
    for (auto& [oid, table] : tables_)
        for (Piece& piece : table.pieces)
            if (piece.reading) {
                put_back(piece);
                piece.id = next_piece_++;  // its reader finds it no more
            }
    update_due();
}

TableProgress IncrementalSnapshot::progress_of(const Table& table) const {
    TableProgress progress = table.delivered;
    progress.cut = table.cut;
    for (const Piece& piece : table.pieces) {
        if (!piece.keys.empty()) {
            progress.again.insert(progress.again.end(), piece.keys.begin(), piece.keys.end());
        } else if (table.cut) {
            bool adjoins = !progress.left.empty() && progress.left.back().to == piece.range.after;
            if (adjoins)
                progress.left.back().to = piece.range.to;
            else
                progress.left.push_back(piece.range);
        }
    }
    return progress;
}

void IncrementalSnapshot::report() {
    auto now = SteadyClock::now();
    if (now - reported_ < report_every) return;
    reported_ = now;
    for (auto& [oid, table] : tables_) {
        if (table.rows == 0 || !table.description) continue;
        double seconds = std::chrono::duration<double>(now - table.started).count();
        double rate = static_cast<double>(table.rows) / std::max(seconds, 0.001);
        uint64_t estimate = table.description->rows_estimate;
        std::string text =
            fmt::format("incremental snapshot of {}: {}", table.description->schema->qualified_name(),
                        human_count(static_cast<double>(table.rows)));
        if (estimate > table.rows)
            text += fmt::format(" of about {}", human_count(static_cast<double>(estimate)));
        text += fmt::format(" rows, {} rows/s", human_count(rate));
        if (estimate > table.rows && rate > 0)
            text +=
                fmt::format(", about {:.0f} s remaining", static_cast<double>(estimate - table.rows) / rate);
        log_event(LogLevel::info, options_.name, text);
    }
}

}  // namespace leat::pg
