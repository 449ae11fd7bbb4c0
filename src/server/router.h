// Which request is answered by what: a table of methods and paths. Made once, then only read; any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "http/request.h"
#include "http/response.h"

namespace leat::server {

// The segments of a path that a pattern leaves open, in their order.
using PathArguments = std::vector<std::string>;
using RouteHandler = std::function<Result<http::Response>(const http::Request&, const PathArguments&)>;

struct Route {
    http::Method method;
    std::string pattern;  // "/api/v1/sources/{}/start": {} is any segment
    RouteHandler handler;
    // Query parameters are the handler's to look at; otherwise there may be none.
    bool takes_parameters = false;
};

class Router {
  public:
    void add(Route route);
    // A problem where the handler gives an error, where no path matches (404) or only with other methods
    // (405 with Allow). HEAD is answered as GET.
    http::Response answer(const http::Request& request) const;

  private:
    struct Entry {
        Route route;
        std::vector<std::string> segments;
    };
    std::vector<Entry> entries_;
};

}  // namespace leat::server
