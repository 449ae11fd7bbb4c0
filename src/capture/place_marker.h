// Marks the first and the last row of a snapshot and of each of its tables, which Debezium's consumers look
// for. Which row is the last is known only when its table is read, so the latest block of each table is held
// back until then; a block too large to be held goes on at once, without the mark.
// Thread-safe.
#pragma once

#include <functional>
#include <mutex>
#include <unordered_map>

#include "model/block.h"

namespace leat {

class PlaceMarker {
  public:
    // push may block; it is called in the order in which the blocks stand in the log.
    using Push = std::function<Status(Block)>;
    // Every row of a chunk (a number of the caller's) was pushed.
    using Written = std::function<Status(size_t chunk)>;
    explicit PlaceMarker(Push push, Written written = {})
        : push_(std::move(push)), written_(std::move(written)) {}

    // A block of one table's rows.
    Status take(uint32_t table, size_t chunk, Block block);
    // Every row of the chunk was taken.
    Status chunk_done(uint32_t table, size_t chunk);
    // Every row of the table was taken.
    Status table_done(uint32_t table);
    // Every table of the step is done: hands on what is held.
    Status step_done(bool is_last_step);

  private:
    struct Table {
        Block held;
        size_t chunk = 0;            // of what is held
        bool chunk_is_done = false;  // every row of that chunk was taken
        bool begun = false;          // a block of it was handed on
    };
    enum class End : uint8_t { none, of_table, of_snapshot };

    Status hand_on_held(Table& table, End end);
    Status hand_on(Table& table, Block block, End end);

    const Push push_;
    const Written written_;
    std::mutex mutex_;
    std::unordered_map<uint32_t, Table> tables_;
    Table* finished_ = nullptr;  // of the tables that are done, the one whose block is still held
    bool begun_ = false;
};

}  // namespace leat
