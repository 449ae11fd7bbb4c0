#include "http/stream.h"

#include "base/logging.h"
#include "http/connection.h"
#include "http/loop.h"

namespace leat::http {

void Wake::operator()() const {
    if (auto stream = stream_.lock()) stream->wake();
}

Stream::Stream(Services& services, Loop& loop, std::weak_ptr<Connection> connection,
               std::unique_ptr<BodySource> source)
    : services_(services), loop_(loop), connection_(std::move(connection)), source_(std::move(source)) {
    services_.population.enter();
    ++services_.counters.streams;
}

Stream::~Stream() { LEAT_ASSERT(!source_); }

void Stream::post() { services_.pool.post(task<&Stream::work>(shared_from_this())); }

void Stream::begin() { post(); }

void Stream::wake() {
    auto phase = phase_.load();
    while (true) {
        if (phase == Phase::working) {
            if (phase_.compare_exchange_weak(phase, Phase::woken)) return;
        } else if (phase == Phase::waiting) {
            if (!phase_.compare_exchange_weak(phase, Phase::working)) continue;
            post();
            return;
        } else {
            return;
        }
    }
}

BodyState Stream::ask() {
    try {
        if (!std::exchange(started_, true)) source_->start(Wake(weak_from_this()));
        return source_->next(*piece_);
    } catch (const std::exception& exception) {
        log_event(LogLevel::error, "", "a body source threw an exception",
                  {{"code", std::string(name(ErrorCode::INTERNAL))}, {"what", exception.what()}});
        return BodyState::failed;
    }
}

void Stream::work() {
    auto phase = Phase::woken;
    phase_.compare_exchange_strong(phase, Phase::working);  // a wake before this is answered by it
    if (phase_.load() == Phase::closed) return finish();
    piece_ = services_.pieces.take();
    state_ = ask();
    if (piece_->size() == 0 && (state_ == BodyState::waiting || state_ == BodyState::more)) {
        services_.pieces.give(std::move(piece_));
        phase = Phase::working;
        if (state_ == BodyState::waiting && phase_.compare_exchange_strong(phase, Phase::waiting)) return;
        if (phase_.load() == Phase::closed) return finish();
        return post();  // behind the others
    }
    if (phase_.load() == Phase::closed || !loop_.post(task<&Stream::arrived>(shared_from_this()))) finish();
}

void Stream::arrived() {
    with_connection_ = true;
    auto connection = connection_.lock();
    if (phase_.load() == Phase::closed || !connection) {
        services_.pool.post(task<&Stream::finish>(shared_from_this()));
        return;
    }
    connection->on_piece();
}

std::unique_ptr<BodyPiece> Stream::take() { return std::move(piece_); }

void Stream::resume() {
    with_connection_ = false;
    auto phase = Phase::working;
    if (state_ == BodyState::waiting && phase_.compare_exchange_strong(phase, Phase::waiting)) return;
    post();
}

void Stream::close(BodyEnd reason) {
    reason_ = reason;
    auto phase = phase_.exchange(Phase::closed);
    if (phase == Phase::waiting || (with_connection_ && phase != Phase::closed))
        services_.pool.post(task<&Stream::finish>(shared_from_this()));
}

void Stream::finish() {
    if (piece_) services_.pieces.give(std::move(piece_));
    try {
        if (started_) source_->ended(reason_, sent_);
        source_.reset();
    } catch (const std::exception& exception) {
        log_event(LogLevel::error, "", "the end of a body source threw an exception",
                  {{"code", std::string(name(ErrorCode::INTERNAL))}, {"what", exception.what()}});
        source_.reset();
    }
    --services_.counters.streams;
    services_.population.leave();
}

}  // namespace leat::http
