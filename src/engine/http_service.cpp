#include "engine/http_service.h"

#include <fmt/core.h>

#include "base/logging.h"

namespace leat::engine {

using namespace std::chrono_literals;

Result<std::unique_ptr<HttpService>> HttpService::open(const ServerConfig& config, server::Sources& sources,
                                                       server::SourceControl& control,
                                                       server::Consumers* consumers) {
    if (!config.enabled) return nullptr;
    LEAT_ASSIGN(auto address, http::parse_listen_address(config.listen));
    // Without tokens and TLS nobody but this machine is to read what the databases hold.
    if (!address.loopback())
        return fail(
            ErrorCode::CONFIG_INVALID,
            fmt::format("server.listen: {} can be reached from other machines, and there is no "
                        "authentication yet",
                        config.listen),
            "Listen at 127.0.0.1 or [::1], and put a proxy that authenticates before it; or server.listen: "
            "off.");
    std::unique_ptr<HttpService> service(new HttpService(sources, control, consumers));
    http::Options options;
    options.listen = std::move(address);
    auto handler = [api = &service->api_](http::Request request, http::Responder responder) {
        responder.answer(api->answer(request));
    };
    LEAT_ASSIGN(service->server_, http::Server::open(std::move(options), handler));
    service->api_.set_server(service->server_.get());
    log_event(LogLevel::info, "", fmt::format("listening at http://{}", service->server_->address()));
    return service;
}

HttpService::~HttpService() {
    if (!server_) return;
    server_->stop(1s);
    api_.set_server(nullptr);
}

}  // namespace leat::engine
