#include "delivery/feed.h"

#include <algorithm>

#include "base/clock.h"

namespace leat {

using namespace std::chrono_literals;

namespace {
constexpr auto look_again = 100ms;   // whether to stop
constexpr size_t followers_max = 8;  // each has a buffer of up to a megabyte
// What a wake leads to costs about this: a thousand subscribers of a busy source are woken 40 times a second.
constexpr std::chrono::microseconds wake_cost = 25us;
constexpr std::chrono::microseconds gather_min = 2ms, gather_max = 25ms;
}  // namespace

Result<std::shared_ptr<Feed>> Feed::open(FeedSource source) {
    LEAT_ASSIGN(auto range, source.range());
    LEAT_ASSIGN(auto reader, source.read(range.next_seq));
    LEAT_ASSIGN(auto encoder, source.make_encoder());
    std::shared_ptr<Feed> feed(new Feed(std::move(source)));
    feed->first_ = feed->next_ = range.next_seq;
    feed->thread_ = std::jthread([self = feed.get(), reader = std::move(reader),
                                  encoder = std::move(encoder)](std::stop_token stop) mutable {
        self->run(stop, std::move(reader), std::move(encoder));
    });
    return feed;
}

Feed::~Feed() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
}

// A single change is told at once. Where one follows another those who wait are woken once for several: a
// wake costs more than reading does.
void Feed::run(std::stop_token stop, std::unique_ptr<LogReader> reader,
               std::unique_ptr<BlockEncoder> encoder) {
    bool untold = false;
    auto quiet_until = SteadyClock::now();
    while (!stop.stop_requested()) {
        auto left = std::chrono::ceil<std::chrono::milliseconds>(quiet_until - SteadyClock::now());
        auto block = reader->next(untold ? std::clamp(left, 0ms, look_again) : look_again);
        if (!block) return end(std::move(block.error()));
        if (*block) {
            auto encoded = encoder->encode(**block, reader->schemas());
            if (!encoded) return end(std::move(encoded.error()));
            if (keep(std::move(*encoded))) untold = true;
        }
        if (auto now = SteadyClock::now(); untold && now >= quiet_until) {
            untold = false;
            quiet_until = now + wake_waiting();
        }
    }
}

bool Feed::keep(std::shared_ptr<const EncodedBlock> block) {
    std::lock_guard lock(mutex_);
    if (block->next <= next_ && block->bytes.empty()) return false;  // the first may begin before the start
    next_ = std::max(next_, block->next);
    kept_bytes_ += block->bytes.size();
    kept_.push_back(std::move(block));
    // The newest stays, whatever its size: those who wait for it have it once.
    while (kept_.size() > 1 && kept_bytes_ > source_.kept_bytes) {
        kept_bytes_ -= kept_.front()->bytes.size();
        kept_.pop_front();
        first_ = kept_.front()->first;
    }
    return true;
}

void Feed::end(Error error) {
    {
        std::lock_guard lock(mutex_);
        error_ = std::move(error);
    }
    wake_waiting();
}

std::chrono::microseconds Feed::wake_waiting() {
    std::vector<std::weak_ptr<const Wake>> waiting;
    {
        std::lock_guard lock(mutex_);
        waiting.swap(waiting_);
    }
    for (auto& one : waiting)
        if (auto wake = one.lock()) (*wake)();
    return std::clamp<std::chrono::microseconds>(waiting.size() * wake_cost, gather_min, gather_max);
}

bool Feed::failed() const {
    std::lock_guard lock(mutex_);
    return error_.has_value();
}

Result<Feed::Next> Feed::next(Seq after, const std::shared_ptr<const Wake>& wake) {
    std::lock_guard lock(mutex_);
    Seq wanted(after.value + 1);
    if (wanted < first_) return Next{Next::Kind::behind, nullptr};
    if (wanted >= next_) {
        if (error_) return fail(*error_);
        if (waiting_.size() >= prune_at_) {
            std::erase_if(waiting_, [](auto& one) { return one.expired(); });
            prune_at_ = std::max<size_t>(64, 2 * waiting_.size());
        }
        waiting_.push_back(wake);
        return Next{};
    }
    auto found = std::ranges::partition_point(kept_, [&](auto& block) { return block->next <= wanted; });
    return Next{Next::Kind::encoded, *found};
}

Result<Feed::Follower> Feed::borrow(Seq after) {
    {
        std::lock_guard lock(mutex_);
        auto found = std::ranges::find_if(followers_, [&](auto& one) { return one.after == after; });
        if (found != followers_.end()) {
            Follower follower = std::move(*found);
            followers_.erase(found);
            return follower;
        }
    }
    Follower follower{nullptr, nullptr, after};
    LEAT_ASSIGN(follower.reader, source_.read(Seq(after.value + 1)));
    LEAT_ASSIGN(follower.encoder, source_.make_encoder());
    return follower;
}

void Feed::give_back(Follower follower) {
    std::lock_guard lock(mutex_);
    followers_.push_back(std::move(follower));
    if (followers_.size() > followers_max) followers_.pop_front();
}

}  // namespace leat
