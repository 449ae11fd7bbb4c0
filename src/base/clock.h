// Time. Durations are measured on the steady clock, so that a jump of the wall clock starts no timer storm;
// the wall clock is only ever recorded.
#pragma once

#include <chrono>
#include <cstdint>

namespace leat {

using SteadyClock = std::chrono::steady_clock;

// Microseconds since 1970-01-01T00:00:00Z.
inline int64_t wall_time_us() {
    using namespace std::chrono;
    return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace leat
