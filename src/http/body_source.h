// The body of an answer that has no end yet: bytes are asked for only when the socket has taken the earlier
// ones, so that a slow reader is held back by flow control and costs one piece.
//
//     class Changes : public http::BodySource {
//         void start(http::Wake wake) override { subscription_ = log.subscribe([wake] { wake(); }); }
//         http::BodyState next(http::BodyPiece& out) override {
//             if (!more()) return http::BodyState::waiting;
//             out.share(encoded_once);                 // or out.bytes().put_text(…)
//             return http::BodyState::more;
//         }
//     };
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/byte_buffer.h"

namespace leat::http {

class Stream;

// What the client gets next, in order: bytes of one's own, and bytes that several clients get.
class BodyPiece {
  public:
    explicit BodyPiece(size_t full_at) : full_at_(full_at) {}

    // Appended here: copied into the piece. Valid until share().
    ByteBuffer& bytes() { return bytes_; }
    // Sent from where they are. They must not change any more; the last client that got them frees them.
    void share(std::shared_ptr<const ByteBuffer> bytes);
    void share(std::shared_ptr<const std::string> text);

    size_t size() const { return shared_bytes_ + bytes_.size(); }
    // Full enough: a source that has more returns `more` and is asked again. (Options::piece_bytes)
    bool full() const { return size() >= full_at_; }

  private:
    friend class Output;
    friend class PieceStock;

    struct Shared {
        std::shared_ptr<const void> owner;
        Bytes bytes;
        size_t after;  // stands behind so many of bytes_
    };
    void add(std::shared_ptr<const void> owner, Bytes bytes);
    void clear();

    ByteBuffer bytes_;
    std::vector<Shared> shared_;
    size_t shared_bytes_ = 0;
    const size_t full_at_;
};

enum class BodyState : uint8_t {
    more,     // there may be more at once
    waiting,  // nothing now (what was put into the piece is sent): asked again after a Wake
    end,      // complete: the client sees a whole body
    failed,   // cannot go on: the client sees that the body is cut
};

enum class BodyEnd : uint8_t {
    complete,     // all of it was handed to the socket
    failed,       // the source failed
    client_gone,  // the connection was closed by the client, or broke
    stalled,      // the client took nothing for Options::write_timeout
    stopped,      // the server stops; the client saw the end of a whole body
};

// Says that a source which returned `waiting` has more. Any thread may call it, at any time, also under a
// lock of the source's: it never calls into the source. A wake that comes while next() runs is not lost; one
// that comes after the end does nothing. Each costs some 25 µs with what it leads to: where there is much to
// say, one every few milliseconds is better than one for each change. Copies are equal and cheap; it does not
// keep the stream alive.
class Wake {
  public:
    Wake() = default;
    explicit Wake(std::weak_ptr<Stream> stream) : stream_(std::move(stream)) {}
    void operator()() const;

  private:
    std::weak_ptr<Stream> stream_;
};

// All of it is called on worker threads, never two at a time. It may block a little (see Options::workers).
// start(), next()…, ended(), and then it is destroyed: within milliseconds after the client is gone, unless
// next() runs at that time. An exception is logged and means `failed`. A source that is not started (HEAD, or
// the client was gone before) is only destroyed, on any thread.
class BodySource {
  public:
    virtual ~BodySource() = default;

    virtual void start(Wake wake) { (void)wake; }
    // Adds what comes next to `out`, which is empty, up to about out.full(). Between two pieces an idle line
    // may stand (StreamOptions), so a piece ends where a record ends.
    virtual BodyState next(BodyPiece& out) = 0;
    // sent: bytes of the body that the socket took, of whole pieces.
    virtual void ended(BodyEnd reason, uint64_t sent) { (void)reason, (void)sent; }
};

}  // namespace leat::http
