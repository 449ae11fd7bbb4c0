// The way of signals from within the process (the HTTP API, a file) to the source that carries them out, and
// of what became of them back. Bounded.
//
// Senders may be any thread. The source's thread takes what waits and says what became of it; the sender is
// answered once that is durable, or cannot become so any more.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "snapshot/signal.h"

namespace leat {

class SignalQueue {
  public:
    static constexpr size_t signals_max = 100;

    struct Entry {
        Signal signal;
        std::string id;  // stands in Leat's log
    };

    // Waits for the answer: at most `wait` until it is taken, then until it is answered. SIGNAL_NOT_TAKEN: it
    // was not carried out, unless the message says that this is not known.
    Result<SignalOutcome> send(Entry entry, std::chrono::milliseconds wait);
    // Does not wait; outcome and errors stand in Leat's log alone. False: there is no room just now.
    bool post(Entry entry);

    // ---- for the thread that reads the source ----

    // Whether one waits to be taken; cheap.
    bool waiting() const { return waiting_ > 0; }
    // The next one; what became of it is said before the one after it is taken.
    std::optional<Entry> take();
    void carried_out(Result<SignalOutcome> outcome);
    // Whether one was carried out, and it was not said that this is durable.
    bool undurable() const { return undurable_; }
    // All that was carried out is.
    void durable();
    // Nothing waits, and nothing is to be made durable.
    bool idle() const;
    // What was carried out and is not durable may be lost: the senders are told. What was posted and waits is
    // forgotten.
    void abandon();
    // Nothing is taken any more: whoever waits or comes later is told `why`.
    void close(const std::string& why);

  private:
    enum class Stage : uint8_t { waiting, taken, carried_out, answered };
    struct Ticket {
        Entry entry;
        bool posted = false;  // nobody waits for the answer
        Stage stage = Stage::waiting;
        std::optional<Result<SignalOutcome>> outcome;
    };
    using Tickets = std::deque<std::shared_ptr<Ticket>>;

    std::shared_ptr<Ticket> add(Entry entry, bool posted);  // null: no room, or closed
    void answer_all(const Error& error);

    mutable std::mutex mutex_;
    std::condition_variable answered_;
    Tickets tickets_;  // that are not answered, in their order
    std::optional<std::string> closed_;
    std::atomic<size_t> waiting_{0};
    std::atomic<bool> undurable_{false};
};

}  // namespace leat
