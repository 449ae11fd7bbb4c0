// The HTTP server of `leat run`. Made before the sources start, so that an address that is taken is told at
// once; stopped before they are gone.
#pragma once

#include "config/config.h"
#include "server/api.h"

namespace leat::engine {

class HttpService {
  public:
    // HTTP_ADDRESS_IN_USE, HTTP_LISTEN, HTTP_TLS, CONFIG_INVALID (server.listen); beyond this machine
    // SERVER_NO_TOKEN, SERVER_NO_TLS. Null: server.listen is off.
    static Result<std::unique_ptr<HttpService>> open(const ServerConfig& config,
                                                     std::shared_ptr<db::Database> database,
                                                     server::Sources& sources, server::SourceControl& control,
                                                     server::Consumers* consumers = nullptr,
                                                     server::Jobs* jobs = nullptr);
    ~HttpService();

    // Reads the certificate and its key again. HTTP_TLS: the old ones stay in use.
    Status reload_certificates();
    // Often, by one thread: sees which tokens other processes made and revoked.
    void tick() { access_->tick(); }

  private:
    explicit HttpService(std::unique_ptr<server::Access> access) : access_(std::move(access)) {}
    const std::unique_ptr<server::Access> access_;
    std::unique_ptr<server::Api> api_;
    std::unique_ptr<http::Server> server_;
    bool tls_ = false;
};

}  // namespace leat::engine
