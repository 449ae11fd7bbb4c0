// The writing half of a connection.
#include "base/logging.h"
#include "http/connection.h"
#include "http/response_head.h"

namespace leat::http {

namespace {

constexpr auto forever = SteadyClock::time_point::max();

Response defective() {
    return problem(500, name(ErrorCode::INTERNAL), "The server failed",
                   "The answer to the request could not be sent for a defect of the server.");
}

}  // namespace

void Connection::on_answer(Response response) {
    if (state_ == State::handling) answer(std::move(response));
}

void Connection::answer(Response response) {
    state_ = State::answering;
    deadline_ = forever;  // until the socket takes no more
    bool body_allowed = has_body(response.status);
    if (draining_ || services_.stopping || peer_closed_) keep_alive_ = false;
    if (response.stream && http_1_0_) keep_alive_ = false;

    auto head = [&] {
        HeadOptions options{.close = !keep_alive_, .http_1_0 = http_1_0_};
        size_t bytes = response.shared_body ? response.shared_body->size() : response.body.size();
        options.body_bytes = bytes;
        options.framing = !body_allowed      ? Framing::none
                          : !response.stream ? Framing::length
                          : http_1_0_        ? Framing::to_end
                                             : Framing::chunked;
        return render_head(response, options);
    };
    auto text = head();
    if (!text || response.status < 200 || response.status > 599) {
        log_event(LogLevel::error, "", "an answer has a status or a header that cannot be sent",
                  {{"code", std::string(name(ErrorCode::INTERNAL))},
                   {"request", exchange_ ? exchange_->description() : std::string()}});
        response = defective();
        body_allowed = true;
        text = head();
    }
    output_.begin(std::move(*text));
    if (body_allowed && !head_only_) {
        if (response.stream) {
            chunked_ = !http_1_0_;
            stream_options_ = std::move(response.stream_options);
            stream_ =
                std::make_shared<Stream>(services_, *loop_, weak_from_this(), std::move(response.stream));
        } else if (response.shared_body) {
            output_.add_body(std::move(response.shared_body));
        } else {
            output_.add_body(std::move(response.body));
        }
    }
    pump();
}

// Sends until the socket takes no more, or there is nothing.
void Connection::pump() {
    do {
        if (output_.empty()) continue;
        auto result = output_.write(transport_);
        services_.counters.bytes_sent += result.bytes;
        if (result.state == IoState::done) continue;
        if (result.state == IoState::closed || result.state == IoState::broken)
            return close(BodyEnd::client_gone);
        if (result.bytes > 0 || deadline_ == forever) set_deadline(services_.options.write_timeout);
        unacknowledged_ = transport_.unacknowledged();
        uint32_t wanted = result.state == IoState::want_write ? EPOLLOUT : EPOLLIN;
        return watch(wanted | (state_ == State::streaming ? EPOLLRDHUP : 0u));
    } while (more_to_send());
}

// Called when all output was taken. True if there is more now.
bool Connection::more_to_send() {
    if (state_ == State::streaming) return more_of_stream();
    if (state_ != State::answering) return false;
    if (!stream_) {
        answer_sent();
        return false;
    }
    state_ = State::streaming;
    release();
    exchange_.reset();
    stream_->begin();
    return more_of_stream();
}

void Connection::answer_sent() {
    release();
    exchange_.reset();
    if (!keep_alive_ || draining_) return linger();
    state_ = State::head;
    set_deadline(services_.options.idle_timeout);
    if (!input_.empty()) {
        ByteBuffer kept = std::move(input_);
        input_ = ByteBuffer();
        use(kept.view());
    }
    if (state_ != State::head && state_ != State::body) return;
    if (transport_.tls())
        read_request();  // it may hold some that were read already
    else
        watch(EPOLLIN);
}

void Connection::on_piece() {
    if (state_ != State::streaming) return;
    piece_ = Piece::ready;
    if (output_.empty()) pump();
}

bool Connection::more_of_stream() {
    if (ending_) {
        end_stream(*ending_);
        return false;
    }
    if (piece_ == Piece::under_way && !piece_sent()) return false;
    if (piece_ == Piece::ready) {
        send_piece();
        if (!output_.empty()) return true;
        if (!piece_sent()) return false;  // it was empty, and the last one
    }
    if (draining_) {
        if (!chunked_) {
            end_stream(BodyEnd::stopped);
            return false;
        }
        ending_ = BodyEnd::stopped;
        output_.last_chunk();
        return true;
    }
    deadline_ = forever;
    idle_line_at_ = stream_options_.idle_line.empty() ? forever : loop_->now() + stream_options_.idle_every;
    watch(EPOLLRDHUP);
    return false;
}

void Connection::send_piece() {
    auto piece = stream_->take();
    piece_bytes_ = piece->size();
    piece_ = Piece::under_way;
    if (piece_bytes_ > 0)  // a chunk of no bytes would be the last one
        output_.piece(std::move(piece), chunked_);
    else
        services_.pieces.give(std::move(piece));
    if (stream_->state() == BodyState::end && chunked_) output_.last_chunk();
}

// False if the stream is over.
bool Connection::piece_sent() {
    if (auto piece = output_.take_piece()) services_.pieces.give(std::move(piece));
    stream_->add_sent(piece_bytes_);
    piece_ = Piece::none;
    switch (stream_->state()) {
        case BodyState::end:
            end_stream(BodyEnd::complete);
            return false;
        case BodyState::failed:
            close(BodyEnd::failed, !chunked_);
            return false;
        default:
            break;
    }
    if (!draining_) stream_->resume();
    return true;
}

void Connection::end_stream(BodyEnd reason) {
    stream_->close(reason);
    stream_.reset();
    ending_.reset();
    piece_ = Piece::none;
    stream_options_ = {};
    answer_sent();
}

void Connection::send_idle_line() {
    if (!output_.empty() || piece_ != Piece::none) return;
    output_.line(stream_options_.idle_line, chunked_);
    pump();
}

// The socket took nothing for the whole time. But what it has may have got on its way: a client that reads
// slowly makes room in the kernel only now and then.
void Connection::on_write_deadline() {
    size_t unacknowledged = transport_.unacknowledged();
    if (unacknowledged < std::exchange(unacknowledged_, unacknowledged))
        return set_deadline(services_.options.write_timeout);
    ++services_.counters.stalled;
    close(BodyEnd::stalled, true);
}

}  // namespace leat::http
