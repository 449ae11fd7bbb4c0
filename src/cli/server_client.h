// The API of a running server, for the commands that talk to one. The server is --server or LEAT_SERVER, the
// token LEAT_TOKEN.
#pragma once

#include <string>

#include "http/client.h"
#include "json/json_value.h"

namespace leat::cli {

struct RemoteOptions {
    std::string server;   // empty: LEAT_SERVER, or http://127.0.0.1:8083
    std::string ca_file;  // empty: LEAT_CA, or the system's
    bool json = false;    // the answer as it came, for scripts
};

class ServerClient {
  public:
    explicit ServerClient(const RemoteOptions& options);

    // The answer's body; {} if it has none. What the server refuses has its code, message and action. Made
    // for one request at a time.
    Result<json::Value> get(const std::string& path);
    Result<json::Value> send(http::Method method, const std::string& path, const std::string& body = {});

    // As it came.
    const std::string& text() const { return text_; }

  private:
    std::string server_, token_;
    http::Client client_;
    std::string text_;
};

// One segment of a path, or a value of a query.
std::string encode(std::string_view text);

}  // namespace leat::cli
