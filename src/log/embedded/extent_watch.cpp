#include "log/embedded/extent_watch.h"

#include <thread>

#include "log/embedded/data_directory.h"
#include "log/embedded/recovery.h"

namespace leat {

ExtentWatch::ExtentWatch(std::string data_directory, SourcePaths paths)
    : data_directory_(std::move(data_directory)), paths_(std::move(paths)) {}

Result<std::optional<LogExtent>> ExtentWatch::read() {
    if (auto extent = read_tail()) return extent;
    auto extent = read_files();
    // A writer that came meanwhile may have appended what is not yet durable: its word counts.
    if (auto published = read_tail()) return published;
    return extent;
}

std::optional<LogExtent> ExtentWatch::read_tail() {
    if (!tail_) tail_ = Tail::open_for_reading(paths_.tail());
    if (!tail_) return std::nullopt;
    uint32_t wake = tail_->wake_count();
    auto state = tail_->read();
    // Whoever published since the last look was alive. Only without news the lock is asked.
    bool certain = state && state->generation == generation_ && wake != wake_seen_;
    wake_seen_ = wake;
    if (!certain) {
        uint64_t live = live_generation(data_directory_);
        generation_ = state && state->generation == live ? live : 0;
    }
    if (generation_ == 0) return std::nullopt;
    sound_ = {};
    return state->extent;
}

Result<std::optional<LogExtent>> ExtentWatch::read_files() {
    LEAT_ASSIGN(auto segments, paths_.segments());
    if (segments.empty()) return std::nullopt;
    bool same =
        scanned_ && scanned_->segment == segments.back().first_seq && scanned_bytes_ == segments.back().bytes;
    if (same) return scanned_;
    auto examined = examine_log(paths_, tail_ ? tail_->read_abandoned() : std::nullopt);
    if (!examined && examined.error().code == ErrorCode::LOG_CORRUPT) {
        // The last segment says nothing of itself; those before it can still be read.
        sound_ = fail(examined.error());
        return LogExtent{segments.back().first_seq, 0, segments.back().first_seq, 0};
    }
    LEAT_ASSIGN(auto files, std::move(examined));
    if (!files.last) return std::nullopt;
    const SegmentTracker& tracker = files.last->tracker;
    sound_ = files.last->sound;
    scanned_bytes_ = files.last->end.file_bytes;
    scanned_ = LogExtent{tracker.segment_first_seq(), tracker.complete().offset,
                         Seq(tracker.complete().order.next_seq), tracker.log_commit_time_us_max()};
    return scanned_;
}

void ExtentWatch::wait(std::chrono::milliseconds timeout) const {
    if (tail_)
        tail_->wait(wake_seen_, timeout);
    else
        std::this_thread::sleep_for(timeout);
}

}  // namespace leat
