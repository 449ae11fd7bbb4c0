#include "consumer/consumer_status.h"

#include <algorithm>
#include <numeric>

namespace leat {

std::string_view name(ConsumerState state) {
    switch (state) {
        case ConsumerState::created:
            return "CREATED";
        case ConsumerState::running:
            return "RUNNING";
        case ConsumerState::retrying:
            return "RETRYING";
        case ConsumerState::paused:
            return "PAUSED";
        case ConsumerState::stopped:
            return "STOPPED";
        case ConsumerState::failed:
            break;
    }
    return "FAILED";
}

void DeliveryTimes::add(double seconds, uint64_t changes) {
    auto place = std::ranges::lower_bound(bounds, seconds) - bounds.begin();
    counts[static_cast<size_t>(place)] += changes;
    sum_seconds += seconds * static_cast<double>(changes);
}

uint64_t DeliveryTimes::count() const { return std::accumulate(counts.begin(), counts.end(), uint64_t{0}); }

}  // namespace leat
