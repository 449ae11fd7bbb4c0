// Where in a log a time is.
#pragma once

#include <functional>

#include "log/change_log.h"

namespace leat {

// Before the first change that was committed at the time or later; the log's end if there is none.
Result<Seq> place_of_time(const std::function<Result<std::unique_ptr<LogReader>>(ReadFrom)>& read,
                          const LogRange& range, int64_t time_us);

}  // namespace leat
