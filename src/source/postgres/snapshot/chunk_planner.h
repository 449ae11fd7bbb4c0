// Cuts tables into chunks of ctid ranges, and tables into steps. Pure.
#pragma once

#include "snapshot/snapshot.h"
#include "source/postgres/server/catalog.h"

namespace leat::pg {

// The part of a table that a Chunk's bounds name: pages [first, last) of one of its storages; last 0: to the
// end.
struct PageRange {
    uint32_t storage = 0;
    uint64_t first = 0, last = 0;
    bool whole() const { return first == 0 && last == 0; }
};
PageRange page_range(const Chunk& chunk);
// The file's number, which Storage::version begins with.
uint32_t file_of(const Storage& storage);

// The chunks of one table, for a number of readers. Only heaps have ctid ranges, and servers before 14 would
// read the whole table for each: can_split is false there.
std::vector<Chunk> plan_chunks(uint32_t table, const std::vector<Storage>& storage, uint64_t rows_estimate,
                               uint32_t readers, bool can_split);

// Steps in table order: a large table alone, small ones together, since all readers wait for the end of a
// step.
// Divisible tables (by table) come first, since they do not share a step with others.
std::vector<SnapshotStep> plan_steps(std::vector<std::vector<Chunk>> chunks_by_table,
                                     const std::vector<uint64_t>& bytes_by_table,
                                     const std::vector<bool>& divisible);

}  // namespace leat::pg
