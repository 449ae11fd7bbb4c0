// Lists that can be long: ?limit= and ?cursor=, and Link to what follows.
#pragma once

#include "http/response.h"
#include "server/parameters.h"

namespace leat::server {

inline constexpr std::string_view page_parameters[] = {"limit", "cursor"};

struct Page {
    size_t limit = 100;
    std::string after;  // begin behind this one; empty: at the start
};

// limit: 1 to 1000. API_PARAMETER.
Result<Page> page_of(const Parameters& query);
// cursor as a number; 0 without one. API_PARAMETER.
Result<uint64_t> number_of(const Page& page);
// Says that the list goes on behind `last`: Link with rel="next" and the query's other parameters.
void set_next(http::Response& response, const http::Request& request, std::string_view last);

}  // namespace leat::server
