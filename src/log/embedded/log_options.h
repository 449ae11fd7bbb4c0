// How the embedded log writes and what it keeps.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace leat {

class StorageIo;
class RetentionHolds;

// docs/format/segment.md says what each costs and risks.
enum class FsyncPolicy : uint8_t { always, interval, never };

struct LogOptions {
    FsyncPolicy fsync = FsyncPolicy::always;
    std::chrono::milliseconds fsync_interval{1000};  // with FsyncPolicy::interval
    uint64_t segment_bytes = 128 << 20;
    std::chrono::milliseconds retention_age{0};  // 0: whatever the age
    uint64_t retention_bytes = 0;                // of one source; 0: whatever the size
    std::string created_by = "leat";             // noted in a new directory
    StorageIo* io = nullptr;                     // outlives the log; null: the system's
    std::shared_ptr<RetentionHolds> holds = {};  // of one source; null: nobody's
};

}  // namespace leat
