#include "log/embedded/segment_tracker.h"

namespace leat {

void LatestSchemas::add(SchemaPtr schema) {
    auto key =
        std::pair(schema->table.value,
                  schema->table.value ? std::string() : schema->database + '\0' + schema->qualified_name());
    schemas_.insert_or_assign(std::move(key), std::move(schema));
}

std::vector<LatestSchemas::SchemaPtr> LatestSchemas::all() const {
    std::vector<SchemaPtr> schemas;
    for (const auto& [table, schema] : schemas_) schemas.push_back(schema);
    return schemas;
}

SegmentTracker::SegmentTracker(const SegmentHeader& header)
    : first_seq_(header.first_seq),
      expects_catalog_(header.has_catalog),
      previous_time_max_(header.previous_commit_time_us_max),
      position_(header.position) {
    current_.offset = header.length;
    current_.order.next_seq = header.first_seq.value;
    current_.order.last_unit = header.first_unit.value - 1;
    complete_ = current_;
}

void SegmentTracker::begin_segment(uint64_t bytes) {
    LEAT_ASSERT(!current_.order.in_unit && index_.empty());
    first_seq_ = Seq(complete_.order.next_seq);
    previous_time_max_ = complete_.commit_time_us_max;
    complete_.commit_time_us_max = 0;
    complete_.last_index_offset = 0;
    complete_.offset = bytes;
    current_ = complete_;
}

Status SegmentTracker::take_catalog(const Block& block) {
    LEAT_ASSIGN(auto schemas, schemas_of(block));
    for (auto& schema : schemas) schemas_.add(std::move(schema));
    expects_catalog_ = false;
    current_.offset += block.size();
    complete_.offset = current_.offset;
    return {};
}

Status SegmentTracker::take(const Block& block) {
    const BlockHeader& header = block.header();
    LEAT_ASSIGN(auto schemas, schemas_of(block));
    IndexEntry entry{current_.offset, header.first_seq, header.unit, current_.commit_time_us_max,
                     IndexEntry::place};
    if (current_.offset - current_.last_index_offset >= index_spacing_bytes) {
        open_index_.push_back(entry);
        current_.last_index_offset = current_.offset;
    }
    if (header.has(BlockFlag::has_schemas)) {
        entry.kind = IndexEntry::schemas;
        open_index_.push_back(entry);
    }
    for (auto& schema : schemas) open_schemas_.push_back(std::move(schema));
    current_.offset += block.size();
    current_.order.take(header);
    current_.commit_time_us_max = std::max(current_.commit_time_us_max, header.commit_time_us_max);
    if (header.has(BlockFlag::unit_end)) complete_unit(block);
    return {};
}

void SegmentTracker::complete_unit(const Block& block) {
    complete_ = current_;
    position_.bytes = block.position();
    for (auto& schema : open_schemas_) schemas_.add(std::move(schema));
    open_schemas_.clear();
    index_.insert(index_.end(), open_index_.begin(), open_index_.end());
    open_index_.clear();
}

void SegmentTracker::forget_open_unit() {
    current_ = complete_;
    open_schemas_.clear();
    open_index_.clear();
}

}  // namespace leat
