// Which request is answered by what: a table of methods and paths. Made once, then only read; any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "http/request.h"
#include "http/response.h"

namespace leat::server {

class Gate;

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
    // gate: what every request has to pass; without one, anyone may do anything.
    http::Response answer(const http::Request& request, Gate* gate = nullptr) const;
    // Of each route: its method and pattern.
    std::vector<std::pair<http::Method, std::string_view>> routes() const;

  private:
    struct Entry {
        Route route;
        std::vector<std::string> segments;
    };
    struct Match {
        const Route* route = nullptr;
        std::string_view pattern;  // also where it does not take the method
        PathArguments arguments;
        std::vector<std::string> allowed;
    };
    Match find(const http::Request& request) const;
    http::Response carry_out(const http::Request& request, const Match& match) const;

    std::vector<Entry> entries_;
};

}  // namespace leat::server
