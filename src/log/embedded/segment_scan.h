// Reading a segment whose end is not known: what in it is complete, and whether what is not was torn off or
// damaged. Pure functions of the file's bytes. Format: docs/format/segment.md, "Recovery".
#pragma once

#include "log/embedded/file_window.h"
#include "log/embedded/segment_tracker.h"

namespace leat {

// The block at offset, checked: BLOCK_MALFORMED says why there is no valid one before limit, or why it may
// not follow. catalog: whether the segment's catalog stands here.
Result<Block> read_block(FileWindow& file, uint64_t offset, uint64_t limit, const UnitOrder& order,
                         bool catalog);

// The same without a known order: for a block that an index points to.
Result<Block> read_any_block(FileWindow& file, uint64_t offset, uint64_t limit);

struct ScanEnd {
    uint64_t offset = 0;  // after the last valid block
    uint64_t file_bytes = 0;
    std::string damage;  // why no valid block is at offset; empty: the file ends there
};

// Takes what follows tracker.current() up to the end of the file; units after unit_max do not count.
// An error is one of the file, not of its content.
Result<ScanEnd> scan_segment(int fd, SegmentTracker& tracker, UnitId unit_max = UnitId(UINT64_MAX));

// After a scan: whether what follows the last complete unit may be cut off. LOG_CORRUPT if it, or what ought
// to be there, was durable: from synced_unit (the tail's), or from blocks after the bad place.
Status check_torn(int fd, const std::string& path, const SegmentTracker& tracker, const ScanEnd& end,
                  UnitId synced_unit);

// Whether any valid block with changes or a position stands in the file.
Result<bool> holds_blocks(int fd);

std::unexpected<Error> corrupt(const std::string& path, uint64_t offset, uint64_t expected_seq,
                               std::string_view reason);

}  // namespace leat
