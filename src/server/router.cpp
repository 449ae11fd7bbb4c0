#include "server/router.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "server/accept.h"
#include "server/answers.h"
#include "server/gate.h"
#include "server/parameters.h"

namespace leat::server {

namespace {

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string>& path,
             PathArguments& arguments) {
    if (pattern.size() != path.size()) return false;
    arguments.clear();
    for (size_t i = 0; i < path.size(); ++i) {
        if (pattern[i] == "{}")
            arguments.push_back(path[i]);
        else if (pattern[i] != path[i])
            return false;
    }
    return true;
}

http::Response not_found(const http::Request& request) {
    return refuse({ErrorCode::API_NOT_FOUND,
                   fmt::format("there is nothing at {}", request.target.path_text()),
                   "/api/v1/openapi.json says what there is."});
}

http::Response not_allowed(std::vector<std::string> methods) {
    std::ranges::sort(methods);
    std::string allowed;
    for (const std::string& method : methods) allowed += (allowed.empty() ? "" : ", ") + method;
    return refuse({ErrorCode::API_METHOD, fmt::format("this path takes {} alone", allowed), ""})
        .set("Allow", allowed);
}

}  // namespace

void Router::add(Route route) {
    Entry entry;
    for (std::string_view segment : split(std::string_view(route.pattern).substr(1), '/'))
        entry.segments.emplace_back(segment);
    entry.route = std::move(route);
    entries_.push_back(std::move(entry));
}

Router::Match Router::find(const http::Request& request) const {
    http::Method method = request.method == http::Method::head ? http::Method::get : request.method;
    Match match;
    PathArguments arguments;
    for (const Entry& entry : entries_) {
        if (!matches(entry.segments, request.path(), arguments)) continue;
        const Route& route = entry.route;
        match.allowed.emplace_back(name(route.method));
        if (route.method == http::Method::get) match.allowed.emplace_back("HEAD");
        if (match.pattern.empty()) match.pattern = route.pattern;
        if (route.method != method || match.route) continue;
        match.route = &route;
        match.pattern = route.pattern;
        match.arguments = arguments;
    }
    return match;
}

http::Response Router::answer(const http::Request& request, Gate* gate) const {
    Match match = find(request);
    auto next = [&] { return carry_out(request, match); };
    return gate ? gate->pass(request, match.route ? match.pattern : std::string_view(), next) : next();
}

http::Response Router::carry_out(const http::Request& request, const Match& match) const {
    static constexpr std::string_view no_parameters[] = {""};
    if (match.allowed.empty()) return not_found(request);
    if (!match.route) return not_allowed(match.allowed);
    if (auto good = check_media_types(request, match.pattern); !good) return refuse(good.error());
    if (!match.route->takes_parameters)
        if (auto none = Parameters::read(request, no_parameters); !none) return refuse(none.error());
    auto answer = match.route->handler(request, match.arguments);
    return answer ? std::move(*answer) : refuse(std::move(answer.error()));
}

std::vector<std::pair<http::Method, std::string_view>> Router::routes() const {
    std::vector<std::pair<http::Method, std::string_view>> all;
    for (const Entry& entry : entries_) all.emplace_back(entry.route.method, entry.route.pattern);
    return all;
}

}  // namespace leat::server
