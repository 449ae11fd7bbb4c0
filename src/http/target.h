// The target of a request, decoded: "/api/v1/sources/a%2Fb?after=5" is the path {api, v1, sources, a/b} and
// the parameter after = 5.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace leat::http {

struct Target {
    // Percent-decoded after it was split, so a segment may hold a slash. One slash at the end is not seen:
    // "/a/" is {a}. Each is UTF-8 without control characters, and none is "." or "..".
    std::vector<std::string> path;
    // In their order, decoded ('+' is a space); a name may come more than once. "?x" is x with an empty
    // value.
    std::vector<std::pair<std::string, std::string>> parameters;

    // The first value of that name.
    std::optional<std::string_view> parameter(std::string_view name) const;
    // The path as it is written in a URL, without the query (where tokens may be): for logs.
    std::string path_text() const;
};

// Of a request line: "/path?query", "http://host/path?query", or "*" (an empty path).
// HTTP_REQUEST_MALFORMED says what is wrong, without repeating values.
Result<Target> parse_target(std::string_view text);

// A string as one path segment or one value of a query, for links: what is not unreserved becomes %XX.
std::string percent_encode(std::string_view text);

}  // namespace leat::http
