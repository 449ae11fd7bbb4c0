// Contract of a change log: the ordered, durable record of one source's changes (DESIGN.md, "change log").
//
// Writer: one thread appends the blocks of a unit one after another and then syncs. Readers: any number, each
// with its own LogReader on its own thread, in this process or another.
//
// Crash semantics: after a crash the log ends with the last complete unit that was synced, or a later
// complete one; a unit that was not finished is gone. So a position read back is exactly what the log holds
// (invariants 2 and 6).
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <variant>
#include <vector>

#include "model/block_reader.h"

namespace leat {

// Where a reader starts. A reader yields whole blocks: the first may begin before the place asked for. At a
// Seq past the end it waits for that one; whoever keeps a checkpoint compares it with range() first.
struct FromEarliest {};
struct FromEnd {};  // what is appended after now
struct FromTime {
    int64_t time_us;  // the first change committed at or after it; later ones may be older again
};
using ReadFrom = std::variant<FromEarliest, FromEnd, FromTime, Seq>;

// What is kept, at one moment. Empty: first_seq == next_seq.
struct LogRange {
    Seq first_seq{1};
    Seq next_seq{1};
    int64_t first_time_us = 0;  // commit time of the oldest and newest change; 0: none
    int64_t last_time_us = 0;
    uint64_t bytes = 0;
    uint64_t segments = 0;
};

class LogReader {
  public:
    virtual ~LogReader() = default;
    // The next block of a complete unit that holds changes or the end of a transaction, whose schemas are by
    // then in schemas(). Waits up to `wait` for one to be appended, also while there is no writer: one may
    // come. Empty: none came. Other blocks (catalogs, positions alone) are not yielded. A damaged block is
    // LOG_CORRUPT with file, offset and the sequence that was expected; everything before it is yielded
    // first, and asking again gives the error again. A start, or a next block, that retention has removed is
    // LOG_TRIMMED.
    virtual Result<std::optional<Block>> next(std::chrono::milliseconds wait) = 0;
    virtual SchemaSet& schemas() = 0;
};

class ChangeLog {
  public:
    virtual ~ChangeLog() = default;

    // What the log held when it was opened, or holds now: where the source resumes, and the latest schema of
    // each table.
    virtual const Position& position() const = 0;
    virtual std::vector<std::shared_ptr<const TableSchema>> latest_schemas() const = 0;
    virtual LogRange range() const = 0;

    // Gives the block its sequences and writes it; durable only after sync(). Units must follow one another
    // as docs/format/block.md says (asserted). LOG_DISK_FULL leaves the log as it was before the block: the
    // same block may be appended again later. A row may only refer to the latest schema added for its table:
    // that is what a new segment repeats.
    virtual Result<Seq> append(Block& block) = 0;
    // Makes what was appended durable as the fsync policy asks, then visible to readers up to the last
    // complete unit. Under a policy that syncs at intervals it is also called when nothing was appended,
    // since that is when what came before gets durable. After a failed sync the log refuses everything until
    // it is opened again: what was not durable is then gone, and the source sends it again.
    virtual Status sync() = 0;
    // The position of the last unit that is durable: what a source may be told (invariant 1). Any thread.
    virtual Position durable_position() const = 0;
    // Forgets the blocks of a unit that was begun and not finished: the source will send it again.
    virtual Status discard_unfinished() = 0;

    virtual Result<std::unique_ptr<LogReader>> read(ReadFrom from) = 0;
    // Removes what retention no longer keeps, whole segments at a time, never the one that holds the
    // position.
    virtual Status trim() = 0;
};

}  // namespace leat
