// What the connections of one server share. It outlives them all; any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <unordered_map>

#include "base/clock.h"
#include "http/server.h"
#include "http/tls_context.h"
#include "http/worker_pool.h"

namespace leat::http {

// How many connections there are, in all and of each client.
class Admission {
  public:
    Admission(uint32_t max, uint32_t per_address_max) : max_(max), per_address_max_(per_address_max) {}

    bool enter(const std::string& address);
    void leave(const std::string& address);

    // Of those that are over a limit, so many at a time are told; more are closed without a word.
    bool enter_refused();
    void leave_refused() { --refused_; }

  private:
    const uint32_t max_, per_address_max_;
    std::mutex mutex_;
    uint32_t all_ = 0;
    std::atomic<int> refused_ = 0;
    std::unordered_map<std::string, uint32_t> by_address_;
};

// Pieces that were sent, for the next ones: an idle stream keeps none, and a busy one allocates none.
class PieceStock {
  public:
    explicit PieceStock(size_t piece_bytes) : piece_bytes_(piece_bytes) {}

    std::unique_ptr<BodyPiece> take();
    void give(std::unique_ptr<BodyPiece> piece);

  private:
    const size_t piece_bytes_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<BodyPiece>> spare_;
};

// Counts what has to be over before the server may go: connections, handlers, sources.
class Population {
  public:
    void enter() { ++count_; }
    void leave();
    bool wait_until_empty(std::optional<SteadyClock::time_point> deadline);

  private:
    std::atomic<int64_t> count_ = 0;
    std::mutex mutex_;
    std::condition_variable empty_;
};

struct Counters {
    std::atomic<uint64_t> connections = 0, streams = 0, request_bytes = 0, accepted = 0, refused = 0,
                          requests = 0, rejected = 0, timed_out = 0, stalled = 0, bytes_sent = 0;
};

struct Services {
    Services(Options given, Handler call)
        : options(std::move(given)),
          handler(std::move(call)),
          admission(options.connections_max, options.connections_per_address_max),
          pieces(options.piece_bytes),
          pool(options.workers) {}

    TlsContext tls_context() {
        std::lock_guard lock(tls_mutex);
        return tls;
    }

    const Options options;
    const Handler handler;
    Admission admission;
    PieceStock pieces;
    Population population;
    Counters counters;
    std::atomic<bool> stopping = false;
    std::mutex tls_mutex;
    TlsContext tls;
    WorkerPool pool;
};

}  // namespace leat::http
