// What a log holds, followed block by block: while a segment is scanned, and then while it is appended to.
// A unit counts only once it is complete; the one that is open can be forgotten again. One thread.
#pragma once

#include <map>

#include "log/embedded/segment_header.h"
#include "log/embedded/segment_index.h"
#include "log/embedded/unit_order.h"
#include "model/block_reader.h"

namespace leat {

// The latest schema of each table: what a new segment's catalog repeats.
class LatestSchemas {
  public:
    using SchemaPtr = std::shared_ptr<const TableSchema>;
    void add(SchemaPtr schema);
    std::vector<SchemaPtr> all() const;
    bool empty() const { return schemas_.empty(); }

  private:
    // By table id; of sources that have none (0), by name.
    std::map<std::pair<uint64_t, std::string>, SchemaPtr> schemas_;
};

class SegmentTracker {
  public:
    struct Place {
        uint64_t offset = 0;  // after the last block
        UnitOrder order;
        int64_t commit_time_us_max = 0;  // in this segment
        uint64_t last_index_offset = 0;
    };

    SegmentTracker() = default;
    // At the start of a segment, with all to be learned from it.
    explicit SegmentTracker(const SegmentHeader& header);
    // Goes on in a new segment that begins with this many bytes of header and catalog. At a unit's end.
    void begin_segment(uint64_t bytes);

    Status take_catalog(const Block& block);
    // The next block. BLOCK_MALFORMED if its schemas cannot be read; then nothing has changed.
    Status take(const Block& block);
    void forget_open_unit();

    bool expects_catalog() const { return expects_catalog_; }
    Seq segment_first_seq() const { return first_seq_; }
    const Place& current() const { return current_; }    // after the last block
    const Place& complete() const { return complete_; }  // after the last complete unit
    bool segment_has_changes() const { return complete_.order.next_seq > first_seq_.value; }
    const Position& position() const { return position_; }
    int64_t log_commit_time_us_max() const {
        return std::max(previous_time_max_, complete_.commit_time_us_max);
    }
    int64_t previous_commit_time_us_max() const { return previous_time_max_; }
    const LatestSchemas& schemas() const { return schemas_; }
    // Index entries of units completed since the last call.
    std::vector<IndexEntry> drain_index() { return std::exchange(index_, {}); }

  private:
    void complete_unit(const Block& block);

    Seq first_seq_{1};
    bool expects_catalog_ = false;  // the segment's catalog was announced and not yet taken
    Place current_, complete_;
    int64_t previous_time_max_ = 0;  // of the segment before
    Position position_;
    LatestSchemas schemas_;
    std::vector<IndexEntry> index_;
    std::vector<IndexEntry> open_index_;  // of the open unit
    std::vector<LatestSchemas::SchemaPtr> open_schemas_;
};

}  // namespace leat
