// Contract of a snapshot: what is read, in which steps, and how far it got. Shared by all sources.
//
// A snapshot is a list of steps. A step is one large table or several small ones, cut into chunks that any
// number of readers take in parallel, in any order. A divisible step becomes visible bit by bit, and what was
// read of it is remembered chunk by chunk; another is one unit in the change log, visible when whole.
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
    bool divisible = false;
};

// Reads chunks over one connection of its own. Belongs to one thread.
class ChunkReader {
  public:
    virtual ~ChunkReader() = default;
    // Makes sure that a table (index) stays as it was planned until the reader is gone. False: it is not that
    // any more, or somebody waits to change it.
    virtual Result<bool> hold(uint32_t, std::stop_token) { return true; }
    // Hands blocks without unit flags to `take` as they fill; `take` returning an error ends the chunk with
    // it.
    virtual Status read(const Chunk& chunk, const std::function<Status(Block)>& take,
                        std::stop_token stop) = 0;
};

// Lives while the snapshot is read: holds what keeps it consistent (an open transaction, an exported
// snapshot). A plan without tables only prepares the source (makes a replication slot, say). Used by the
// reader thread; what open_reader() gives may go to other threads.
class SnapshotPlan {
  public:
    virtual ~SnapshotPlan() = default;
    // Appended and durable before begin(): a kill from there on finds what had been intended.
    virtual Position position_before() const = 0;
    // Appended with it: markers of tables that are no longer captured, or have to be read again.
    virtual std::vector<std::shared_ptr<const TableSchema>> schemas_before() const { return {}; }
    // Changes the source as needed, fixes the moment of the snapshot and cuts the tables into steps.
    virtual Status begin(std::stop_token stop) = 0;

    virtual const std::vector<SnapshotTable>& tables() const = 0;
    virtual const std::vector<SnapshotStep>& steps() const = 0;
    // The table (index) is not read in this snapshot: another attempt does, under a new one.
    virtual void leave_out(uint32_t) {}
    // Of a divisible step. These three may come from other threads than the reader thread, one at a time.
    // Rows of the step's tables are in the log from here on, without being all of them;
    virtual void step_begun(size_t) {}
    // all rows of the chunk are;
    virtual void chunk_done(const Chunk&) {}
    // and this is appended with what was told so.
    virtual Position position_within_step() { return {}; }
    virtual Result<std::unique_ptr<ChunkReader>> open_reader() = 0;
    // Appended with the end of the step, by its index. Steps are finished in order.
    virtual Position position_after_step(size_t step) = 0;
    // Appended when every step is done, also if tables were left out.
    virtual Position position_after() = 0;
};

}  // namespace leat
