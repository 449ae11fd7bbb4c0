#include "http/services.h"

namespace leat::http {

namespace {

constexpr size_t spare_pieces_max = 64;
constexpr int refused_max = 128;

}  // namespace

bool Admission::enter(const std::string& address) {
    std::lock_guard lock(mutex_);
    if (all_ >= max_) return false;
    auto known = by_address_.find(address);
    if (known != by_address_.end() && known->second >= per_address_max_) return false;
    ++by_address_[address];
    ++all_;
    return true;
}

bool Admission::enter_refused() {
    if (++refused_ <= refused_max) return true;
    --refused_;
    return false;
}

void Admission::leave(const std::string& address) {
    std::lock_guard lock(mutex_);
    --all_;
    auto found = by_address_.find(address);
    if (--found->second == 0) by_address_.erase(found);
}

std::unique_ptr<BodyPiece> PieceStock::take() {
    std::unique_lock lock(mutex_);
    if (spare_.empty()) {
        lock.unlock();
        return std::make_unique<BodyPiece>(piece_bytes_);
    }
    auto piece = std::move(spare_.back());
    spare_.pop_back();
    return piece;
}

void PieceStock::give(std::unique_ptr<BodyPiece> piece) {
    piece->clear();
    // One with a very large record in it is not kept.
    if (piece->bytes().capacity() > 2 * piece_bytes_) return;
    std::lock_guard lock(mutex_);
    if (spare_.size() < spare_pieces_max) spare_.push_back(std::move(piece));
}

void Population::leave() {
    if (--count_ > 0) return;
    std::lock_guard lock(mutex_);
    empty_.notify_all();
}

bool Population::wait_until_empty(std::optional<SteadyClock::time_point> deadline) {
    std::unique_lock lock(mutex_);
    auto is_empty = [this] { return count_ == 0; };
    if (deadline) return empty_.wait_until(lock, *deadline, is_empty);
    empty_.wait(lock, is_empty);
    return true;
}

}  // namespace leat::http
