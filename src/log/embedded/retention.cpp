#include "log/embedded/retention.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/clock.h"
#include "base/file.h"
#include "log/embedded/retention_holds.h"
#include "log/embedded/segment_header.h"

namespace leat {

namespace {

// When the segment before this one was finished.
Result<int64_t> created_at(const std::string& path) {
    LEAT_ASSIGN(auto file, open_file(path, O_RDONLY));
    LEAT_ASSIGN(auto header, SegmentHeader::read(file.get()));
    return header.created_at_us;
}

// The oldest goes first, so that what remains has no hole whenever this is interrupted.
Status remove_segment(const SourcePaths& paths, Seq first) {
    for (const std::string& path : {paths.segment(first), paths.index(first)})
        if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail(io_error("remove", path, errno));
    return {};
}

}  // namespace

Status trim_segments(const SourcePaths& paths, const LogOptions& options, Seq active) {
    if (options.retention_age.count() == 0 && options.retention_bytes == 0) return {};
    LEAT_ASSIGN(auto segments, paths.segments());
    uint64_t bytes = 0;
    for (const SegmentFile& segment : segments) bytes += segment.bytes;
    int64_t kept_since_us = wall_time_us() - options.retention_age.count() * 1000;
    size_t removed = 0;
    for (; removed + 1 < segments.size() && segments[removed].first_seq < active; ++removed) {
        bool large = options.retention_bytes > 0 && bytes > options.retention_bytes;
        bool old = false;
        if (!large && options.retention_age.count() > 0) {
            LEAT_ASSIGN(int64_t finished_us, created_at(paths.segment(segments[removed + 1].first_seq)));
            old = finished_us < kept_since_us;
        }
        if (!large && !old) break;
        bytes -= segments[removed].bytes;
    }
    if (options.holds) removed = options.holds->allow(segments, removed);
    for (size_t i = 0; i < removed; ++i) LEAT_TRY(remove_segment(paths, segments[i].first_seq));
    if (removed > 0) LEAT_TRY(sync_directory(paths.directory()));
    return {};
}

}  // namespace leat
