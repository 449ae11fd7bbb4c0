#include "log/embedded/log_range.h"

#include <fcntl.h>
#include <fmt/core.h>

#include "log/embedded/extent_watch.h"
#include "log/embedded/segment_scan.h"

namespace leat {

namespace {

// The commit time of the oldest change: that of the first block that has one.
int64_t first_time(const std::string& path, uint64_t limit) {
    auto file = open_file(path, O_RDONLY);
    if (!file) return 0;
    auto header = SegmentHeader::read(file->get());
    if (!header) return 0;
    FileWindow window(file->get());
    uint64_t offset = header->length;
    while (true) {
        auto head = window.view(offset, block_header_bytes, limit);
        if (!head) return 0;
        auto block = BlockHeader::parse(*head);
        if (!block) return 0;
        if (block->change_count > 0) return block->commit_time_us_max;
        offset += block->length;
    }
}

}  // namespace

Result<LogRange> read_range(const std::string& data_directory, const SourcePaths& paths) {
    ExtentWatch watch(data_directory, paths);
    LEAT_ASSIGN(auto extent, watch.read());
    LEAT_ASSIGN(auto segments, paths.segments());
    if (!extent || segments.empty())
        return fail(ErrorCode::LOG_NO_SOURCE,
                    fmt::format("the change log has no source \"{}\"", paths.source()));
    LogRange range;
    range.first_seq = segments.front().first_seq;
    range.next_seq = extent->next_seq;
    range.segments = segments.size();
    for (const SegmentFile& segment : segments)  // the last may hold zeros for what comes next
        range.bytes += segment.first_seq == extent->segment ? extent->offset : segment.bytes;
    if (range.first_seq == range.next_seq) return range;
    bool one = extent->segment == range.first_seq;
    range.first_time_us =
        first_time(paths.segment(range.first_seq), one ? extent->offset : segments.front().bytes);
    range.last_time_us = extent->commit_time_us_max;
    return range;
}

}  // namespace leat
