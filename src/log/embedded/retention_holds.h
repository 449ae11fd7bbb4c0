// Who still needs what of one source's log, so that retention does not remove it: consumers whose cursor is
// kept, each with a budget of how much may be kept for it alone. Any thread.
#pragma once

#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "log/embedded/layout.h"

namespace leat {

struct RetentionHold {
    std::string who;
    Seq after;                  // it has everything up to it
    uint64_t budget_bytes = 0;  // of what would be removed otherwise
    bool stops_writer = false;  // when that is used up: nothing more is appended; else it is held no more
};

class RetentionHolds {
  public:
    void set(std::vector<RetentionHold> holds);
    // Of those since the last call: they were passed over.
    std::vector<std::string> take_passed_over();
    // Who keeps the writer from going on; empty: nobody.
    std::string writer_held_for() const;

    // How many of the first `removable` segments may go now. segments: all there are, in order.
    size_t allow(std::span<const SegmentFile> segments, size_t removable);

  private:
    mutable std::mutex mutex_;
    std::vector<RetentionHold> holds_;
    std::vector<std::string> passed_over_;
    std::string held_for_;
};

}  // namespace leat
