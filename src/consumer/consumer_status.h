// How a consumer that pushes into a sink is, for those who look at it from outside.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "model/ids.h"

namespace leat {

enum class ConsumerState : uint8_t { created, running, retrying, paused, stopped, failed };
std::string_view name(ConsumerState state);  // "RUNNING"

// Seconds from the commit in the database until the destination had the change for good.
struct DeliveryTimes {
    static constexpr std::array<double, 12> bounds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                      0.5,   1,    2.5,   10,   60,  600};
    std::array<uint64_t, bounds.size() + 1> counts{};  // up to each bound, and beyond the last; not summed up
    double sum_seconds = 0;

    void add(double seconds, uint64_t changes = 1);
    uint64_t count() const;
};

struct ConsumerStatus {
    ConsumerState state = ConsumerState::created;
    std::optional<Error> error;  // of retrying and failed
    uint64_t tries = 0;          // of retrying: in a row
    int64_t next_try_us = 0;     // of retrying: when
    Seq durable{0};              // everything up to it is in the destination for good, or was not wanted

    // Of this process.
    uint64_t changes = 0;  // that the destination took
    uint64_t bytes = 0;
    uint64_t retries = 0;
    uint64_t skipped = 0;       // poison: skip
    uint64_t dead_letters = 0;  // that were put aside
    std::map<ErrorCode, uint64_t> errors;
    DeliveryTimes times;
    int64_t commit_time_us = 0;     // of the last change delivered; 0: none yet
    int64_t oldest_pending_us = 0;  // when the oldest change that waits to be taken was committed; 0: none
    uint64_t queued_bytes = 0;      // read and encoded, and not taken yet
};

}  // namespace leat
