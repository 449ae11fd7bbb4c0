// Reads a COPY or replication stream straight from the wire into one buffer, from which it is decoded in
// place. libpq would allocate and copy per message; here a gulp of up to a megabyte costs one system call.
// PostgreSQL documentation, "Message Formats".
//
// Takes over an idle Connection: from start() to the end of the copy, nothing else may use it. Belongs to one
// thread.
#pragma once

#include <functional>

#include "base/byte_buffer.h"
#include "source/postgres/wire/connection.h"

struct ssl_st;

namespace leat::pg {

// An ErrorResponse or NoticeResponse. routine: the server's function that made it, whatever the language of
// the message.
struct ServerMessage {
    std::string sqlstate, message, detail, routine;
};

class FrameStream {
  public:
    // Sees the server's notices; what it fails with, next() fails with.
    using OnNotice = std::function<Status(const ServerMessage&)>;
    // Frames above frame_bytes_max are refused with ROW_TOO_LARGE.
    FrameStream(Connection& connection, size_t frame_bytes_max, OnNotice on_notice = {});

    // Sends a statement that answers with a copy, and waits for the copy to begin.
    Status start(const std::string& sql, std::stop_token stop);

    // The next CopyData frame that is already in the buffer; its bytes are valid until fill(). Empty: none is
    // whole, or the copy has ended (see ended()). A server's error is PG_STREAM_ERROR.
    Result<std::optional<Bytes>> next();
    // What the server's error was, once next() has failed with one.
    const std::string& sqlstate() const { return sqlstate_; }
    bool ended() const { return ended_; }  // CopyDone, and ready for the next statement

    // Reads what the socket has, waiting up to `wait` for the first byte. Returns the number of bytes; 0 at
    // the deadline.
    Result<size_t> fill(std::chrono::milliseconds wait);

    // Sends bytes that are whole frames. What the socket does not take now goes with the next call.
    Status send(Bytes frames);

  private:
    enum class Io { done, would_block };
    Result<Io> read_some(size_t& count);
    Result<Io> write_some();
    void make_room();

    PGconn* connection_;
    ssl_st* tls_;
    int socket_;
    size_t frame_bytes_max_;
    OnNotice on_notice_;
    ByteBuffer in_;
    size_t begin_ = 0;   // of what was not yet handed out
    size_t wanted_ = 0;  // bytes the frame at begin_ takes in all; 0: not known
    ByteBuffer out_;
    size_t out_begin_ = 0;
    bool copying_ = false, ended_ = false;
    std::string sqlstate_;
};

}  // namespace leat::pg
