#include "capture/place_marker.h"

#include "model/change.h"

namespace leat {

namespace {
constexpr size_t held_bytes_max = 2 << 20;
}

Status PlaceMarker::take(uint32_t table_index, size_t chunk, Block block) {
    std::lock_guard lock(mutex_);
    Table& table = tables_[table_index];
    // Its last row is not that of the snapshot.
    if (finished_) LEAT_TRY(hand_on_held(*std::exchange(finished_, nullptr), End::of_table));
    LEAT_TRY(hand_on_held(table, End::none));
    table.held = std::move(block);
    table.chunk = chunk;
    if (table.held.size() <= held_bytes_max) return {};
    return hand_on_held(table, End::none);
}

Status PlaceMarker::chunk_done(uint32_t table_index, size_t chunk) {
    std::lock_guard lock(mutex_);
    Table& table = tables_[table_index];
    bool holds_it = table.held && table.chunk == chunk;
    if (holds_it) table.chunk_is_done = true;
    return holds_it || !written_ ? Status{} : written_(chunk);
}

Status PlaceMarker::table_done(uint32_t table_index) {
    std::lock_guard lock(mutex_);
    Table& table = tables_[table_index];
    if (!table.held) return {};
    Table* before = std::exchange(finished_, &table);
    return before ? hand_on_held(*before, End::of_table) : Status{};
}

Status PlaceMarker::step_done(bool is_last_step) {
    std::lock_guard lock(mutex_);
    Status status;
    if (finished_) status = hand_on_held(*finished_, is_last_step ? End::of_snapshot : End::of_table);
    finished_ = nullptr;
    tables_.clear();
    return status;
}

Status PlaceMarker::hand_on_held(Table& table, End end) {
    if (!table.held) return {};
    LEAT_TRY(hand_on(table, std::exchange(table.held, {}), end));
    if (std::exchange(table.chunk_is_done, false) && written_) return written_(table.chunk);
    return {};
}

Status PlaceMarker::hand_on(Table& table, Block block, End end) {
    // The weaker one first: a row that is two of them is shown as Debezium shows it.
    if (!table.begun) block.set_snapshot_place(Block::Row::first, SnapshotPlace::first_of_table);
    if (end == End::of_table) block.set_snapshot_place(Block::Row::last, SnapshotPlace::last_of_table);
    if (!begun_) block.set_snapshot_place(Block::Row::first, SnapshotPlace::first);
    if (end == End::of_snapshot) block.set_snapshot_place(Block::Row::last, SnapshotPlace::last);
    table.begun = begun_ = true;
    return push_(std::move(block));
}

}  // namespace leat
