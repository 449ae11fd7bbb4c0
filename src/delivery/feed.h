// The newest changes of one source in one format, encoded once for all who want the same, and kept for them
// up to a number of bytes. Who is further behind reads the log itself (feed_reader.h), and meets the feed
// again once it has caught up: a slow reader holds nobody, and costs no memory here.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "delivery/block_encoder.h"
#include "log/change_log.h"

namespace leat {

// What makes the readers and encoders of one feed. Called from any thread.
struct FeedSource {
    std::function<Result<std::unique_ptr<LogReader>>(ReadFrom)> read;
    std::function<Result<LogRange>()> range;
    std::function<Result<std::unique_ptr<BlockEncoder>>()> make_encoder;
    size_t kept_bytes = 4 << 20;
};

// There may be more. Called from any thread, with no lock held. It is called no more once its owner has let
// it go, but may be running then: it is to hold no more than it needs.
using Wake = std::function<void()>;

class Feed {
  public:
    // Starts at the log's end, with a thread of its own.
    static Result<std::shared_ptr<Feed>> open(FeedSource source);
    ~Feed();

    struct Next {
        enum class Kind { encoded, nothing_now, behind } kind = Kind::nothing_now;
        std::shared_ptr<const EncodedBlock> block;
    };
    // What follows the sequence `after`. nothing_now: `wake` is called once, when there is. behind: it is not
    // kept here any more. An error of the log, once everything before it was given, is given to all.
    Result<Next> next(Seq after, const std::shared_ptr<const Wake>& wake);
    bool failed() const;

    // Reads the log for those who are behind. A few are kept between calls, by the place where they stand.
    struct Follower {
        std::unique_ptr<LogReader> reader;
        std::unique_ptr<BlockEncoder> encoder;
        Seq after;
    };
    Result<Follower> borrow(Seq after);
    void give_back(Follower follower);

  private:
    explicit Feed(FeedSource source) : source_(std::move(source)) {}
    void run(std::stop_token stop, std::unique_ptr<LogReader> reader, std::unique_ptr<BlockEncoder> encoder);
    // True: there is something new.
    bool keep(std::shared_ptr<const EncodedBlock> block);
    void end(Error error);
    // Returns how long to gather what comes before the next.
    std::chrono::microseconds wake_waiting();

    const FeedSource source_;
    mutable std::mutex mutex_;
    std::deque<std::shared_ptr<const EncodedBlock>> kept_;  // without gaps
    size_t kept_bytes_ = 0;
    Seq first_{1}, next_{1};  // what kept_ covers
    std::vector<std::weak_ptr<const Wake>> waiting_;
    size_t prune_at_ = 64;            // of waiting_: those who are gone are taken out
    std::deque<Follower> followers_;  // the last one used at the back
    std::optional<Error> error_;
    std::jthread thread_;
};

}  // namespace leat
