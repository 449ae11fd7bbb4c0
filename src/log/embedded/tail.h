// The page by which a writer tells readers in any process how far they may read. Format and why a stale one
// is harmless: docs/format/segment.md, "tail".
// Thread contract: one thread publishes; any number in any process read and wait.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "model/ids.h"

namespace leat {

// Where what may be read of a log ends.
struct LogExtent {
    Seq segment{1};  // the last one
    uint64_t offset = 0;
    Seq next_seq{1};
    int64_t commit_time_us_max = 0;
};

struct TailState {
    uint64_t generation = 0;
    LogExtent extent;
    UnitId synced_unit{0};
    bool sync_failed = false;
};

class Tail {
  public:
    // Creates the page if there is none; what an earlier writer left in it stays until publish().
    static Result<std::unique_ptr<Tail>> open_for_writing(const std::string& path);
    // Null if there is none that can be used.
    static std::unique_ptr<Tail> open_for_reading(const std::string& path);
    ~Tail();
    Tail(const Tail&) = delete;
    Tail& operator=(const Tail&) = delete;

    // Empty if a writer died while it published, or nothing was ever published.
    std::optional<TailState> read() const;
    // The same when the page may be as a dying writer left it: each field is right by itself, for what was
    // synced that is enough. Empty: nothing was ever published.
    std::optional<TailState> read_abandoned() const;
    void publish(const TailState& state);
    // Notes a failed fdatasync, and nothing else.
    void set_sync_failed();

    // To wait without missing a publication: take the count, look, then wait on the count taken.
    uint32_t wake_count() const;
    void wait(uint32_t seen, std::chrono::milliseconds timeout) const;

  private:
    struct Page;
    explicit Tail(void* page);
    TailState load_fields() const;
    Page* page_;
};

}  // namespace leat
