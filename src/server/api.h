// The HTTP API: which path is answered by what. docs/http.md describes it for users.
// Any thread; lasts longer than the http::Server that calls it.
#pragma once

#include "delivery/feeds.h"
#include "http/server.h"
#include "server/consumers_api.h"
#include "server/gate.h"
#include "server/jobs_api.h"
#include "server/router.h"
#include "server/sources_api.h"
#include "server/tokens_api.h"

namespace leat::server {

struct ApiOptions {
    std::string version;
    // Only this machine can reach the server: then a request has to name this machine too, or any page in a
    // browser could read changes by pointing its own name here.
    bool loopback_only = true;
    // Who is let in, and where it is noted; null: anyone, nowhere.
    Access* access = nullptr;
    std::shared_ptr<db::Database> database = nullptr;
    Jobs* jobs = nullptr;                             // with consumers only
    std::chrono::milliseconds stalled_after{60'000};  // of a source: /healthz is 503 then
};

// Of a Host header: whether it is localhost or a loopback address, with or without a port.
bool names_this_machine(std::string_view host);

class Api {
  public:
    // consumers: null where there are none.
    Api(Sources& sources, SourceControl& control, Consumers* consumers, ApiOptions options);

    http::Response answer(const http::Request& request);
    // For /metrics; the server is made with this.
    void set_server(const http::Server* server) { server_ = server; }
    const Router& router() const { return router_; }

  private:
    Status check_origin(const http::Request& request) const;
    void add_sources();
    void add_consumers();
    void add_jobs();
    http::Response list_sources();
    Result<http::Response> source_status(const std::string& name);
    Result<http::Response> open_changes(const http::Request& request, const std::string& name);
    Result<http::Response> open_subscription(const http::Request& request, const std::string& name);
    http::Response health();
    http::Response ready();
    http::Response metrics();

    Sources& sources_;
    Consumers* const consumers_;
    SourcesApi sources_api_;
    std::optional<ConsumersApi> consumers_api_;
    std::optional<JobsApi> jobs_api_;
    const ApiOptions options_;
    Feeds feeds_;
    std::optional<TokensApi> tokens_api_;
    std::optional<Gate> gate_;
    Router router_;
    std::atomic<const http::Server*> server_{nullptr};
};

}  // namespace leat::server
