#include "consumer/consumer_runner.h"

#include <fmt/core.h>

#include "base/clock.h"
#include "base/logging.h"

namespace leat {

using namespace std::chrono_literals;

namespace {

constexpr auto look_again = 250ms;  // for changes, and whether to stop
constexpr auto flush_interval = 1000ms;
constexpr auto log_missing_wait = 250ms;
constexpr uint64_t tries_until_release = 4;  // then what is in memory is little more than the batch

std::unexpected<Error> stopped() { return fail(ErrorCode::STOPPED, "the consumer is stopped"); }

}  // namespace

std::string_view name(Poison policy) {
    constexpr std::string_view names[] = {"fail", "dead_letter", "skip"};
    return names[static_cast<size_t>(policy)];
}

ConsumerRunner::ConsumerRunner(ConsumerOptions options, FeedSource source, std::unique_ptr<Sink> sink,
                               Seq after, DeadLetters* letters)
    : options_(std::move(options)),
      source_(std::move(source)),
      sink_(std::move(sink)),
      letters_(letters),
      backoff_(options_.retry_first, options_.retry_last) {
    status_.durable = after;
}

ConsumerRunner::~ConsumerRunner() {
    request_stop();
    join();
}

void ConsumerRunner::start() {
    thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
}

void ConsumerRunner::request_stop() { thread_.request_stop(); }

void ConsumerRunner::join() {
    if (thread_.joinable()) thread_.join();
}

// ---- from other threads ----

void ConsumerRunner::pause() {
    std::lock_guard lock(mutex_);
    paused_ = true;
    changed_.notify_all();
}

void ConsumerRunner::resume() {
    std::lock_guard lock(mutex_);
    paused_ = false;
    changed_.notify_all();
}

void ConsumerRunner::resend(std::vector<Seq> seqs) {
    std::lock_guard lock(mutex_);
    resend_.insert(resend_.end(), seqs.begin(), seqs.end());
    changed_.notify_all();
}

void ConsumerRunner::reload_keys() {
    std::lock_guard lock(mutex_);
    reload_keys_ = true;
}

void ConsumerRunner::fail_with(Error error) {
    std::lock_guard lock(mutex_);
    failed_ = std::move(error);
    changed_.notify_all();
}

ConsumerStatus ConsumerRunner::status() const {
    std::lock_guard lock(mutex_);
    return status_;
}

bool ConsumerRunner::ended() const {
    std::lock_guard lock(mutex_);
    return status_.state == ConsumerState::stopped || status_.state == ConsumerState::failed;
}

// ---- the consumer's thread ----

void ConsumerRunner::run(const std::stop_token& stop) {
    Status status;
    while (!stop.stop_requested()) {
        status = attempt(stop);
        if (!status && status.error().code == ErrorCode::STOPPED) break;
        if (!status && (retry_class(status.error().code) == Retry::never ||
                        (options_.tries_max > 0 && tries_ >= options_.tries_max)))
            break;
        if (!status) {
            ++tries_;
            auto wait = std::max(backoff_.next(), std::exchange(retry_after_, 0ms));
            set_retrying(std::move(status.error()), wait);
            if (reader_ && tries_ >= tries_until_release) reader_->release();
            if (!sleep(wait, stop)) break;
        }
    }
    if (reader_ && sent_ > sink_durable_) static_cast<void>(flush({}));
    bool failed = !status && status.error().code != ErrorCode::STOPPED && !stop.stop_requested();
    if (!failed) {
        log_event(LogLevel::info, options_.name, "STOPPED");
        return set_state(ConsumerState::stopped);
    }
    Error error = std::move(status.error());
    if (retry_class(error.code) != Retry::never)
        error.message = fmt::format("given up after {} tries: {}", tries_, error.message);
    error.message += fmt::format(" (it stands after sequence {})", this->status().durable.value);
    log_error(LogLevel::error, options_.name, "FAILED", error);
    set_state(ConsumerState::failed, std::move(error));
}

// One step, or what is needed before one can be done. STOPPED: the end was reached.
Status ConsumerRunner::attempt(const std::stop_token& stop) {
    {
        std::lock_guard lock(mutex_);
        if (failed_) return fail(*failed_);
    }
    if (!reader_) {
        auto begun = begin(stop);
        if (!begun && begun.error().code == ErrorCode::LOG_NO_SOURCE) {
            // Before its first attempt a source has no log.
            if (sleep(log_missing_wait, stop)) return {};
            return stopped();
        }
        return begun;
    }
    auto status = step(stop);
    // What was given to the sink is given again; after anything else all is opened anew.
    bool of_sink = !status && reader_ && !reader_->pending().empty();
    if (!status && !of_sink) reader_.reset();
    return status;
}

Status ConsumerRunner::begin(const std::stop_token& stop) {
    LEAT_TRY(wait_while_paused(stop));
    LEAT_TRY(source_.range());
    LEAT_ASSIGN(auto checkpoint, sink_->open(stop));
    Seq after = checkpoint.value_or(this->status().durable);
    LEAT_TRY(check_range(after));
    LEAT_ASSIGN(auto reader, ChangeReader::open(source_, after));
    reader_.emplace(std::move(reader));
    sent_ = sink_durable_ = after;
    LEAT_TRY(load_keys());
    flushed_ = SteadyClock::now();
    log_event(LogLevel::info, options_.name, fmt::format("RUNNING after sequence {}", after.value));
    set_state(ConsumerState::running);
    return {};
}

Status ConsumerRunner::check_range(Seq after) const {
    LEAT_ASSIGN(auto range, source_.range());
    if (after >= range.next_seq)
        return fail(
            ErrorCode::CONSUMER_CURSOR_AHEAD,
            fmt::format("the log ends at {}, and the cursor is {}", range.next_seq.value - 1, after.value),
            "The log was made anew or restored from an older copy: its sequences mean other "
            "changes. Remove the consumer and create it again with the start it is to have.");
    if (after.value + 1 < range.first_seq.value)
        return fail(
            ErrorCode::LOG_TRIMMED,
            fmt::format("the log begins at {}, and the cursor is {}: what is between them is no "
                        "longer kept",
                        range.first_seq.value, after.value),
            "Remove the consumer and create it again with start: earliest. There is a gap then, which a "
            "snapshot of its tables closes (signals, docs/configuration.md).");
    return {};
}

Status ConsumerRunner::step(const std::stop_token& stop) {
    LEAT_TRY(wait_while_paused(stop));
    LEAT_TRY(load_keys());
    LEAT_TRY(resend_letters(stop));
    auto limits = options_.batch;
    if (options_.changes_per_second > 0) {
        LEAT_TRY(wait_for_rate(stop));
        limits.changes = std::min(limits.changes, static_cast<size_t>(allowance_));
    }
    auto wait = reader_->pending().empty() ? std::chrono::milliseconds(look_again) : 0ms;
    // What is tried again stays the same: a receiver may have taken it, and knows it by its key.
    if (!again_ || reader_->pending().empty()) LEAT_TRY(reader_->fill(limits, options_.until, wait, stop));
    if (!reader_->pending().empty()) LEAT_TRY(deliver(stop));
    bool idle = reader_->pending().empty();
    if ((idle && sent_ > sink_durable_) || SteadyClock::now() - flushed_ >= flush_interval)
        LEAT_TRY(flush(stop));
    note_progress();
    if (idle && reader_->at(options_.until)) return stopped();
    return {};
}

Status ConsumerRunner::deliver(const std::stop_token& stop) {
    LEAT_TRY(put_held_aside());
    if (reader_->pending().empty()) return {};
    Batch batch;
    batch.changes.reserve(reader_->pending().size());
    for (const auto& pending : reader_->pending()) batch.changes.push_back(pending.change);
    return take(sink_->write(batch, stop));
}

Status ConsumerRunner::take(Written written) {
    int64_t now_us = wall_time_us();
    sink_durable_ = std::max(sink_durable_, written.durable);
    {
        std::lock_guard lock(mutex_);
        for (size_t i = 0; i < written.accepted; ++i) {
            auto& pending = reader_->pending().front();
            sent_ = pending.change.seq;
            ++status_.changes;
            status_.bytes += pending.change.bytes.size();
            status_.commit_time_us = pending.commit_time_us;
            status_.times.add(std::max(0.0, static_cast<double>(now_us - pending.commit_time_us) / 1e6));
            reader_->pop_front();
        }
    }
    allowance_ -= static_cast<double>(written.accepted);
    note_progress();
    if (written.accepted > 0 || (!written.error && tries_ > 0)) {
        backoff_.reset();
        if (std::exchange(tries_, 0) > 0) set_state(ConsumerState::running);
    }
    LEAT_TRY(settle_refused(written.refused));
    retry_after_ = written.retry_after;
    again_ = written.error.has_value();
    if (written.error) return fail(std::move(*written.error));
    LEAT_ASSERT(written.accepted > 0 || !written.refused.empty());
    return {};
}

// ---- changes that the destination refuses ----

Status ConsumerRunner::settle_refused(const std::vector<Refusal>& refused) {
    for (const Refusal& refusal : refused) {
        auto& pending = reader_->pending();
        auto found = std::ranges::find_if(pending, [&](auto& one) { return one.change.seq == refusal.seq; });
        LEAT_ASSERT(found != pending.end());
        Error error = refusal.error;
        error.message = fmt::format("change {}: {}", refusal.seq.value, error.message);
        {
            std::lock_guard lock(mutex_);
            ++status_.errors[error.code];
        }
        if (options_.poison == Poison::fail || (options_.poison == Poison::dead_letter && !letters_)) {
            error.action =
                "Mend the receiver and start the consumer again; or let such changes be put aside: "
                "poison: dead_letter.";
            return fail(std::move(error));
        }
        if (options_.poison == Poison::dead_letter) {
            LEAT_TRY(put_aside(*found, &error));
        } else {
            log_error(LogLevel::warning, options_.name, "a change is skipped", error);
            std::lock_guard lock(mutex_);
            ++status_.skipped;
        }
        reader_->remove_if([&](auto& one) { return one.change.seq == refusal.seq; });
    }
    return {};
}

// error: null of one that follows another.
Status ConsumerRunner::put_aside(const ChangeReader::Pending& pending, const Error* error) {
    const SinkChange& change = pending.change;
    LEAT_ASSIGN(uint64_t waiting, letters_->count());
    if (waiting >= options_.letters_max)
        return fail(ErrorCode::CONSUMER_DEAD_LETTERS,
                    fmt::format("{} dead letters wait already; change {} would be one more", waiting,
                                change.seq.value),
                    "Send them again or drop them; if the receiver refuses everything, mend it first.");
    Letter letter;
    letter.seq = change.seq;
    letter.keys = {change.key_hash, change.other_key_hash};
    letter.held = !error;
    letter.attempts = error ? 1 : 0;
    if (error) letter.error = *error;
    letter.bytes = change.bytes;
    LEAT_TRY(letters_->put(letter));
    if (error) log_error(LogLevel::warning, options_.name, "a change becomes a dead letter", *error);
    hold(letter.keys);
    std::lock_guard lock(mutex_);
    ++status_.dead_letters;
    return {};
}

void ConsumerRunner::hold(const LetterKeys& keys) {
    if (!options_.hold_key) return;
    for (uint64_t key : {keys.key_hash, keys.other_key_hash})
        if (key != 0) held_keys_.insert(key);
}

bool ConsumerRunner::is_held(const SinkChange& change) const {
    return held_keys_.contains(change.key_hash) || held_keys_.contains(change.other_key_hash);
}

Status ConsumerRunner::put_held_aside() {
    if (held_keys_.empty()) return {};
    Status status;
    reader_->remove_if([&](const ChangeReader::Pending& one) {
        if (!status || !is_held(one.change)) return false;
        status = put_aside(one, nullptr);
        return status.has_value();
    });
    return status;
}

Status ConsumerRunner::load_keys() {
    {
        std::lock_guard lock(mutex_);
        if (!std::exchange(reload_keys_, false)) return {};
    }
    held_keys_.clear();
    if (!letters_) return {};
    LEAT_ASSIGN(auto keys, letters_->keys());
    for (const LetterKeys& one : keys) hold(one);
    return {};
}

Status ConsumerRunner::resend_letters(const std::stop_token& stop) {
    while (letters_) {
        Seq next;
        {
            std::lock_guard lock(mutex_);
            if (resend_.empty()) break;
            next = resend_.front();
        }
        LEAT_TRY(resend_one(next, stop));
        std::lock_guard lock(mutex_);
        resend_.erase(resend_.begin());
        if (resend_.empty()) refused_again_.clear(), reload_keys_ = true;
    }
    return load_keys();
}

// One that is refused again keeps back those of its key that follow it.
Status ConsumerRunner::resend_one(Seq seq, const std::stop_token& stop) {
    LEAT_ASSIGN(auto letter, letters_->load(seq));
    if (!letter) return {};
    auto kept_back = [&](uint64_t key) { return key != 0 && refused_again_.contains(key); };
    if (kept_back(letter->keys.key_hash) || kept_back(letter->keys.other_key_hash)) return {};
    Batch batch;
    batch.resent = true;
    batch.changes.push_back({seq, letter->bytes, letter->keys.key_hash, letter->keys.other_key_hash});
    auto written = sink_->write(batch, stop);
    if (written.accepted == 1) {
        LEAT_TRY(sink_->flush(stop));
        log_event(LogLevel::info, options_.name, fmt::format("dead letter {} is delivered", seq.value));
        return letters_->remove(seq);
    }
    if (!written.refused.empty()) {
        for (uint64_t key : {letter->keys.key_hash, letter->keys.other_key_hash})
            if (key != 0) refused_again_.insert(key);
        ++letter->attempts;
        letter->held = false;
        letter->error = std::move(written.refused.front().error);
        return letters_->put(*letter);
    }
    retry_after_ = written.retry_after;
    return fail(written.error.value_or(Error{ErrorCode::SINK_UNAVAILABLE, "nothing was taken", {}}));
}

// ---- time, and what is told of it ----

Status ConsumerRunner::wait_while_paused(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!paused_) return {};
    auto before = status_.state;
    status_.state = ConsumerState::paused;
    changed_.wait(lock, stop, [&] { return !paused_ || failed_; });
    if (failed_) return fail(*failed_);
    if (stop.stop_requested()) return stopped();
    status_.state = before;
    return {};
}

// What a tenth of a second allows may go at once.
Status ConsumerRunner::wait_for_rate(const std::stop_token& stop) {
    auto rate = static_cast<double>(options_.changes_per_second);
    while (true) {
        auto now = SteadyClock::now();
        if (allowance_at_ == SteadyClock::time_point{}) allowance_at_ = now;
        allowance_ += rate * std::chrono::duration<double>(now - std::exchange(allowance_at_, now)).count();
        allowance_ = std::min(allowance_, std::max(1.0, rate / 10));
        if (allowance_ >= 1) return {};
        auto wait = std::clamp<int64_t>(static_cast<int64_t>(1000 / rate), 1, 100);
        if (!sleep(std::chrono::milliseconds(wait), stop)) return stopped();
    }
}

Status ConsumerRunner::flush(const std::stop_token& stop) {
    auto durable = sink_->flush(stop);
    if (!durable) {
        // What was accepted may be gone: only opening it again tells.
        reader_.reset();
        return fail(std::move(durable.error()));
    }
    sink_durable_ = std::max(sink_durable_, *durable);
    flushed_ = SteadyClock::now();
    note_progress();
    return {};
}

void ConsumerRunner::note_progress() {
    if (!reader_) return;
    Seq settled = reader_->settled();
    if (sent_ > sink_durable_) settled = std::min(settled, sink_durable_);
    std::lock_guard lock(mutex_);
    status_.durable = std::max(status_.durable, settled);
    status_.queued_bytes = reader_->pending_bytes();
    status_.oldest_pending_us = reader_->pending().empty() ? 0 : reader_->pending().front().commit_time_us;
}

void ConsumerRunner::set_state(ConsumerState state, std::optional<Error> error) {
    std::lock_guard lock(mutex_);
    status_.state = state;
    if (error && state == ConsumerState::failed) ++status_.errors[error->code];
    status_.error = std::move(error);
    status_.tries = 0;
    status_.next_try_us = 0;
}

void ConsumerRunner::set_retrying(Error error, std::chrono::milliseconds wait) {
    log_error(LogLevel::warning, options_.name, fmt::format("RETRYING in {} ms", wait.count()), error);
    std::lock_guard lock(mutex_);
    status_.state = ConsumerState::retrying;
    ++status_.errors[error.code];
    ++status_.retries;
    status_.error = std::move(error);
    status_.tries = tries_;
    status_.next_try_us = wall_time_us() + wait.count() * 1000;
}

// False: it is to stop.
bool ConsumerRunner::sleep(std::chrono::milliseconds time, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    bool was_paused = paused_;
    changed_.wait_for(lock, stop, time, [&] { return failed_ || paused_ != was_paused; });
    return !stop.stop_requested();
}

}  // namespace leat
