// The way of a streamed body between its source, which works on the pool, and its connection, which is on an
// I/O thread. At any time one of them has it, or it waits for a Wake:
//
//     working ─▶ the pool runs next() ─▶ the connection sends the piece ─▶ working, or waiting ─▶ (wake)
//     working
//
// When it is closed, whoever has it lets it go; the source is destroyed on the pool.
#pragma once

#include "http/body_source.h"
#include "http/services.h"

namespace leat::http {

class Connection;
class Loop;

class Stream : public std::enable_shared_from_this<Stream> {
  public:
    Stream(Services& services, Loop& loop, std::weak_ptr<Connection> connection,
           std::unique_ptr<BodySource> source);
    ~Stream();

    // On the connection's thread.
    void begin();                       // asks for the first piece
    std::unique_ptr<BodyPiece> take();  // in Connection::on_piece: the piece, not null but maybe empty
    BodyState state() const { return state_; }
    void resume();               // the piece was sent: asks for the next one, or waits
    void close(BodyEnd reason);  // the end, whatever the source does now
    void add_sent(size_t bytes) { sent_ += bytes; }

    // On any thread.
    void wake();

  private:
    enum class Phase : uint8_t { working, woken, waiting, closed };  // woken: working, with a wake to come

    void post();
    void work();     // on the pool
    void arrived();  // on the connection's thread
    void finish();   // on the pool
    BodyState ask();

    Services& services_;
    Loop& loop_;
    const std::weak_ptr<Connection> connection_;
    std::unique_ptr<BodySource> source_;
    std::atomic<Phase> phase_ = Phase::working;
    bool started_ = false;
    std::unique_ptr<BodyPiece> piece_;
    BodyState state_ = BodyState::more;
    bool with_connection_ = false;  // on its thread only
    uint64_t sent_ = 0;
    BodyEnd reason_ = BodyEnd::complete;
};

}  // namespace leat::http
