// Work that takes a while and is asked for by REST: replays. Implemented where everything is wired together.
// Any thread. API_NOT_FOUND if there is no such job; STORE_…
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "server/replays.h"

namespace leat::server {

enum class JobState : uint8_t { running, done, failed, cancelled };
std::string_view name(JobState state);  // "RUNNING"

struct JobView {
    uint64_t id = 0;
    std::string kind;  // replay
    std::string source, consumer;
    JobState state = JobState::running;
    std::optional<Error> error;
    int64_t created_us = 0, changed_us = 0;
    uint64_t first = 0, last = 0, done = 0;  // sequences; first to last is what it covers
    uint64_t changes = 0;                    // that the destination took
};

class Jobs {
  public:
    virtual ~Jobs() = default;
    // It is durable, and begun, on return. spec.id and spec.done are set here. What Consumers::replay says.
    virtual Result<JobView> start_replay(const std::string& source, ReplaySpec spec) = 0;
    // The newest first, before an id; 0: from the newest.
    virtual Result<std::vector<JobView>> list(uint64_t before, size_t limit) const = 0;
    virtual Result<JobView> view(uint64_t id) const = 0;
    // API_STATE if it has ended.
    virtual Result<JobView> cancel(uint64_t id) = 0;
};

}  // namespace leat::server
