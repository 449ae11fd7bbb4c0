// A chunk of an incremental snapshot, and how it is merged into the stream. Pure.
#pragma once

#include "model/block_builder.h"
#include "source/postgres/snapshot/change_window.h"

namespace leat::pg {

// Rows of one table that one transaction has read.
struct KeyChunk {
    uint32_t table = 0;
    std::shared_ptr<const TableSchema> schema;
    Visibility seen;            // of that transaction; it showed nothing that was committed from wal_end on
    std::vector<Block> blocks;  // without flags of units
    ByteBuffer keys;            // of each row: u32 length, key as append_key_value() makes it
    uint64_t rows = 0;
    size_t bytes = 0;
};

struct MergedChunk {
    bool merged = false;  // false: it has to be read again
    std::vector<Block> blocks;
    uint64_t rows = 0;
    // Rows of which the log has only a part, since an update did not bring every value.
    std::vector<KeyText> again;
};

// The stream must have passed chunk.seen.wal_end, and the window must hold all that it has brought since
// before chunk.seen was taken. again_max: with more rows than this, all of it is read again.
Result<MergedChunk> merge(KeyChunk chunk, const ChangeWindow& window, size_t again_max);

// The place up to which the WAL must have been streamed so that everything committed before `insert` was: the
// insert position skips the header of a page that nothing was written to yet, which the stream never does.
Lsn reachable(Lsn insert, uint64_t page_bytes, uint64_t segment_bytes);

}  // namespace leat::pg
