// Contract of a snapshot: what is read, in which steps, and how far it got. Shared by all sources.
//
// A snapshot is a list of steps; each step is one unit in the change log, visible when whole. A step is one
// large table or several small ones, cut into chunks that any number of readers take in parallel, in any
// order.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "model/block.h"
#include "model/schema.h"

namespace leat {

struct Chunk {
    uint32_t table = 0;    // index into SnapshotPlan::tables()
    std::string from, to;  // bounds as the source writes them; empty: open
    uint64_t rows_estimate = 0;
};

struct SnapshotTable {
    std::shared_ptr<const TableSchema> schema;
    uint64_t rows_estimate = 0;
    uint64_t bytes_estimate = 0;
};

struct SnapshotStep {
    std::vector<uint32_t> tables;  // indexes into SnapshotPlan::tables()
    std::vector<Chunk> chunks;
};

// Reads chunks over one connection of its own. Belongs to one thread.
class ChunkReader {
  public:
    virtual ~ChunkReader() = default;
    // Hands blocks without unit flags to `take` as they fill; `take` returning an error ends the chunk with
    // it.
    virtual Status read(const Chunk& chunk, const std::function<Status(Block)>& take,
                        std::stop_token stop) = 0;
};

// Lives while the snapshot is read: holds what keeps it consistent (an open transaction, an exported
// snapshot).
class SnapshotPlan {
  public:
    virtual ~SnapshotPlan() = default;
    virtual const std::vector<SnapshotTable>& tables() const = 0;
    virtual const std::vector<SnapshotStep>& steps() const = 0;
    virtual Result<std::unique_ptr<ChunkReader>> open_reader() = 0;
    // The position to append with the end of this step. Steps are finished in order.
    virtual Position position_after(size_t step) const = 0;
    // Where capturing stands before the first step: appended first, so that a kill in the snapshot finds its
    // beginning.
    virtual Position position_before() const = 0;
};

}  // namespace leat
