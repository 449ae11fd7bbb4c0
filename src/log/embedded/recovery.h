// The end of a source's log as its files tell it. Format: docs/format/segment.md, "Recovery".
#pragma once

#include <optional>

#include "log/embedded/layout.h"
#include "log/embedded/segment_scan.h"
#include "log/embedded/tail.h"

namespace leat {

struct LastSegment {
    FileDescriptor file;
    std::string path;
    SegmentTracker tracker;  // at the last complete unit, or inside the open one after it
    ScanEnd end;
    Status sound;  // LOG_CORRUPT: what follows the last complete unit was durable and must not be cut
};

struct LogFiles {
    std::vector<SegmentFile> segments;  // without hollow
    std::optional<LastSegment> last;    // empty: there is no segment
    std::optional<Seq> hollow;          // a segment whose creation was not finished
};

// Looks and changes nothing. tail: what the page says, whoever wrote it.
Result<LogFiles> examine_log(const SourcePaths& paths, const std::optional<TailState>& tail);

// For a writer: removes what a crash left behind, cuts a torn tail and makes what remains durable. Fails with
// LOG_CORRUPT before it changes anything. The file of `last` is open for writing.
Result<LogFiles> recover_log(const SourcePaths& paths, const std::optional<TailState>& tail);

}  // namespace leat
