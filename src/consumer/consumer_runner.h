// Drives one consumer: log → sink, with retries, dead letters and a rate, until it is stopped, fails, or has
// reached its end. Its trouble is nobody else's: it has a thread of its own, and nobody waits for it.
//
// What is settled (in the target for good, put aside durably, or not wanted) is status().durable: whoever
// made the runner stores it as the cursor (invariant 4). After a crash what lies behind the stored cursor
// comes again, as one contiguous run, unless the target keeps the checkpoint itself.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <thread>
#include <unordered_set>

#include "base/backoff.h"
#include "base/clock.h"
#include "consumer/change_reader.h"
#include "consumer/consumer_status.h"
#include "consumer/dead_letters.h"

namespace leat {

enum class Poison : uint8_t { fail, dead_letter, skip };
std::string_view name(Poison policy);  // "dead_letter"

struct ConsumerOptions {
    std::string name;
    BatchLimits batch;
    std::chrono::milliseconds retry_first{200};
    std::chrono::milliseconds retry_last{60'000};
    uint64_t tries_max = 0;  // in a row; 0: no end
    Poison poison = Poison::fail;
    bool hold_key = true;  // what follows a dead letter of its key becomes one too
    uint64_t letters_max = 10'000;
    Seq until{UINT64_MAX};            // the last sequence to deliver; then it stops by itself
    uint64_t changes_per_second = 0;  // 0: as fast as it goes
};

class ConsumerRunner {
  public:
    // after: where it begins, unless the target knows better. letters: outlives it; null: none are kept, and
    // what is refused makes it fail.
    ConsumerRunner(ConsumerOptions options, FeedSource source, std::unique_ptr<Sink> sink, Seq after,
                   DeadLetters* letters = nullptr);
    ~ConsumerRunner();  // stops and joins

    void start();
    void request_stop();
    void join();
    // Any thread, from here on.
    void pause();
    void resume();
    // Sends these dead letters again, in this order, before what comes next.
    void resend(std::vector<Seq> seqs);
    // Dead letters were removed by somebody else: their keys may be free again.
    void reload_keys();
    // From outside: it cannot go on. FAILED with this error.
    void fail_with(Error error);
    ConsumerStatus status() const;
    bool ended() const;  // stopped, failed, or at its end
    const std::string& name() const { return options_.name; }

  private:
    void run(const std::stop_token& stop);
    Status attempt(const std::stop_token& stop);
    Status begin(const std::stop_token& stop);
    Status step(const std::stop_token& stop);
    Status wait_while_paused(const std::stop_token& stop);
    Status wait_for_rate(const std::stop_token& stop);
    Status resend_letters(const std::stop_token& stop);
    Status resend_one(Seq seq, const std::stop_token& stop);
    Status deliver(const std::stop_token& stop);
    Status take(Written written);
    Status settle_refused(const std::vector<Refusal>& refused);
    Status put_aside(const ChangeReader::Pending& pending, const Error* error);
    Status put_held_aside();
    Status load_keys();
    Status flush(const std::stop_token& stop);
    Status check_range(Seq after) const;
    void hold(const LetterKeys& keys);
    bool is_held(const SinkChange& change) const;
    void note_progress();
    void set_state(ConsumerState state, std::optional<Error> error = {});
    void set_retrying(Error error, std::chrono::milliseconds wait);
    bool sleep(std::chrono::milliseconds time, const std::stop_token& stop);

    const ConsumerOptions options_;
    const FeedSource source_;
    const std::unique_ptr<Sink> sink_;
    DeadLetters* const letters_;

    // Of the consumer's thread.
    std::optional<ChangeReader> reader_;
    Seq sent_{0}, sink_durable_{0};  // the last that the sink accepted, and what of it is durable
    SteadyClock::time_point flushed_{};
    Backoff backoff_;
    uint64_t tries_ = 0;
    bool again_ = false;  // the last write had trouble
    std::chrono::milliseconds retry_after_{0};
    std::unordered_set<uint64_t> held_keys_;      // of letters that wait
    std::unordered_set<uint64_t> refused_again_;  // of those that were just sent again
    double allowance_ = 0;                        // of changes_per_second
    SteadyClock::time_point allowance_at_{};

    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    ConsumerStatus status_;
    bool paused_ = false, reload_keys_ = true;
    std::vector<Seq> resend_;
    std::optional<Error> failed_;
    std::jthread thread_;
};

}  // namespace leat
