#include "server/api.h"

#include <fmt/core.h>

#include "base/clock.h"
#include "base/text.h"
#include "server/accept.h"
#include "server/answers.h"
#include "server/change_stream.h"
#include "server/consumer_metrics.h"
#include "server/feed_parameters.h"
#include "server/metrics.h"
#include "server/openapi.h"
#include "server/parameters.h"
#include "server/source_json.h"
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

}  // namespace

Api::Api(Sources& sources, SourceControl& control, Consumers* consumers, ApiOptions options)
    : sources_(sources),
      consumers_(consumers),
      sources_api_(sources, control, consumers),
      options_(std::move(options)) {
    if (consumers) consumers_api_.emplace(*consumers, control);
    using http::Method;
    auto plain = [&](std::string pattern, auto answer) {
        router_.add({Method::get, std::move(pattern),
                     [answer](auto&, auto&) -> Result<http::Response> { return answer(); }});
    };
    plain("/healthz", [this] { return health(); });
    plain("/readyz", [this] { return ready(); });
    plain("/metrics", [this] { return metrics(); });
    plain("/api/v1/openapi.json", [] { return http::Response(200, json_type, std::string(openapi_json())); });
    plain("/api/v1/docs", [] {
        http::Response page(200, "text/html; charset=utf-8", std::string(docs_html()));
        page.set(
            "Content-Security-Policy",
            "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'");
        return page;
    });
    add_sources();
    if (consumers)
        add_consumers();
    else
        plain("/api/v1/consumers", [] { return json_answer(200, "{\"consumers\":[]}"); });
    if (consumers && options_.jobs) {
        jobs_api_.emplace(*options_.jobs, sources, *consumers);
        add_jobs();
    }
    if (!options_.access) return;
    tokens_api_.emplace(*options_.access, options_.database);
    tokens_api_->add_routes(router_);
    gate_.emplace(*options_.access, options_.database);
}

http::Response Api::answer(const http::Request& request) {
    if (auto good = check_origin(request); !good) return refuse(good.error());
    return router_.answer(request, gate_ ? &*gate_ : nullptr);
}

// Against pages in a browser on this machine: under a name of their own that leads here they could read, and
// under ours they could have something changed, for which a browser asks nobody.
Status Api::check_origin(const http::Request& request) const {
    std::string_view host = request.header("Host").value_or("");
    if (options_.loopback_only && !names_this_machine(host))
        return fail(ErrorCode::API_HOST,
                    "the server is for this machine alone, and the request names another host",
                    "Ask for it by localhost, 127.0.0.1 or [::1].");
    auto origin = request.header("Origin");
    bool reads = request.method == http::Method::get || request.method == http::Method::head;
    if (!origin || reads) return {};
    size_t scheme = origin->find("://");
    if (scheme != std::string_view::npos && origin->substr(scheme + 3) == host) return {};
    return fail(ErrorCode::API_HOST, "the request was made by a page of another host",
                "Changes are not taken from pages; send the request without Origin.");
}

http::Response Api::list_sources() {
    std::string text;
    for (const std::string& name : sources_.names()) {
        auto view = sources_.view(name);
        if (!view) continue;  // it has just been taken away
        if (!text.empty()) text += ',';
        text += source_json(*view);
    }
    return json_answer(200, "{\"sources\":[" + text + "]}");
}

Result<http::Response> Api::source_status(const std::string& name) {
    LEAT_ASSIGN(auto view, sources_.view(name));
    return json_answer(200, status_json(view));
}

namespace {

bool wants_events(const http::Request& request) {
    return acceptable(request.header("Accept"), answers_of("/changes")) == "text/event-stream";
}

Result<StreamBounds> stream_bounds(const Parameters& parameters, const LogRange& range) {
    LEAT_ASSIGN(auto limit, parameters.number("limit"));
    LEAT_ASSIGN(bool follow, parameters.flag("follow", true));
    StreamBounds bounds;
    bounds.limit = limit.value_or(UINT64_MAX);
    if (!follow) bounds.until = Seq(range.next_seq.value - 1);
    return bounds;
}

http::Response stream_answer(const std::string& name, std::shared_ptr<Feed> feed, StreamBounds bounds,
                             bool events) {
    auto body = std::make_unique<ChangeStream>(name, std::move(feed), bounds);
    http::StreamOptions idle{events ? ":\n\n" : "\n"};
    http::Response response(events ? "text/event-stream" : "application/x-ndjson", std::move(body), idle);
    response.set("Cache-Control", "no-store");
    return response;
}

}  // namespace

Result<http::Response> Api::open_changes(const http::Request& request, const std::string& name) {
    static constexpr std::string_view known[] = {"after", "from",    "tables", "ops",    "where",
                                                 "limit", "leaving", "format", "follow", "columns"};
    LEAT_ASSIGN(auto parameters, Parameters::read(request, known));
    bool events = wants_events(request);
    LEAT_ASSIGN(FeedSpec spec, feed_spec(parameters, name));
    if (events) spec.framing = Framing::server_sent_events;
    LEAT_ASSIGN(auto source, sources_.feed(spec));
    LEAT_ASSIGN(auto range, source.range());
    LEAT_ASSIGN(auto bounds, stream_bounds(parameters, range));
    LEAT_ASSIGN(bounds.after, start_place(request, parameters, source, range));
    LEAT_ASSIGN(auto feed, feeds_.get(spec.key(), std::move(source)));
    return stream_answer(name, std::move(feed), bounds, events);
}

// From the cursor that is kept here, unless the request says another place: who pulls again without having
// acknowledged gets the same again.
Result<http::Response> Api::open_subscription(const http::Request& request, const std::string& name) {
    static constexpr std::string_view known[] = {"after", "from", "limit", "follow"};
    LEAT_ASSIGN(auto parameters, Parameters::read(request, known));
    bool events = wants_events(request);
    LEAT_ASSIGN(auto subscription,
                consumers_->subscription(name, events ? Framing::server_sent_events : Framing::ndjson));
    LEAT_ASSIGN(auto range, subscription.feed.range());
    LEAT_ASSIGN(auto bounds, stream_bounds(parameters, range));
    bool placed = parameters.text("after") || parameters.text("from") || request.header("Last-Event-ID");
    bounds.after = subscription.cursor;
    if (placed) {
        LEAT_ASSIGN(bounds.after, start_place(request, parameters, subscription.feed, range));
    } else {
        LEAT_TRY(place_after(subscription.cursor.value, range));
    }
    LEAT_ASSIGN(auto feed, feeds_.get("consumer\n" + subscription.key, std::move(subscription.feed)));
    return stream_answer(name, std::move(feed), bounds, events);
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

// Every source does what was asked of it.
http::Response Api::ready() {
    std::string text = "{\"sources\":[";
    bool all = true;
    for (const std::string& name : sources_.names()) {
        auto view = sources_.view(name);
        if (!view) continue;
        // What somebody stopped or paused is as it should be.
        bool as_asked =
            works(view->status.state) || (view->desired != DesiredState::running && !view->status.error);
        all = all && as_asked;
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
    if (consumers_) write_consumer_metrics(text, *consumers_);
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
