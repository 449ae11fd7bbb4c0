#include "capture/place_marker.h"

#include "model/change.h"

namespace leat {

namespace {
constexpr size_t held_bytes_max = 2 << 20;
}

Status PlaceMarker::take(uint32_t table_index, Block block) {
    std::lock_guard lock(mutex_);
    Table& table = tables_[table_index];
    std::swap(table.held, block);
    if (block) LEAT_TRY(hand_on(table, std::move(block), End::none));
    if (table.held.size() <= held_bytes_max) return {};
    return hand_on(table, std::exchange(table.held, {}), End::none);
}

Status PlaceMarker::table_done(uint32_t table_index) {
    std::lock_guard lock(mutex_);
    Table& table = tables_[table_index];
    if (!table.held) return {};
    Table* before = std::exchange(finished_, &table);
    return before ? hand_on(*before, std::exchange(before->held, {}), End::of_table) : Status{};
}

Status PlaceMarker::step_done(bool is_last_step) {
    std::lock_guard lock(mutex_);
    Status status;
    if (finished_)
        status = hand_on(*finished_, std::exchange(finished_->held, {}),
                         is_last_step ? End::of_snapshot : End::of_table);
    finished_ = nullptr;
    tables_.clear();
    return status;
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
