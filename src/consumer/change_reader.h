// A consumer's place in the log: reads blocks, encodes what it wants of them in parts, and holds what was not
// yet taken. No thread and no buffers beyond one block and the bytes of a part.
//
// Why not a Feed: a feed is a thread and kept bytes, shared by subscribers who want the same. Two
// destinations hardly ever do, and a consumer has a thread already (docs/adr/0012). One thread.
#pragma once

#include <deque>

#include "delivery/feed.h"
#include "sink/sink.h"

namespace leat {

struct BatchLimits {
    size_t changes = 500;
    size_t bytes = 1 << 20;               // one change that is larger goes by itself
    std::chrono::milliseconds linger{0};  // how long a batch waits for more
};

class ChangeReader {
  public:
    struct Pending {
        SinkChange change;
        int64_t commit_time_us = 0;
        std::shared_ptr<const EncodedBlock> owner;
    };

    // Begins after the sequence. `source` outlives it. LOG_NO_SOURCE, LOG_TRIMMED.
    static Result<ChangeReader> open(const FeedSource& source, Seq after);

    // Reads until a batch is full, or nothing came for `linger`; `wait` at most for the first. False: nothing
    // is pending.
    Result<bool> fill(const BatchLimits& limits, Seq until, std::chrono::milliseconds wait,
                      const std::stop_token& stop);

    // Gives back what can be had again from the log: for a destination that takes nothing for long.
    void release();

    std::deque<Pending>& pending() { return pending_; }
    size_t pending_bytes() const { return pending_bytes_; }
    void pop_front();
    // Takes out those that are told to be.
    template <class Predicate>
    void remove_if(Predicate&& predicate) {
        std::erase_if(pending_, [&](Pending& one) {
            if (!predicate(one)) return false;
            pending_bytes_ -= one.change.bytes.size();
            return true;
        });
    }
    // Everything up to it was taken out, or was never wanted.
    Seq settled() const {
        return pending_.empty() && !next_in_block() ? read_to_ : Seq(first_unsettled() - 1);
    }
    bool at(Seq until) const { return pending_.empty() && !next_in_block() && read_to_ >= until; }

  private:
    ChangeReader(const FeedSource& source, std::unique_ptr<LogReader> reader,
                 std::unique_ptr<BlockEncoder> encoder, Seq after)
        : source_(&source), reader_(std::move(reader)), encoder_(std::move(encoder)), read_to_(after) {}
    Result<bool> read(std::chrono::milliseconds wait);
    Status encode(const BatchLimits& limits);
    bool is_full(const BatchLimits& limits) const {
        return pending_.size() >= limits.changes || pending_bytes_ >= limits.bytes;
    }
    bool next_in_block() const { return block_ && next_ < block_->ends.size(); }
    uint64_t first_unsettled() const;
    void take_from_block(const BatchLimits& limits, Seq until);

    const FeedSource* source_;
    std::unique_ptr<LogReader> reader_;  // null: released
    std::unique_ptr<BlockEncoder> encoder_;
    Seq read_to_;               // what was read of the log
    std::optional<Block> raw_;  // what of it is not encoded yet begins behind read_to_
    std::shared_ptr<const EncodedBlock> block_;
    size_t next_ = 0;  // of its changes
    Seq told_{0};      // what comes up to it was told before this part
    std::deque<Pending> pending_;
    size_t pending_bytes_ = 0;
};

}  // namespace leat
