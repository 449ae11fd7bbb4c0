#include "http/exchange.h"

#include "base/logging.h"
#include "http/connection.h"
#include "http/services.h"

namespace leat::http {

namespace {

Response internal_error() {
    return problem(500, name(ErrorCode::INTERNAL), "The server failed",
                   "The request could not be answered for a defect of the server; its log says more.");
}

}  // namespace

Exchange::Exchange(Services& services, std::shared_ptr<Loop> loop, std::weak_ptr<Connection> connection,
                   Request request)
    : services_(services),
      loop_(std::move(loop)),
      connection_(std::move(connection)),
      description_(fmt::format("{} {}", name(request.method), request.target.path_text())),
      request_(std::move(request)) {}

void Exchange::begin() { services_.pool.post(task<&Exchange::handle>(shared_from_this())); }

void Exchange::close() {
    client_gone_ = true;
    closed_ = true;
}

void Exchange::handle() {
    if (closed_) return;
    Responder responder(shared_from_this());
    try {
        services_.handler(std::move(request_), std::move(responder));
    } catch (const std::exception& exception) {
        log_event(LogLevel::error, "", "a request's handler threw an exception",
                  {{"code", std::string(name(ErrorCode::INTERNAL))},
                   {"request", description_},
                   {"what", exception.what()}});
        answer(internal_error());
    }
}

void Exchange::answer(Response response) {
    if (answered_.exchange(true)) return;
    response_ = std::move(response);
    loop_->post(task<&Exchange::delivered>(shared_from_this()));
}

void Exchange::delivered() {
    auto connection = connection_.lock();
    if (connection && !closed_) connection->on_answer(std::move(response_));
    response_ = {};
}

Responder::Responder(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
Responder::Responder(Responder&&) noexcept = default;
Responder& Responder::operator=(Responder&& other) noexcept {
    if (this == &other) return *this;
    drop();
    exchange_ = std::move(other.exchange_);
    return *this;
}
Responder::~Responder() { drop(); }

void Responder::answer(Response response) {
    if (auto exchange = std::exchange(exchange_, nullptr)) exchange->answer(std::move(response));
}

bool Responder::client_gone() const { return !exchange_ || exchange_->client_gone(); }

void Responder::drop() {
    auto exchange = std::exchange(exchange_, nullptr);
    if (!exchange || exchange->client_gone()) return;
    log_event(LogLevel::error, "", "a request was dropped without an answer",
              {{"code", std::string(name(ErrorCode::INTERNAL))}, {"request", exchange->description()}});
    exchange->answer(internal_error());
}

}  // namespace leat::http
