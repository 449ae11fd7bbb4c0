// An HTTP/1.1 server: whole answers, and streams that last for days. It knows nothing of what is served.
//
// Threads: a few I/O threads own the connections and never block; handlers and body sources run on a pool of
// workers. All functions here may be called from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "http/listen_address.h"
#include "http/request.h"
#include "http/response.h"

namespace leat::http {

struct TlsOptions {
    std::string certificate_file;  // PEM: the certificate, then those that lead to the root
    std::string key_file;          // PEM, not encrypted
    std::string client_ca_file;    // if given, only clients with a certificate of one of these are let in
};

struct Options {
    ListenAddress listen;
    std::optional<TlsOptions> tls;

    unsigned io_threads = 2;
    // For handlers and BodySource::next. While all of them block, nothing is answered and no stream goes on.
    unsigned workers = 4;

    // Beyond a limit the client is told (503 with Retry-After) and the connection closed. connections_max is
    // lowered to what the process may open (RLIMIT_NOFILE), less a quarter for the rest of it.
    uint32_t connections_max = 10'000;
    uint32_t connections_per_address_max = 4'000;  // of IPv6 per /64

    uint32_t target_bytes_max = 8 << 10;     // 414
    uint32_t header_bytes_max = 32 << 10;    // 431, request line and headers together
    uint32_t headers_max = 100;              // 431
    uint64_t body_bytes_max = 4 << 20;       // 413
    uint64_t requests_bytes_max = 64 << 20;  // 503: of all requests that are received or handled now
    uint32_t piece_bytes = 64 << 10;         // about what a stream has under way (BodyPiece::full)
    uint32_t unsent_bytes_max = 128 << 10;   // of a connection, in the kernel, before it is asked for more

    std::chrono::milliseconds header_timeout{10'000};  // 408: TLS handshake, request line and headers
    std::chrono::milliseconds body_timeout{60'000};    // 408: the whole body
    std::chrono::milliseconds idle_timeout{60'000};    // a kept-alive connection without a request is closed
    std::chrono::milliseconds write_timeout{30'000};   // a client that takes nothing for so long is cut
};

// Answers one request, once; from any thread, also after the handler has returned, also after the server has
// stopped (then nothing happens). If it is dropped without an answer the client gets 500 and the log a line.
class Responder {
  public:
    Responder() = default;
    explicit Responder(std::shared_ptr<class Exchange> exchange);
    Responder(Responder&&) noexcept;
    Responder& operator=(Responder&&) noexcept;
    ~Responder();

    void answer(Response response);
    // The client closed its connection: whatever is answered, nobody reads it. For handlers that wait.
    bool client_gone() const;

  private:
    void drop();
    std::shared_ptr<class Exchange> exchange_;
};

// Called on a worker; several at a time. An exception is logged and answered with 500.
using Handler = std::function<void(Request, Responder)>;

struct Stats {
    uint64_t connections = 0, streams = 0;  // now
    uint64_t request_bytes = 0;             // now, of requests_bytes_max
    uint64_t accepted = 0, refused = 0;     // connections; refused: for a limit
    uint64_t requests = 0;                  // that were handed to the handler
    uint64_t rejected = 0;                  // requests that the server itself answered with 4xx, 5xx
    uint64_t timed_out = 0, stalled = 0;    // connections closed for a timeout of reading, of writing
    uint64_t bytes_sent = 0;
};

class Server {
  public:
    // Serves from here on. HTTP_ADDRESS_IN_USE, HTTP_LISTEN, HTTP_TLS.
    static Result<std::unique_ptr<Server>> open(Options options, Handler handler);
    ~Server();  // stop(0s)

    uint16_t port() const;        // the one that was chosen, if 0 was asked for
    std::string address() const;  // "127.0.0.1:8083"

    // Reads certificate and key again; connections from here on get them. HTTP_TLS: the old ones stay in use.
    Status reload_certificates();

    // Takes no more connections, closes those that are idle, ends streams after the piece under way, and
    // waits up to `patience` until what was asked is answered; then cuts what is left. Returns after the last
    // call into a handler or source has returned and every source is destroyed. Not from a handler or source.
    void stop(std::chrono::milliseconds patience);

    Stats stats() const;

  private:
    class Impl;
    explicit Server(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace leat::http
