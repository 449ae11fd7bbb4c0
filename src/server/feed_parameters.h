// What a request for changes asks to be told, and how.
#pragma once

#include "delivery/feed_spec.h"
#include "server/parameters.h"

namespace leat::server {

// Of `tables`, `columns`, `ops`, `where`, `leaving` and `format`. API_PARAMETER, USAGE.
Result<FeedSpec> feed_spec(const Parameters& parameters, const std::string& source);

}  // namespace leat::server
