#include "log/embedded/recovery.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace leat {

namespace {

UnitId unit_max(const std::optional<TailState>& tail) {
    return tail && tail->sync_failed ? tail->synced_unit : UnitId(UINT64_MAX);
}

UnitId synced_unit(const std::optional<TailState>& tail) { return tail ? tail->synced_unit : UnitId(0); }

Result<LastSegment> examine_segment(const SourcePaths& paths, Seq first,
                                    const std::optional<TailState>& tail) {
    LastSegment last;
    last.path = paths.segment(first);
    LEAT_ASSIGN(last.file, open_file(last.path, O_RDONLY));
    int fd = last.file.get();
    auto header = SegmentHeader::read(fd);
    if (!header && header.error().code == ErrorCode::BLOCK_MALFORMED)
        return corrupt(last.path, 0, first.value, header.error().message);
    if (!header) return fail(header.error());
    if (header->first_seq != first || header->source != paths.source())
        return corrupt(last.path, 0, first.value, "the header is that of another segment");
    last.tracker = SegmentTracker(*header);
    LEAT_ASSIGN(last.end, scan_segment(fd, last.tracker, unit_max(tail)));
    last.sound = check_torn(fd, last.path, last.tracker, last.end, synced_unit(tail));
    if (!last.sound && last.sound.error().code != ErrorCode::LOG_CORRUPT) return fail(last.sound.error());
    return last;
}

// Whether the segment is what a crash at its creation may leave: a part of header and catalog, and nothing
// behind it.
Result<bool> is_hollow(const std::string& path) {
    LEAT_ASSIGN(auto file, open_file(path, O_RDONLY));
    auto header = SegmentHeader::read(file.get());
    if (!header && header.error().code != ErrorCode::BLOCK_MALFORMED) return fail(header.error());
    if (header && !header->has_catalog) return false;
    if (header) {
        FileWindow window(file.get());
        LEAT_ASSIGN(uint64_t bytes, file_size(file.get()));
        if (read_block(window, header->length, bytes, UnitOrder(), true)) return false;
    }
    LEAT_ASSIGN(bool holds, holds_blocks(file.get()));
    return !holds;
}

Status remove_file(const std::string& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail(io_error("remove", path, errno));
    return {};
}

Status cut(LastSegment& last) {
    LEAT_ASSIGN(last.file, open_file(last.path, O_RDWR));
    uint64_t end = last.tracker.complete().offset;
    last.tracker.forget_open_unit();
    if (last.end.file_bytes > end && ::ftruncate(last.file.get(), static_cast<off_t>(end)) != 0)
        return fail(io_error("truncate", last.path, errno));
    last.end = {end, end, {}};
    return sync_data(last.file.get());
}

}  // namespace

Result<LogFiles> examine_log(const SourcePaths& paths, const std::optional<TailState>& tail) {
    LogFiles files;
    LEAT_ASSIGN(files.segments, paths.segments());
    if (!files.segments.empty()) {
        Seq newest = files.segments.back().first_seq;
        LEAT_ASSIGN(bool hollow, is_hollow(paths.segment(newest)));
        if (hollow) {
            files.hollow = newest;
            files.segments.pop_back();
        }
    }
    if (!files.segments.empty()) {
        LEAT_ASSIGN(files.last, examine_segment(paths, files.segments.back().first_seq, tail));
    } else if (synced_unit(tail).value > 0) {
        return corrupt(paths.segment(files.hollow.value_or(Seq(1))), 0, 1,
                       "no segment is there, and some were durable");
    }
    return files;
}

Result<LogFiles> recover_log(const SourcePaths& paths, const std::optional<TailState>& tail) {
    LEAT_ASSIGN(auto files, examine_log(paths, tail));
    if (files.last) LEAT_TRY(files.last->sound);
    for (const std::string& path : paths.leftovers()) LEAT_TRY(remove_file(path));
    if (files.hollow) {
        LEAT_TRY(remove_file(paths.segment(*files.hollow)));
        LEAT_TRY(remove_file(paths.index(*files.hollow)));
    }
    if (files.last) LEAT_TRY(cut(*files.last));
    LEAT_TRY(sync_directory(paths.directory()));
    return files;
}

}  // namespace leat
