// What a source's log holds, from its files.
#pragma once

#include "log/change_log.h"
#include "log/embedded/layout.h"

namespace leat {

// LOG_NO_SOURCE if there is no segment. What lies behind damage does not count.
Result<LogRange> read_range(const std::string& data_directory, const SourcePaths& paths);

}  // namespace leat
