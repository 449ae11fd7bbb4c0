#include "server/api.h"

#include <fmt/core.h>

#include "base/clock.h"
#include "base/text.h"
#include "server/change_stream.h"
#include "server/feed_parameters.h"
#include "server/metrics.h"
#include "server/openapi.h"
#include "server/parameters.h"
#include "server/source_metrics.h"
#include "server/start_place.h"

namespace leat::server {

// A name that only begins like a loopback address may be anybody's.
bool names_this_machine(std::string_view host) {
    if (host.starts_with('[')) return host == "[::1]" || host.starts_with("[::1]:");
    std::string_view name = host.substr(0, host.find(':'));
    bool is_address =
        name.starts_with("127.") && name.find_first_not_of("0123456789.") == std::string_view::npos;
    return name == "localhost" || is_address;
}

namespace {

using http::json_string;

constexpr std::string_view json_type = "application/json";
constexpr std::string_view no_parameters[] = {""};

int http_status(ErrorCode code) {
    switch (code) {
        case ErrorCode::API_PARAMETER:
        case ErrorCode::USAGE:
        case ErrorCode::CONDITION_INVALID:
        case ErrorCode::SELECTION_UNKNOWN:
            return 400;
        case ErrorCode::API_HOST:
            return 403;
        case ErrorCode::API_NOT_FOUND:
        case ErrorCode::LOG_NO_SOURCE:
            return 404;
        case ErrorCode::API_METHOD:
            return 405;
        case ErrorCode::API_SEQUENCE_AHEAD:
            return 409;
        case ErrorCode::LOG_TRIMMED:
            return 410;
        default:
            return 500;
    }
}

http::Response refuse(const Error& error) { return http::problem(http_status(error.code), error); }

http::Response not_found(const http::Request& request) {
    return refuse({ErrorCode::API_NOT_FOUND,
                   fmt::format("there is nothing at {}", request.target.path_text()),
                   "/api/v1/openapi.json says what there is."});
}

http::Response json(std::string text) { return {200, json_type, std::move(text)}; }

std::string json_time(int64_t time_us) { return time_us ? json_string(format_time_us(time_us)) : "null"; }

std::string error_json(const std::optional<Error>& error) {
    if (!error) return "null";
    return fmt::format("{{\"code\":{},\"message\":{},\"action\":{}}}", json_string(name(error->code)),
                       json_string(error->message), json_string(error->action));
}

std::string to_json(const SourceView& view) {
    const LogRange& range = view.range;
    bool empty = range.first_seq == range.next_seq;
    return fmt::format(
        "{{\"source_id\":{},\"status\":\"{}\",\"error\":{},\"changes\":{},\"changes_per_second\":{:.1f},"
        "\"lag_seconds\":{:.3f},\"last_captured_timestamp\":{},"
        "\"log\":{{\"first_seq\":{},\"last_seq\":{},\"first_timestamp\":{},\"last_timestamp\":{},\"bytes\":{}"
        ","
        "\"segments\":{}}}}}",
        json_string(view.name), name(view.status.state), error_json(view.status.error), view.status.changes,
        view.changes_per_second, lag_seconds(view.status), json_time(view.status.captured_time_us),
        empty ? "null" : std::to_string(range.first_seq.value),
        empty ? "null" : std::to_string(range.next_seq.value - 1), json_time(range.first_time_us),
        json_time(range.last_time_us), range.bytes, range.segments);
}

bool works(SourceState state) { return state == SourceState::running || state == SourceState::snapshotting; }

}  // namespace

http::Response Api::answer(const http::Request& request) {
    if (options_.loopback_only && !names_this_machine(request.header("Host").value_or("")))
        return refuse({ErrorCode::API_HOST,
                       "the server is for this machine alone, and the request names another host",
                       "Ask for it by localhost, 127.0.0.1 or [::1]."});
    if (request.method != http::Method::get && request.method != http::Method::head)
        return http::problem(405, {ErrorCode::API_METHOD, "this path is read by GET alone", ""})
            .set("Allow", "GET, HEAD");
    auto& path = request.path();
    auto is = [&](std::initializer_list<std::string_view> wanted) {
        return std::ranges::equal(path, wanted);
    };
    bool of_source = path.size() >= 4 && path[0] == "api" && path[1] == "v1" && path[2] == "sources";
    if (of_source && path.size() == 5 && path[4] == "changes") return changes(request, path[3]);
    if (auto none = Parameters::read(request, no_parameters); !none) return refuse(none.error());
    if (is({"healthz"})) return health();
    if (is({"readyz"})) return ready();
    if (is({"metrics"})) return metrics();
    if (is({"api", "v1", "openapi.json"})) return {200, json_type, std::string(openapi_json())};
    if (is({"api", "v1", "sources"})) return list_sources();
    if (of_source && path.size() == 4) return one_source(path[3]);
    if (of_source && path.size() == 5 && path[4] == "status") return source_status(path[3]);
    return not_found(request);
}

http::Response Api::list_sources() {
    std::string text = "{\"sources\":[";
    for (const std::string& name : sources_.names()) {
        auto view = sources_.view(name);
        if (!view) continue;  // it has just been taken away
        if (text.back() != '[') text += ',';
        text += to_json(*view);
    }
    return json(text + "]}\n");
}

http::Response Api::one_source(const std::string& name) {
    auto view = sources_.view(name);
    return view ? json(to_json(*view) + "\n") : refuse(view.error());
}

http::Response Api::source_status(const std::string& name) {
    auto view = sources_.view(name);
    if (!view) return refuse(view.error());
    return json(
        fmt::format("{{\"status\":\"{}\",\"lag_seconds\":{:.3f},\"changes_per_second\":{:.1f},"
                    "\"last_captured_timestamp\":{},\"error\":{}}}\n",
                    leat::name(view->status.state), lag_seconds(view->status), view->changes_per_second,
                    json_time(view->status.captured_time_us), error_json(view->status.error)));
}

http::Response Api::changes(const http::Request& request, const std::string& name) {
    auto opened = open_changes(request, name);
    if (!opened) return refuse(opened.error());
    return std::move(*opened);
}

Result<http::Response> Api::open_changes(const http::Request& request, const std::string& name) {
    static constexpr std::string_view known[] = {"after", "from",    "tables", "ops",    "where",
                                                 "limit", "leaving", "format", "follow", "columns"};
    LEAT_ASSIGN(auto parameters, Parameters::read(request, known));
    std::string_view accept = request.header("Accept").value_or("");
    bool events = accept.find("text/event-stream") != std::string_view::npos;
    LEAT_ASSIGN(FeedSpec spec, feed_spec(parameters, name));
    if (events) spec.framing = Framing::server_sent_events;
    LEAT_ASSIGN(auto limit, parameters.number("limit"));
    LEAT_ASSIGN(bool follow, parameters.flag("follow", true));
    LEAT_ASSIGN(auto source, sources_.feed(spec));
    LEAT_ASSIGN(auto range, source.range());
    StreamBounds bounds;
    bounds.limit = limit.value_or(UINT64_MAX);
    if (!follow) bounds.until = Seq(range.next_seq.value - 1);
    LEAT_ASSIGN(bounds.after, start_place(request, parameters, source, range));
    LEAT_ASSIGN(auto feed, feeds_.get(spec.key(), std::move(source)));
    auto body = std::make_unique<ChangeStream>(name, std::move(feed), bounds);
    http::StreamOptions idle{events ? ":\n\n" : "\n"};
    http::Response response(events ? "text/event-stream" : "application/x-ndjson", std::move(body), idle);
    response.set("Cache-Control", "no-store");
    return response;
}

// Whether restarting the process would mend something: a thread that should go round twice a second has not
// for a minute.
http::Response Api::health() {
    std::string stalled;
    for (const std::string& name : sources_.names()) {
        auto view = sources_.view(name);
        if (view && view->status.stalled >= options_.stalled_after) stalled += name + "\n";
    }
    if (stalled.empty()) return {200, "text/plain", "ok\n"};
    return {503, "text/plain", "these sources stand still:\n" + stalled};
}

// Every source does what it is there for.
http::Response Api::ready() {
    std::string text = "{\"sources\":[";
    bool all = true;
    for (const std::string& name : sources_.names()) {
        auto view = sources_.view(name);
        if (!view) continue;
        all = all && works(view->status.state);
        if (text.back() != '[') text += ',';
        text += fmt::format("{{\"source_id\":{},\"status\":\"{}\",\"error\":{}}}", json_string(name),
                            leat::name(view->status.state), error_json(view->status.error));
    }
    return {all ? 200 : 503, json_type, text + "]}\n"};
}

http::Response Api::metrics() {
    MetricsText text;
    text.metric("leat_build_info", "gauge", "1, with the version as a label.");
    text.sample(1, {{"version", options_.version}});
    write_source_metrics(text, sources_);
    if (auto* server = server_.load()) {
        auto stats = server->stats();
        text.metric("leat_http_connections", "gauge", "Connections now.");
        text.sample(static_cast<double>(stats.connections));
        text.metric("leat_http_streams", "gauge", "Answers without end now: subscribers.");
        text.sample(static_cast<double>(stats.streams));
        text.metric("leat_http_feeds", "gauge", "Encoded streams that subscribers share now.");
        text.sample(static_cast<double>(feeds_.count()));
        text.metric("leat_http_requests_total", "counter", "Requests that were handled.");
        text.sample(static_cast<double>(stats.requests));
        text.metric("leat_http_sent_bytes_total", "counter", "Bytes sent to clients.");
        text.sample(static_cast<double>(stats.bytes_sent));
        text.metric("leat_http_stalled_total", "counter", "Clients cut because they took nothing.");
        text.sample(static_cast<double>(stats.stalled));
    }
    return {200, "text/plain; version=0.0.4; charset=utf-8", text.take()};
}

}  // namespace leat::server
