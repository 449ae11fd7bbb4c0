// Drives one source into its change log: snapshot, then stream, with retries, until it is stopped or cannot
// go on.
//
// Two threads: the reader thread alone talks to the database and answers it whatever else is blocked; the
// capture thread alone writes the log. Between them is a channel of blocks bounded in bytes. The source is
// told only what is durable (invariant 1): the capture thread alone confirms, after sync.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "capture/block_channel.h"
#include "capture/signal_file.h"
#include "capture/snapshot_reader.h"
#include "capture/table_counts.h"
#include "log/change_log.h"
#include "source/source.h"

namespace leat {

enum class SourceState : uint8_t { created, snapshotting, running, retrying, paused, stopped, failed };
std::string_view name(SourceState state);

struct SourceStatus {
    SourceState state = SourceState::created;
    std::optional<Error> error;  // of retrying and failed; of paused, if it was not asked for
    uint64_t changes = 0;        // appended by this process
    uint64_t bytes = 0;
    int64_t commit_time_us = 0;    // of the newest change that was appended; 0: none yet
    int64_t captured_time_us = 0;  // when it came in

    uint64_t retries = 0;
    std::map<ErrorCode, uint64_t> errors;  // how often each happened
    uint64_t queue_bytes = 0;              // on the way from the reader to the log, now
    uint64_t queue_bytes_max = 0;
    std::optional<SnapshotProgress> snapshot;  // the initial one, while it is read
    ServerLoad server;
    // Since a thread that has something to do all the time (it waits half a second at most) last did it. A
    // minute of it is a defect, or a disk that does not answer.
    std::chrono::milliseconds stalled{0};
};

struct RunnerOptions {
    size_t channel_bytes = 16 << 20;
    uint32_t snapshot_readers = 2;
    bool stop_after_snapshot = false;  // snapshot.mode initial_only
    bool retry = true;                 // false: any error ends it, as a person at a terminal expects
    std::chrono::milliseconds retry_delay_first{200};
    std::chrono::milliseconds full_disk_delay{1000};  // between looks whether there is room again
    SignalFileOptions signal_file = {};
};

// Opens the source's log, recovering it: done again for each attempt, so that what an attempt left unfinished
// is cut, and a log that failed to sync is read back as it really is.
using OpenLog = std::function<Result<std::unique_ptr<ChangeLog>>()>;

class SourceRunner {
  public:
    SourceRunner(std::string name, std::unique_ptr<Source> source, OpenLog open_log, RunnerOptions options);
    ~SourceRunner();  // stops and joins

    void start();
    void request_stop();
    void join();  // until it is stopped or failed

    // Thread-safe. A paused source stays connected, which keeps its slot from being taken or invalidated for
    // being idle, and takes nothing: the server keeps its log meanwhile. A snapshot under way is finished
    // first, as it holds a transaction open. May be said before start().
    void pause(bool paused) { pause_wanted_ = paused; }
    bool pause_wanted() const { return pause_wanted_; }
    SourceStatus status() const;
    std::vector<TableCounts::Count> table_counts() const { return tables_.counts(); }
    // Starts, stops, pauses or resumes snapshots, as Debezium's signals do. Returns when the change log has
    // it durably, so that a kill changes nothing any more. Waits at most `wait` until the source gets to it,
    // which it does only while it is RUNNING. SIGNAL_NOT_TAKEN; any thread may call this. `id` stands in
    // Leat's log.
    Result<SignalOutcome> signal(Signal signal, std::string id, std::chrono::milliseconds wait);
    // How far the log is durable, as the source writes it; empty: nothing yet, or not known before the first
    // attempt.
    std::string checkpoint() const;
    // Waits until the status is as wanted; what it is then, or after `time`.
    SourceStatus wait(std::chrono::milliseconds time,
                      const std::function<bool(const SourceStatus&)>& wanted) const;
    // Whether it has ended, and the thread is about to be gone: join() takes no time then.
    bool ended() const;

    // Removes what was made in the database for this source. Only of one that has ended, or never started.
    Status release(std::stop_token stop) { return source_->release(stop); }

    const std::string& name() const { return name_; }

  private:
    void run(std::stop_token stop);  // the capture thread
    void drive(std::stop_token stop);
    Result<bool> attempt(std::stop_token stop);
    Status drain(BlockChannel& channel, std::stop_token stop);
    Status append_group(BlockChannel& channel, BlockChannel::Item first, std::stop_token stop);
    Status append(Block& block, BlockChannel& channel, std::stop_token stop);
    Status sync(BlockChannel& channel, std::stop_token stop);
    void tell_durable(BlockChannel& channel);
    template <class Write>
    Status write_with_room(Write write, std::stop_token stop);

    Status read(BlockChannel& channel, const ResumePoint& from, std::stop_token stop);  // the reader thread
    Status push(BlockChannel& channel, Block block, std::stop_token stop);

    void set_state(SourceState state, std::optional<Error> error = {});
    void show_snapshot(const SnapshotReader* snapshot);
    void count_error(ErrorCode code, bool retried);
    void set_phase(SourceState phase);
    void end_pause();
    Status stay_paused(std::stop_token stop);
    void set_checkpoint(Position position);

    const std::string name_;
    SignalQueue signals_;
    SignalFile signal_file_;
    std::unique_ptr<Source> source_;
    const OpenLog open_log_;
    std::unique_ptr<ChangeLog> log_;
    const RunnerOptions options_;
    std::atomic<bool> reader_failed_{false};  // of this attempt
    std::optional<Position> awaited_;         // by a sender that goes on when it is durable

    TableCounts tables_;
    std::atomic<uint64_t> queue_bytes_{0};
    // When each thread last went round; zero: it is not in its loop.
    std::atomic<SteadyClock::time_point> writer_turn_{}, reader_turn_{};
    std::atomic<bool> pause_wanted_{false};

    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;  // of status_
    SourceStatus status_;
    Position checkpoint_;
    const SnapshotReader* snapshot_ = nullptr;  // while it reads
    SourceState phase_ = SourceState::created;  // of the reader thread: what a pause interrupts
    std::jthread thread_;
};

}  // namespace leat
