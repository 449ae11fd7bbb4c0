// Exponential backoff with full jitter between half and the whole of the current step.
#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace leat {

class Backoff {
  public:
    explicit Backoff(std::chrono::milliseconds first = std::chrono::milliseconds(200),
                     std::chrono::milliseconds last = std::chrono::milliseconds(10000))
        : first_(first), last_(last), step_(first), random_(std::random_device{}()) {}

    std::chrono::milliseconds next() {
        std::uniform_int_distribution<int64_t> pick(step_.count() / 2, step_.count());
        auto wait = std::chrono::milliseconds(pick(random_));
        step_ = std::min(step_ * 2, last_);
        return wait;
    }
    void reset() { step_ = first_; }

  private:
    std::chrono::milliseconds first_, last_, step_;
    std::minstd_rand random_;
};

}  // namespace leat
