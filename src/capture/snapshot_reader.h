// Reads a snapshot into the channel: step by step, the chunks of a step by several readers in parallel.
// Used by the reader thread; progress() may be called by any thread.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/clock.h"
#include "capture/block_channel.h"
#include "capture/place_marker.h"
#include "snapshot/snapshot.h"

namespace leat {

struct SnapshotProgress {
    uint64_t rows = 0;
    uint64_t rows_estimate = 0;
    double seconds = 0;
};

class SnapshotReader {
  public:
    // subject: the source, for the log lines that tell the progress.
    SnapshotReader(std::string subject, BlockChannel& channel, uint32_t readers_max)
        : subject_(std::move(subject)), channel_(channel), readers_max_(readers_max) {}

    Status read(SnapshotPlan& plan, std::stop_token stop);
    SnapshotProgress progress() const;

  private:
    Status read_step(SnapshotPlan& plan, size_t index, std::stop_token stop);
    Status hold_tables(SnapshotPlan& plan, SnapshotStep& step, size_t readers, std::stop_token stop);
    Status read_chunks(const SnapshotStep& step, size_t readers, std::stop_token stop);
    Status push(Block block, std::stop_token stop);
    Status end_unit(const Position& position, std::stop_token stop);
    Status chunk_written(SnapshotPlan& plan, size_t chunk, std::stop_token stop);
    void report();

    const std::string subject_;
    BlockChannel& channel_;
    const uint32_t readers_max_;
    std::vector<std::unique_ptr<ChunkReader>> readers_;
    std::vector<std::string> left_out_;  // names of tables
    std::unique_ptr<PlaceMarker> marker_;
    // Of the step, and of the unit that is being written. While chunks are read they belong to whoever the
    // marker calls.
    const SnapshotStep* step_ = nullptr;
    bool unit_open_ = false;
    size_t unit_bytes_ = 0;
    SteadyClock::time_point unit_begun_;
    std::atomic<uint64_t> rows_{0}, rows_estimate_{0};
    std::atomic<SteadyClock::time_point> started_{};
    SteadyClock::time_point reported_;
};

}  // namespace leat
