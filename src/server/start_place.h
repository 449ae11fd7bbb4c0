// Where a reader of changes begins, by what its request says.
#pragma once

#include "delivery/feed.h"
#include "server/parameters.h"

namespace leat::server {

// Last-Event-ID before `after` before `from` (earliest, now, or a time); without any: now. API_PARAMETER,
// API_SEQUENCE_AHEAD (the cursor is of another log), LOG_TRIMMED (what follows it is no longer kept).
Result<Seq> start_place(const http::Request& request, const Parameters& parameters, const FeedSource& source,
                        const LogRange& range);

// After a cursor. API_SEQUENCE_AHEAD, LOG_TRIMMED.
Result<Seq> place_after(uint64_t after, const LogRange& range);

}  // namespace leat::server
