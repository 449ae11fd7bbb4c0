// Contract of a sink: takes changes, in batches, to one place in one kind of target (DESIGN.md, "sink").
//
// Accepted is not durable: what was accepted may be lost with the target until `durable` says otherwise, and
// a consumer's cursor never passes `durable` (invariant 4). A batch can fail in part. Where the target can
// keep the checkpoint, open() finds it there, and nothing is repeated after a crash.
//
// One thread at a time; it may have threads of its own.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/ids.h"

namespace leat {

// One change as it is sent: whole records, each with its line end. Views live as long as the call.
struct SinkChange {
    Seq seq;
    std::string_view bytes;
    // Changes that share one keep their order; 0: in order with all others. (delivery/encoded_block.h)
    uint64_t key_hash = 0;
    uint64_t other_key_hash = 0;
};

struct Batch {
    std::vector<SinkChange> changes;  // by rising sequence
    bool resent = false;              // dead letters that are sent again: the checkpoint does not move
};

// This change will not be taken, however often it is tried, although others are.
struct Refusal {
    Seq seq;
    Error error;  // SINK_REFUSED
};

struct Written {
    size_t accepted = 0;  // so many of the batch, from its beginning
    Seq durable{0};       // every change that was given up to it is there for good; 0: nothing yet
    // Of changes behind `accepted`. What has to keep its order with one of them was not sent.
    std::vector<Refusal> refused;
    // Why something else behind `accepted` was not taken: SINK_UNAVAILABLE, SINK_THROTTLED and SINK_DENIED
    // may pass; SINK_FAILED, SINK_ADDRESS and others do not.
    std::optional<Error> error;
    std::chrono::milliseconds retry_after{0};  // what the target asked for
};

class Sink {
  public:
    virtual ~Sink() = default;

    // Again after every trouble that was not of write(). The checkpoint, if the target keeps it: the last
    // change that is there, whole and for good. CONSUMER_CURSOR_FOREIGN: it is of another log.
    virtual Result<std::optional<Seq>> open(std::stop_token stop) = 0;
    // What was not accepted may be given again, without those that were refused; what the target took out of
    // its turn is then not sent twice.
    virtual Written write(const Batch& batch, std::stop_token stop) = 0;
    // Everything accepted is durable. Also called about every second while nothing comes.
    virtual Result<Seq> flush(std::stop_token stop) = 0;
};

}  // namespace leat
