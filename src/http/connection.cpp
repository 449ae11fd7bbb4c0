#include "http/connection.h"

#include <sys/socket.h>

#include "http/response_head.h"

namespace leat::http {

namespace {

using namespace std::chrono_literals;

// So long a client that was told that its connection ends may take to see it (RFC 9112, 9.6): closing at once
// would answer what it still sends with a reset, and that can overtake our answer.
constexpr auto linger_time = 2s;
constexpr size_t discarded_bytes_max = 8 << 20;

constexpr auto forever = SteadyClock::time_point::max();

Rejection overloaded(std::string detail) { return {503, ErrorCode::HTTP_OVERLOADED, std::move(detail)}; }

bool timed_out(int fd) {
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == ETIMEDOUT;
}

}  // namespace

Connection::Connection(Services& services, std::shared_ptr<Loop> loop, FileDescriptor socket,
                       std::string remote, std::string admission_key, bool admitted)
    : services_(services),
      loop_(std::move(loop)),
      transport_(std::move(socket), admitted ? services.tls_context().get() : nullptr),
      remote_(std::move(remote)),
      admission_key_(std::move(admission_key)),
      admitted_(admitted) {
    services_.population.enter();
    if (admitted_) ++services_.counters.connections;
}

Connection::~Connection() {
    if (admitted_) {
        services_.admission.leave(admission_key_);
        --services_.counters.connections;
    } else {
        services_.admission.leave_refused();
    }
    services_.population.leave();
}

void Connection::start() {
    loop_->add(shared_from_this(), transport_.fd(), 0);
    if (services_.stopping) return close(BodyEnd::stopped);
    set_deadline(services_.options.header_timeout);
    if (!admitted_) return reject(overloaded("there are as many connections as the server allows"));
    if (transport_.tls()) return do_handshake();
    state_ = State::head;
    watch(EPOLLIN);
}

void Connection::watch(uint32_t events) {
    if (events == watched_) return;
    watched_ = events;
    loop_->change(*this, transport_.fd(), events);
}

void Connection::set_deadline(std::chrono::milliseconds from_now) { deadline_ = loop_->now() + from_now; }

void Connection::on_ready(uint32_t events) {
    if (state_ == State::closed) return;
    if (events & EPOLLERR) return close(timed_out(transport_.fd()) ? BodyEnd::stalled : BodyEnd::client_gone);
    switch (state_) {
        case State::handshake:
            return do_handshake();
        case State::head:
        case State::body:
            return read_request();
        case State::lingering:
            return discard_input();
        case State::handling:
            if (events & EPOLLHUP) return close(BodyEnd::client_gone);
            // It may be that it only has nothing more to ask, and reads on.
            peer_closed_ = true;
            exchange_->set_client_gone();
            return watch(0);
        case State::answering:
            if (events & EPOLLHUP) return close(BodyEnd::client_gone);
            return pump();
        case State::streaming:
            if (events & (EPOLLHUP | EPOLLRDHUP)) return close(BodyEnd::client_gone);
            return pump();
        case State::closed:
            return;
    }
}

void Connection::do_handshake() {
    switch (transport_.handshake()) {
        case IoState::want_read:
            return watch(EPOLLIN);
        case IoState::want_write:
            return watch(EPOLLOUT);
        case IoState::done:
            state_ = State::head;
            return read_request();
        default:
            return linger();
    }
}

// Reading ------------------------------------------------------------------------------------------------

void Connection::read_request() {
    while (state_ == State::head || state_ == State::body) {
        auto scratch = loop_->scratch();
        auto result = transport_.read(scratch);
        switch (result.state) {
            case IoState::done:
                use(scratch.first(result.bytes));
                break;
            case IoState::want_read:
                return watch(EPOLLIN);
            case IoState::want_write:
                return watch(EPOLLOUT);
            default:
                return close(BodyEnd::client_gone);
        }
    }
}

void Connection::use(Bytes bytes) {
    if (input_.empty()) {
        size_t used = parse(bytes);
        input_.put_bytes(bytes.subspan(used));
    } else {
        ByteBuffer all = std::move(input_);
        input_ = ByteBuffer();
        all.put_bytes(bytes);
        size_t used = parse(all.view());
        input_.put_bytes(all.view().subspan(used));
    }
}

size_t Connection::parse(Bytes bytes) {
    auto& options = services_.options;
    size_t used = 0;
    while (used < bytes.size() && (state_ == State::head || state_ == State::body)) {
        if (!parser_) {
            parser_ = std::make_unique<RequestParser>(
                RequestLimits{options.target_bytes_max, options.header_bytes_max, options.headers_max,
                              options.body_bytes_max});
            set_deadline(options.header_timeout);
        }
        auto taken = parser_->feed(bytes.subspan(used));
        if (!taken) {
            reject(taken.error());
            return bytes.size();
        }
        used += *taken;
        if (!charge()) {
            reject(overloaded("the requests under way take as much memory as the server allows"));
            return bytes.size();
        }
        if (state_ == State::head && parser_->head_done()) head_done(used < bytes.size());
        if (state_ == State::body && parser_->complete()) request_complete();
        if (*taken == 0) break;
    }
    return used;
}

void Connection::head_done(bool body_began) {
    state_ = State::body;
    if (parser_->complete()) return;
    set_deadline(services_.options.body_timeout);
    if (!parser_->expects_continue() || body_began) return;
    // Nothing else is under way to this client, so the socket has room for it.
    output_.begin("HTTP/1.1 100 Continue\r\n\r\n");
    if (output_.write(transport_).state != IoState::done) close(BodyEnd::client_gone);
}

void Connection::request_complete() {
    keep_alive_ = parser_->keep_alive();
    http_1_0_ = parser_->http_1_0();
    Request request = parser_->take();
    parser_.reset();
    request.remote = remote_;
    request.tls = transport_.tls();
    head_only_ = request.method == Method::head;
    ++services_.counters.requests;
    state_ = State::handling;
    deadline_ = forever;
    watch(EPOLLRDHUP);
    exchange_ = std::make_shared<Exchange>(services_, loop_, weak_from_this(), std::move(request));
    exchange_->begin();
}

// What a request takes counts from its first byte until it is answered.
bool Connection::charge() {
    size_t bytes = parser_->bytes();
    if (bytes == charged_) return true;
    size_t more = bytes - std::exchange(charged_, bytes);
    return services_.counters.request_bytes.fetch_add(more) + more <= services_.options.requests_bytes_max;
}

void Connection::release() { services_.counters.request_bytes -= std::exchange(charged_, 0); }

// The server's own answer to what is no request, or too much of one. Where the next one would begin is not
// known any more.
void Connection::reject(const Rejection& why) {
    auto& counters = services_.counters;
    ++(admitted_ ? counters.rejected : counters.refused);
    keep_alive_ = false;
    http_1_0_ = false;
    head_only_ = false;
    parser_.reset();
    input_ = ByteBuffer();
    auto response = problem(why.status, name(why.code), summary(why.code), why.detail);
    if (why.status == 503) response.set("Retry-After", "5");
    answer(std::move(response));
}

// Ending -------------------------------------------------------------------------------------------------

void Connection::on_tick(SteadyClock::time_point now) {
    if (now >= deadline_) return on_deadline();
    if (state_ == State::streaming && now >= idle_line_at_) send_idle_line();
}

void Connection::on_deadline() {
    auto& counters = services_.counters;
    switch (state_) {
        case State::head:
            if (!parser_) return close(BodyEnd::client_gone);  // idle
            [[fallthrough]];
        case State::body:
            ++counters.timed_out;
            return reject({408, ErrorCode::HTTP_TIMEOUT, "the request did not arrive in time"});
        case State::handshake:
            ++counters.timed_out;
            return close(BodyEnd::client_gone);
        case State::answering:
        case State::streaming:
            return on_write_deadline();
        default:
            return close(BodyEnd::client_gone);
    }
}

void Connection::linger() {
    transport_.end_writing();
    if (peer_closed_ || (draining_ && !transport_.has_unread())) return close(BodyEnd::client_gone);
    state_ = State::lingering;
    input_ = ByteBuffer();
    set_deadline(linger_time);
    watch(EPOLLIN);
}

void Connection::discard_input() {
    while (discarded_ < discarded_bytes_max) {
        auto result = transport_.discard(loop_->scratch());
        if (result.state == IoState::want_read) return;
        if (result.state != IoState::done) break;
        discarded_ += result.bytes;
    }
    close(BodyEnd::client_gone);
}

void Connection::drain() {
    draining_ = true;
    switch (state_) {
        case State::handshake:
            return close(BodyEnd::stopped);
        case State::head:
            if (!parser_) close(BodyEnd::stopped);
            return;
        case State::streaming:
            if (output_.empty()) pump();
            return;
        case State::lingering:
            if (!transport_.has_unread()) close(BodyEnd::stopped);
            return;
        default:
            return;
    }
}

void Connection::cut() { close(BodyEnd::stopped); }

void Connection::close(BodyEnd reason, bool reset) {
    if (state_ == State::closed) return;
    state_ = State::closed;
    if (exchange_) exchange_->close();
    exchange_.reset();
    if (stream_) stream_->close(reason);
    stream_.reset();
    release();
    parser_.reset();
    input_ = ByteBuffer();
    loop_->remove(*this, transport_.fd());
    transport_.close(reset);
}

}  // namespace leat::http
