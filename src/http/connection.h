// One client's connection: reads a request, has it handled, writes the answer, and so on. All of it happens
// on the thread of its loop.
//
//     handshake ─▶ head ─▶ body ─▶ handling ─▶ answering ─▶ head …
//                                         └──▶ streaming ─▶ head …      any ─▶ lingering ─▶ closed
#pragma once

#include "http/exchange.h"
#include "http/loop.h"
#include "http/output.h"
#include "http/request_parser.h"
#include "http/services.h"
#include "http/stream.h"

namespace leat::http {

class Connection : public Watched, public std::enable_shared_from_this<Connection> {
  public:
    // admitted: whether it counts as one; else it is only told that there are too many.
    Connection(Services& services, std::shared_ptr<Loop> loop, FileDescriptor socket, std::string remote,
               std::string admission_key, bool admitted);
    ~Connection() override;

    void start();
    void drain();  // the server stops: ends as soon as nothing is left half done
    void cut();    // …at once

    void on_ready(uint32_t events) override;
    void on_tick(SteadyClock::time_point now) override;
    void on_answer(Response response);  // from the exchange
    void on_piece();                    // from the stream

  private:
    enum class State : uint8_t { handshake, head, body, handling, answering, streaming, lingering, closed };
    enum class Piece : uint8_t { none, ready, under_way };  // of the stream, with us

    // Reading
    void do_handshake();
    void read_request();
    void use(Bytes bytes);  // as much as belongs to the request; the rest is kept
    size_t parse(Bytes bytes);
    void head_done(bool body_began);
    void request_complete();
    void reject(const Rejection& why);
    bool charge();
    void release();

    // Writing (connection_write.cpp)
    void answer(Response response);
    void pump();
    bool more_to_send();
    void answer_sent();
    bool more_of_stream();
    bool piece_sent();
    void send_piece();
    void end_stream(BodyEnd reason);
    void send_idle_line();
    void on_write_deadline();

    // Ending
    void linger();
    void discard_input();
    void close(BodyEnd reason, bool reset = false);
    void on_deadline();

    void watch(uint32_t events);
    void set_deadline(std::chrono::milliseconds from_now);

    Services& services_;
    const std::shared_ptr<Loop> loop_;
    Transport transport_;
    const std::string remote_, admission_key_;
    const bool admitted_;

    State state_ = State::handshake;
    uint32_t watched_ = 0;
    SteadyClock::time_point deadline_ = SteadyClock::time_point::max();
    bool keep_alive_ = false;  // after the request at hand
    bool http_1_0_ = false;    // the request at hand
    bool head_only_ = false;   // it is HEAD
    bool draining_ = false;
    bool peer_closed_ = false;   // it sends nothing more
    size_t unacknowledged_ = 0;  // when the deadline of writing was set

    std::unique_ptr<RequestParser> parser_;  // from a request's first byte to its last
    ByteBuffer input_;                       // read, but not used yet
    size_t charged_ = 0;                     // of Options::requests_bytes_max
    size_t discarded_ = 0;
    std::shared_ptr<Exchange> exchange_;

    Output output_;
    std::shared_ptr<Stream> stream_;
    Piece piece_ = Piece::none;
    bool chunked_ = false;
    size_t piece_bytes_ = 0;
    std::optional<BodyEnd> ending_;  // the last chunk is under way
    StreamOptions stream_options_;
    SteadyClock::time_point idle_line_at_{};
};

}  // namespace leat::http
