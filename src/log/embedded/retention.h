// Removes segments that are no longer kept. docs/format/segment.md, "Retention".
#pragma once

#include "log/embedded/layout.h"
#include "log/embedded/log_options.h"

namespace leat {

// Only the writer's thread calls it. active: the last segment, which stays.
Status trim_segments(const SourcePaths& paths, const LogOptions& options, Seq active);

}  // namespace leat
