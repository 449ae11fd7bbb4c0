// A connected socket that never blocks, plain or with TLS on top. One thread at a time.
#pragma once

#include <openssl/ssl.h>
#include <sys/uio.h>

#include <memory>
#include <span>

#include "base/file.h"

namespace leat::http {

enum class IoState : uint8_t {
    done,        // bytes says how many
    want_read,   // nothing: try again once the socket is readable
    want_write,  // …writable
    closed,      // the peer ended its side
    broken,      // reset, timed out, or a violation of TLS
};

struct IoResult {
    IoState state = IoState::done;
    size_t bytes = 0;
};

class Transport {
  public:
    enum class Role : uint8_t { server, client };

    // tls may be null. The socket is non-blocking already.
    Transport(FileDescriptor socket, SSL_CTX* tls, Role role = Role::server);
    ~Transport();
    Transport(const Transport&) = delete;

    int fd() const { return socket_.get(); }
    bool tls() const { return ssl_ != nullptr; }
    SSL* ssl() { return ssl_; }  // null without TLS; for what is set before the handshake

    // Until `done`, before anything is read or written. A client that speaks HTTP in the clear to a TLS port
    // gets an answer in the clear that says so, and `broken`.
    IoState handshake();
    IoResult read(std::span<uint8_t> to);
    // Takes part of it, at least a byte if `done`. With TLS, after want_… the same bytes have to come again.
    IoResult write(std::span<const iovec> from);

    // Tells the peer that nothing more comes; it may still send, but what it sends is only good for
    // discard().
    void end_writing();
    IoResult discard(std::span<uint8_t> scratch) { return read_plain(scratch); }
    // Bytes that are written but not acknowledged by the peer's system.
    size_t unacknowledged() const;
    bool has_unread() const;
    void close(bool reset);  // reset: what is not sent yet is thrown away at once

  private:
    IoResult read_plain(std::span<uint8_t> to);
    IoResult write_plain(std::span<const iovec> from);
    IoResult write_tls(std::span<const iovec> from);
    IoState tls_state(int result);

    FileDescriptor socket_;
    SSL* ssl_ = nullptr;
};

}  // namespace leat::http
