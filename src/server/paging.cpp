#include "server/paging.h"

#include <fmt/core.h>

#include <charconv>

namespace leat::server {

namespace {
constexpr uint64_t limit_max = 1000;
}

Result<Page> page_of(const Parameters& query) {
    Page page;
    LEAT_ASSIGN(auto limit, query.number("limit"));
    if (limit && (*limit == 0 || *limit > limit_max))
        return fail(ErrorCode::API_PARAMETER,
                    fmt::format("request: limit: it is a number from 1 to {}", limit_max));
    page.limit = limit.value_or(page.limit);
    page.after = query.text("cursor").value_or("");
    return page;
}

Result<uint64_t> number_of(const Page& page) {
    uint64_t value = 0;
    if (page.after.empty()) return value;
    const char* end = page.after.data() + page.after.size();
    auto [at, error] = std::from_chars(page.after.data(), end, value);
    if (error == std::errc() && at == end && value <= INT64_MAX) return value;
    return fail(ErrorCode::API_PARAMETER, "request: cursor: it is none that was given here",
                "Take it from the Link header of the page before.");
}

void set_next(http::Response& response, const http::Request& request, std::string_view last) {
    std::string url;
    for (auto& segment : request.path()) url += "/" + http::percent_encode(segment);
    url += "?cursor=" + http::percent_encode(last);
    for (auto& [name, value] : request.target.parameters)
        if (name != "cursor")
            url += fmt::format("&{}={}", http::percent_encode(name), http::percent_encode(value));
    response.set("Link", fmt::format("<{}>; rel=\"next\"", url));
}

}  // namespace leat::server
