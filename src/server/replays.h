// What the server asks for when changes are to be delivered once more. Implemented where everything is wired
// together; a fake in the tests.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "consumer/consumer_status.h"

namespace leat::server {

// Changes of a consumer's source once more, to its destination: those from the first to the last, by time or
// by sequence; without: all that are kept. Where they are kept apart (a file): PATH.replay-ID.
struct ReplaySpec {
    std::string id;  // in every record, as leat.replay
    std::string consumer;
    std::vector<std::string> tables;           // instead of the consumer's; empty: those
    std::optional<int64_t> from_us, until_us;  // of the commit; until: not that any more
    std::optional<Seq> first, last;
    Seq done{0};                      // of a replay that goes on after a restart: it has everything up to it
    uint64_t changes_per_second = 0;  // 0: as fast as it goes
};

// Runs until it is at its end, failed, or is cancelled; so does its destruction.
class Replay {
  public:
    virtual ~Replay() = default;
    // durable: how far it is. STOPPED: at its end, or cancelled.
    virtual ConsumerStatus status() const = 0;
    virtual bool ended() const = 0;
    virtual Seq first() const = 0;
    virtual Seq last() const = 0;
    virtual void cancel() = 0;
};

// Any thread.
class Replays {
  public:
    virtual ~Replays() = default;
    // It has begun on return, and is its caller's. CONSUMER_NOT_FOUND, LOG_NO_SOURCE,
    // CONSUMER_NOT_SUBSCRIPTION if there is no destination.
    virtual Result<std::unique_ptr<Replay>> replay(const ReplaySpec& spec) = 0;
};

}  // namespace leat::server
