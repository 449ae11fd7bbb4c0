#include "capture/source_runner.h"

#include <fmt/core.h>

#include "base/backoff.h"
#include "base/logging.h"

namespace leat {

using namespace std::chrono_literals;

namespace {
constexpr auto wait_slice = 500ms;
constexpr auto pause_slice = 100ms;
constexpr size_t sync_bytes_max = 8 << 20;  // one group commit takes about this much at most

// What makes the writer wait with the block in hand, and passes when somebody makes room.
bool is_waited_out(ErrorCode code) {
    return code == ErrorCode::LOG_DISK_FULL || code == ErrorCode::CONSUMER_RETENTION;
}

Status stopped() { return fail(ErrorCode::STOPPED, "stopped on request"); }

// Waits, but not past a request to stop.
void wait_out(std::chrono::milliseconds time, std::stop_token stop) {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    changed.wait_for(lock, stop, time, [] { return false; });
}
}  // namespace

std::string_view name(SourceState state) {
    constexpr std::string_view names[] = {"CREATED", "SNAPSHOTTING", "RUNNING", "RETRYING",
                                          "PAUSED",  "STOPPED",      "FAILED"};
    return names[static_cast<size_t>(state)];
}

SourceRunner::SourceRunner(std::string name, std::unique_ptr<Source> source, OpenLog open_log,
                           RunnerOptions options)
    : name_(std::move(name)),
      signal_file_(name_, options.signal_file),
      source_(std::move(source)),
      open_log_(std::move(open_log)),
      options_(std::move(options)) {
    source_->listen_to(signals_);
}

SourceRunner::~SourceRunner() {
    request_stop();
    join();
}

void SourceRunner::start() {
    thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
}
void SourceRunner::request_stop() { thread_.request_stop(); }
void SourceRunner::join() {
    if (thread_.joinable()) thread_.join();
}

SourceStatus SourceRunner::status() const {
    std::lock_guard lock(mutex_);
    SourceStatus status = status_;
    status.queue_bytes = queue_bytes_;
    status.queue_bytes_max = options_.channel_bytes;
    if (snapshot_) status.snapshot = snapshot_->progress();
    status.server = source_->server_load();
    auto now = SteadyClock::now();
    for (auto turn : {writer_turn_.load(), reader_turn_.load()})
        if (turn != SteadyClock::time_point{} && now > turn)
            status.stalled =
                std::max(status.stalled, std::chrono::duration_cast<std::chrono::milliseconds>(now - turn));
    return status;
}

void SourceRunner::show_snapshot(const SnapshotReader* snapshot) {
    std::lock_guard lock(mutex_);
    snapshot_ = snapshot;
}

void SourceRunner::count_error(ErrorCode code, bool retried) {
    std::lock_guard lock(mutex_);
    ++status_.errors[code];
    status_.retries += retried;
}

Result<SignalOutcome> SourceRunner::signal(Signal signal, std::string id, std::chrono::milliseconds wait) {
    return signals_.send({std::move(signal), std::move(id)}, wait);
}

SourceStatus SourceRunner::wait(std::chrono::milliseconds time,
                                const std::function<bool(const SourceStatus&)>& wanted) const {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, time, [&] { return wanted(status_); });
    return status_;
}

bool SourceRunner::ended() const {
    std::lock_guard lock(mutex_);
    return status_.state == SourceState::stopped || status_.state == SourceState::failed;
}

std::string SourceRunner::checkpoint() const {
    std::lock_guard lock(mutex_);
    return checkpoint_.empty() ? std::string() : source_->describe(checkpoint_);
}

void SourceRunner::set_checkpoint(Position position) {
    std::lock_guard lock(mutex_);
    checkpoint_ = std::move(position);
}

void SourceRunner::set_state(SourceState state, std::optional<Error> error) {
    std::lock_guard lock(mutex_);
    status_.state = state;
    status_.error = std::move(error);
    changed_.notify_all();
}

// What the reader thread does; a pause of the capture thread, which has a reason, stays visible.
void SourceRunner::set_phase(SourceState phase) {
    std::lock_guard lock(mutex_);
    phase_ = phase;
    if (status_.state == SourceState::paused && status_.error) return;
    status_.state = phase;
    status_.error.reset();
    changed_.notify_all();
}

void SourceRunner::end_pause() {
    SourceState phase;
    {
        std::lock_guard lock(mutex_);
        phase = phase_;
        status_.state = phase;
        status_.error.reset();
        changed_.notify_all();
    }
    log_event(LogLevel::info, name_, fmt::format("{}: there is room again", leat::name(phase)));
}

// ---- the capture thread ----

void SourceRunner::run(std::stop_token stop) {
    drive(stop);
    signals_.close(fmt::format("the source is {}", leat::name(status().state)));
}

void SourceRunner::drive(std::stop_token stop) {
    Backoff backoff(options_.retry_delay_first);
    while (true) {
        uint64_t changes_before = status().changes;
        auto done = attempt(stop);
        if ((done && *done) || stop.stop_requested()) {
            log_event(LogLevel::info, name_, "STOPPED");
            return set_state(SourceState::stopped);
        }
        Error error = done ? Error{ErrorCode::PG_CONNECTION_LOST, "the stream ended", {}} : done.error();
        bool final = retry_class(error.code) == Retry::never || !options_.retry;
        count_error(error.code, !final);
        if (final) {
            // Without retries somebody waits for the outcome, and reports it.
            if (options_.retry) log_error(LogLevel::error, name_, "FAILED", error);
            return set_state(SourceState::failed, std::move(error));
        }
        if (status().changes > changes_before) backoff.reset();
        auto wait = backoff.next();
        log_error(LogLevel::warning, name_, fmt::format("RETRYING in {} ms", wait.count()), error);
        set_state(SourceState::retrying, std::move(error));
        wait_out(wait, stop);
    }
}

// One connection's life. What it left unfinished in the log is cut: the source sends it again. True: done for
// good.
Result<bool> SourceRunner::attempt(std::stop_token stop) {
    log_.reset();
    LEAT_ASSIGN(log_, open_log_());
    ResumePoint from{log_->position(), log_->latest_schemas()};
    tables_.learn(from.schemas);
    set_checkpoint(from.position);
    awaited_.reset();
    reader_failed_ = false;
    BlockChannel channel(options_.channel_bytes);
    Status read_status, write_status;
    {
        std::jthread reader([&](std::stop_token reader_stop) {
            read_status = read(channel, from, reader_stop);
            reader_failed_ = !read_status && read_status.error().code != ErrorCode::STOPPED;
            channel.close();
        });
        std::stop_callback forward(stop, [&] { reader.request_stop(); });
        write_status = drain(channel, stop);
        reader.request_stop();
        channel.close();  // a reader must not wait for room that a failed log will never make
    }
    writer_turn_ = reader_turn_ = SteadyClock::time_point{};
    queue_bytes_ = 0;
    source_->close();
    signals_.abandon();
    signal_file_.begin_again();
    // A reader that is stopped because writing failed says only that.
    if (reader_failed_) return fail(std::move(read_status.error()));
    LEAT_TRY(write_status);
    LEAT_TRY(read_status);
    return options_.stop_after_snapshot;
}

Status SourceRunner::drain(BlockChannel& channel, std::stop_token stop) {
    while (true) {
        writer_turn_ = SteadyClock::now();
        bool closed = channel.closed();  // asked first: what was pushed before is still handed out
        auto item = channel.pop(wait_slice);
        queue_bytes_ = channel.bytes() + (item ? item->block.size() : 0);
        if (item)
            LEAT_TRY(append_group(channel, std::move(*item), stop));
        else if (closed)
            return {};
        else
            LEAT_TRY(sync(channel, stop));  // what an earlier sync left for later (fsync: interval)
    }
}

// A full disk is waited out here, with the block in hand: the source is held back by the channel and stays
// connected. Once it is not, the block is given up: it comes again.
template <class Write>
Status SourceRunner::write_with_room(Write write, std::stop_token stop) {
    for (bool waiting = false;; waiting = true) {
        Status status = write();
        if (status || !is_waited_out(status.error().code)) {
            if (waiting && status) end_pause();
            return status;
        }
        if (!waiting) {
            if (status.error().code == ErrorCode::LOG_DISK_FULL)
                status.error().action =
                    "Nothing is lost: the source keeps its log meanwhile. Make room on the disk; Leat then "
                    "goes "
                    "on by itself.";
            log_error(LogLevel::error, name_, "PAUSED", status.error());
            count_error(status.error().code, false);
            set_state(SourceState::paused, status.error());
        }
        writer_turn_ = SteadyClock::now();
        wait_out(options_.full_disk_delay, stop);
        if (stop.stop_requested()) return stopped();
        if (reader_failed_) return status;
    }
}

// Group commit: everything that waits, then one sync.
Status SourceRunner::append_group(BlockChannel& channel, BlockChannel::Item first, std::stop_token stop) {
    size_t bytes = 0;
    std::optional<BlockChannel::Item> item(std::move(first));
    while (item) {
        LEAT_TRY(append(item->block, channel, stop));
        bytes += item->block.size();
        if (item->wait_durable) awaited_ = Position{std::string(item->block.position())};
        if (bytes >= sync_bytes_max) break;
        item = channel.pop(0ms);
    }
    return sync(channel, stop);
}

Status SourceRunner::sync(BlockChannel& channel, std::stop_token stop) {
    LEAT_TRY(write_with_room([&] { return log_->sync(); }, stop));
    tell_durable(channel);
    return {};
}

void SourceRunner::tell_durable(BlockChannel& channel) {
    Position durable = log_->durable_position();
    set_checkpoint(durable);
    if (!durable.empty()) source_->confirm(durable);  // invariant 1
    if (!awaited_ || *awaited_ != durable) return;
    awaited_.reset();
    channel.set_durable();
}

Status SourceRunner::append(Block& block, BlockChannel& channel, std::stop_token stop) {
    bool synced = false;
    auto write = [&]() -> Status {
        auto appended = log_->append(block);
        if (appended) return {};
        if (!is_waited_out(appended.error().code) || std::exchange(synced, true))
            return fail(std::move(appended.error()));
        // The blocks before it in the group need not wait for room.
        Status before = log_->sync();
        if (!before && before.error().code != ErrorCode::LOG_DISK_FULL) return before;
        if (before) tell_durable(channel);
        return fail(std::move(appended.error()));
    };
    LEAT_TRY(write_with_room(write, stop));
    tables_.add(block);
    std::lock_guard lock(mutex_);
    status_.changes += block.header().change_count;
    status_.bytes += block.size();
    if (block.header().change_count == 0) return {};
    status_.commit_time_us = block.header().commit_time_us_max;
    status_.captured_time_us = block.header().captured_at_us;
    return {};
}

// ---- the reader thread ----

Status SourceRunner::read(BlockChannel& channel, const ResumePoint& from, std::stop_token stop) {
    LEAT_ASSIGN(auto plan, source_->open(from, stop));
    if (plan) {
        set_phase(SourceState::snapshotting);
        SnapshotReader snapshot(name_, channel, options_.snapshot_readers);
        show_snapshot(&snapshot);
        Status status = snapshot.read(*plan, stop);
        show_snapshot(nullptr);
        LEAT_TRY(status);
        plan.reset();
    }
    if (options_.stop_after_snapshot) return {};
    LEAT_TRY(source_->start_streaming(stop));
    set_phase(SourceState::running);
    log_event(LogLevel::info, name_, "RUNNING");
    while (!stop.stop_requested()) {
        reader_turn_ = SteadyClock::now();
        if (pause_wanted_) LEAT_TRY(stay_paused(stop));
        signal_file_.poll(signals_);
        LEAT_ASSIGN(auto block, source_->read(wait_slice));
        if (block) LEAT_TRY(push(channel, std::move(*block), stop));
    }
    return stopped();
}

Status SourceRunner::push(BlockChannel& channel, Block block, std::stop_token stop) {
    auto idle = [&] {
        reader_turn_ = SteadyClock::now();
        return source_->keep_alive();
    };
    if (!signals_.undurable()) return channel.push(std::move(block), stop, idle);
    LEAT_TRY(channel.push_and_wait_durable(std::move(block), stop, idle));
    signals_.durable();
    return {};
}

// The server is answered meanwhile, and what it costs it is watched.
Status SourceRunner::stay_paused(std::stop_token stop) {
    set_phase(SourceState::paused);
    log_event(LogLevel::info, name_, "PAUSED: on request; the server keeps its log meanwhile");
    while (pause_wanted_ && !stop.stop_requested()) {
        reader_turn_ = SteadyClock::now();
        LEAT_TRY(source_->keep_alive());
        wait_out(pause_slice, stop);
    }
    if (stop.stop_requested()) return stopped();
    set_phase(SourceState::running);
    log_event(LogLevel::info, name_, "RUNNING");
    return {};
}

}  // namespace leat
