#include "engine/http_service.h"

#include <fmt/core.h>

#include "base/logging.h"

namespace leat::engine {

using namespace std::chrono_literals;

namespace {

// What other machines can reach asks who they are, and nobody between reads along.
Status check_exposure(const ServerConfig& config, const server::Access& access) {
    if (!access.any_valid())
        return fail(
            ErrorCode::SERVER_NO_TOKEN,
            fmt::format("server.listen: {} can be reached from other machines, and there is no valid "
                        "token",
                        config.listen),
            "Make one: leat token create --role admin --name NAME --data-dir DIR; or listen at 127.0.0.1.");
    if (config.tls_certificate.empty() && !config.tls_given_up)
        return fail(
            ErrorCode::SERVER_NO_TLS,
            fmt::format("server.listen: {} can be reached from other machines, and there is no "
                        "certificate",
                        config.listen),
            "Give server.tls.certificate and server.tls.key; or say server.tls: off, if something else "
            "encrypts.");
    return {};
}

}  // namespace

Result<std::unique_ptr<HttpService>> HttpService::open(const ServerConfig& config,
                                                       std::shared_ptr<db::Database> database,
                                                       server::Sources& sources,
                                                       server::SourceControl& control,
                                                       server::Consumers* consumers, server::Jobs* jobs) {
    if (!config.enabled) return nullptr;
    LEAT_ASSIGN(auto address, http::parse_listen_address(config.listen));
    LEAT_ASSIGN(auto access, server::Access::open(database));
    if (!address.loopback()) LEAT_TRY(check_exposure(config, *access));
    std::unique_ptr<HttpService> service(new HttpService(std::move(access)));
    server::ApiOptions api_options;
    api_options.version = LEAT_VERSION;
    api_options.loopback_only = address.loopback();
    api_options.access = service->access_.get();
    api_options.database = std::move(database);
    api_options.jobs = jobs;
    service->api_ = std::make_unique<server::Api>(sources, control, consumers, std::move(api_options));
    http::Options options;
    options.listen = std::move(address);
    if (!config.tls_certificate.empty())
        options.tls = http::TlsOptions{config.tls_certificate, config.tls_key, config.tls_client_ca};
    service->tls_ = options.tls.has_value();
    auto handler = [api = service->api_.get()](http::Request request, http::Responder responder) {
        responder.answer(api->answer(request));
    };
    LEAT_ASSIGN(service->server_, http::Server::open(std::move(options), handler));
    service->api_->set_server(service->server_.get());
    log_event(LogLevel::info, "",
              fmt::format("listening at http{}://{}{}", service->tls_ ? "s" : "", service->server_->address(),
                          service->access_->required() ? ", with tokens" : ""));
    return service;
}

Status HttpService::reload_certificates() { return tls_ ? server_->reload_certificates() : Status(); }

HttpService::~HttpService() {
    if (!server_) return;
    server_->stop(1s);
    api_->set_server(nullptr);
}

}  // namespace leat::engine
