// The HTTP server of `leat run`. Made before the sources start, so that an address that is taken is told at
// once; stopped before they are gone.
#pragma once

#include "config/config.h"
#include "server/api.h"

namespace leat::engine {

class HttpService {
  public:
    // HTTP_ADDRESS_IN_USE, HTTP_LISTEN, CONFIG_INVALID (server.listen). Null: server.listen is off.
    static Result<std::unique_ptr<HttpService>> open(const ServerConfig& config, server::Sources& sources,
                                                     server::SourceControl& control,
                                                     server::Consumers* consumers = nullptr);
    ~HttpService();

  private:
    HttpService(server::Sources& sources, server::SourceControl& control, server::Consumers* consumers)
        : api_(sources, control, consumers, {.version = LEAT_VERSION}) {}
    server::Api api_;
    std::unique_ptr<http::Server> server_;
};

}  // namespace leat::engine
