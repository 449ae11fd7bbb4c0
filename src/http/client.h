// A blocking HTTP/1.1 client, for webhooks and the command line: one exchange at a time, one connection that
// is kept while the server keeps it. TLS is verified, redirects are answers like others, proxies are not
// asked. One thread at a time.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/error.h"
#include "http/request.h"

namespace leat::http {

struct ClientOptions {
    std::chrono::milliseconds connect_timeout{10'000};  // connecting and the TLS handshake
    std::chrono::milliseconds timeout{30'000};          // sending the request, and the answer until its end
    // With a receiver of the body `timeout` ends with the head, and this is between two pieces.
    std::chrono::milliseconds idle_timeout{60'000};
    uint64_t body_bytes_max = 16 << 20;  // of an answer without a receiver
    std::string ca_file = {};            // PEM; empty: the system's
    bool verify = true;                  // false: the server's certificate is not looked at
    // Called with each numeric address after the host was resolved, before anything is sent to it. One that
    // is refused is not connected to; if all are, its error is the exchange's.
    std::function<Status(const std::string& address)> address_filter = {};
};

struct ClientRequest {
    Method method = Method::get;
    std::string url;  // http://host[:port]/path?query, https://…; no user, no fragment
    std::vector<Header> headers;
    std::string body;
};

struct ClientResponse {
    int status = 0;
    std::vector<Header> headers;
    std::string body;  // empty if it went to a receiver
};

// Gets an answer's body as it comes, whatever the status. False: enough, the connection is closed.
using BodyReceiver = std::function<bool(std::string_view piece)>;

class Client {
  public:
    explicit Client(ClientOptions options = {});
    ~Client();
    Client(Client&&) noexcept;

    // URL_INVALID; HTTP_CONNECT: nothing was sent; HTTP_TLS_PEER: nothing was sent, the server is not the one
    // it should be; HTTP_NO_ANSWER: it is not known whether the server did what was asked; STOPPED. A request
    // is never sent twice.
    Result<ClientResponse> send(const ClientRequest& request, const BodyReceiver& receiver = {},
                                std::stop_token stop = {});

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace leat::http
