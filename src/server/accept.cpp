#include "server/accept.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "base/text.h"

namespace leat::server {

namespace {

constexpr std::string_view json[] = {"application/json"};
constexpr std::string_view plain[] = {"text/plain", "application/openmetrics-text"};
constexpr std::string_view page[] = {"text/html"};
constexpr std::string_view changes[] = {"application/x-ndjson", "text/event-stream", "application/json"};
constexpr std::string_view problem[] = {"application/problem+json"};
constexpr std::string_view bodies[] = {"application/json", "application/merge-patch+json"};

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return out;
}

// How well a media range of an Accept header fits: 0 not at all, 3 by name.
int fit(std::string_view range, std::string_view type) {
    if (range == type) return 3;
    if (range == "*/*") return 1;
    bool family = range.ends_with("/*") && type.starts_with(range.substr(0, range.size() - 1));
    return family ? 2 : 0;
}

// The q of "; q=0.5", in thousandths; 1000 without one.
int weight(std::string_view parameters) {
    for (std::string_view parameter : split(parameters, ';')) {
        parameter = trim(parameter);
        if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) continue;
        parameter.remove_prefix(2);
        if (parameter.empty() || parameter[0] != '0') return 1000;
        int value = 0, unit = 100;
        for (char c : parameter.substr(1)) {
            if (c == '.') continue;
            if (c < '0' || c > '9') break;
            value += (c - '0') * unit;
            unit /= 10;
        }
        return value;
    }
    return 1000;
}

}  // namespace

std::optional<std::string_view> acceptable(std::optional<std::string_view> accept,
                                           std::span<const std::string_view> answers) {
    if (!accept || trim(*accept).empty()) return answers.front();
    std::optional<std::string_view> best;
    int best_weight = 0;
    for (std::string_view answer : answers) {
        int fits = 0, weighs = 0;  // by the range that fits best
        for (std::string_view item : split(*accept, ',')) {
            size_t end = std::min(item.find(';'), item.size());
            int now = fit(lower(trim(item.substr(0, end))), answer);
            if (now > fits) fits = now, weighs = weight(item.substr(end));
        }
        if (weighs > best_weight) best = answer, best_weight = weighs;
    }
    return best;
}

std::span<const std::string_view> answers_of(std::string_view pattern) {
    if (pattern == "/metrics" || pattern == "/healthz") return plain;
    if (pattern == "/api/v1/docs") return page;
    if (pattern.ends_with("/changes")) return changes;
    return json;
}

Status check_media_types(const http::Request& request, std::string_view pattern) {
    auto answers = answers_of(pattern);
    auto accept = request.header("Accept");
    if (!acceptable(accept, answers) && !acceptable(accept, problem))
        return fail(ErrorCode::API_NOT_ACCEPTABLE, "Accept names nothing that this path answers with",
                    fmt::format("It answers with {}.", fmt::join(answers, ", ")));
    if (request.body.empty()) return {};
    std::string_view type = request.header("Content-Type").value_or("");
    type = trim(type.substr(0, type.find(';')));
    for (std::string_view known : bodies)
        if (lower(type) == known) return {};
    return fail(ErrorCode::API_MEDIA_TYPE, "the body is not said to be JSON",
                "Send it with Content-Type: application/json.");
}

}  // namespace leat::server
