#include "log/embedded/retention_holds.h"

#include <algorithm>

namespace leat {

void RetentionHolds::set(std::vector<RetentionHold> holds) {
    std::lock_guard lock(mutex_);
    holds_ = std::move(holds);
}

std::vector<std::string> RetentionHolds::take_passed_over() {
    std::lock_guard lock(mutex_);
    return std::exchange(passed_over_, {});
}

std::string RetentionHolds::writer_held_for() const {
    std::lock_guard lock(mutex_);
    return held_for_;
}

size_t RetentionHolds::allow(std::span<const SegmentFile> segments, size_t removable) {
    std::lock_guard lock(mutex_);
    held_for_.clear();
    size_t allowed = removable;
    for (const RetentionHold& hold : holds_) {
        // A segment is needed if the next one begins behind what comes first.
        size_t needed = 0;
        while (needed < removable && segments[needed + 1].first_seq.value <= hold.after.value + 1) ++needed;
        uint64_t bytes = 0;
        for (size_t i = needed; i < removable; ++i) bytes += segments[i].bytes;
        if (bytes > hold.budget_bytes) {
            if (!hold.stops_writer) {
                if (std::ranges::find(passed_over_, hold.who) == passed_over_.end())
                    passed_over_.push_back(hold.who);
                continue;
            }
            held_for_ = hold.who;
        }
        allowed = std::min(allowed, needed);
    }
    return allowed;
}

}  // namespace leat
