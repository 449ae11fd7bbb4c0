// Contract of a source: one database, its log and its snapshots. It knows nothing of what follows it.
//
// Threads: open, read and close are called by one thread, the reader thread. confirm may be called by any
// thread at any time. Chunk readers belong each to the thread that uses it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "model/block.h"
#include "model/schema.h"
#include "snapshot/signal_queue.h"
#include "snapshot/snapshot.h"

namespace leat {

// A prerequisite that was looked at, for `leat check`.
struct Finding {
    enum class Level : uint8_t { ok, warning, error };
    Level level = Level::ok;
    ErrorCode code = ErrorCode::INTERNAL;  // where level is not ok
    std::string subject;                   // "wal_level", "table public.notes"
    std::string message;                   // what was found, and what it means
    std::string action;                    // the exact SQL (or setting) that mends it
};

// What the change log already knows of the source.
struct ResumePoint {
    Position position;  // empty: nothing was captured yet
    std::vector<std::shared_ptr<const TableSchema>> schemas;
};

// What the source's server says of itself now and then, for metrics. Unknown: not asked yet, or it cannot
// say.
struct ServerLoad {
    std::optional<uint64_t> retained_bytes;  // of its log, which it keeps because of this source
    std::optional<uint64_t> lag_bytes;       // of its log, which this source has not read yet
};

class Source {
  public:
    virtual ~Source() = default;

    // Looks at every prerequisite without changing anything.
    virtual Result<std::vector<Finding>> check() = 0;

    // Connects, compares the server with the resume point (invariant 8), and makes what is missing (slot,
    // publication). Returns the snapshot that has to be read before read() is called, or none.
    virtual Result<std::unique_ptr<SnapshotPlan>> open(const ResumePoint& from, std::stop_token stop) = 0;

    // Where signals from within the process come from, before the first open(); outlives the source. They are
    // carried out while it streams, between two transactions: the block that read() gives next is the end of
    // a unit, and its position has them.
    virtual void listen_to(SignalQueue& signals) = 0;

    virtual Status start_streaming(std::stop_token stop) = 0;

    // The next block of committed changes. Each block says by its flags where a unit begins and ends. Empty:
    // none came within `wait`. Answers the server's keepalives meanwhile. After an error the source is closed
    // and opened again.
    virtual Result<std::optional<Block>> read(std::chrono::milliseconds wait) = 0;
    // Keeps the connection alive while the caller cannot take more blocks.
    virtual Status keep_alive() = 0;

    // The change log holds everything up to here, durably: the source may forget it (invariant 1).
    // Thread-safe.
    virtual void confirm(const Position& durable) = 0;

    // Any thread.
    virtual ServerLoad server_load() const { return {}; }

    virtual void close() = 0;

    // Drops what was made for the source in the database (slot, publications), for good: it is closed, and
    // not opened again. An error leaves what is there, and says how to remove it.
    virtual Status release(std::stop_token stop) = 0;

    // "12345/AB" in the source's own notation, for people.
    virtual std::string describe(const Position& position) const = 0;
};

}  // namespace leat
