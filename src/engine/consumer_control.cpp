// ConsumerSet: what is asked of it by REST.
#include <fmt/core.h>

#include "delivery/log_place.h"
#include "engine/consumer_factory.h"
#include "engine/consumer_set.h"

namespace leat::engine {

namespace {

constexpr size_t letters_page = 1000;

server::DeadLetter shown(db::DeadLetter letter) {
    return {letter.seq,
            letter.key_hash,
            letter.held,
            letter.attempts,
            std::move(letter.code),
            std::move(letter.message),
            std::move(letter.content_type),
            std::move(letter.bytes),
            letter.created_us};
}

class RunningReplay final : public server::Replay {
  public:
    RunningReplay(std::unique_ptr<ConsumerRunner> runner, Seq first, Seq last)
        : runner_(std::move(runner)), first_(first), last_(last) {
        runner_->start();
    }
    ConsumerStatus status() const override { return runner_->status(); }
    bool ended() const override { return runner_->ended(); }
    Seq first() const override { return first_; }
    Seq last() const override { return last_; }
    void cancel() override { runner_->request_stop(); }

  private:
    const std::unique_ptr<ConsumerRunner> runner_;
    const Seq first_, last_;
};

}  // namespace

Result<server::ConsumerView> ConsumerSet::view(const std::string& name) const {
    LEAT_ASSIGN(auto consumer, known(name));
    return view_of(*consumer);
}

server::ConsumerView ConsumerSet::view_of(const Consumer& consumer) const {
    server::ConsumerView view;
    {
        std::lock_guard lock(mutex_);
        view.name = consumer.config.name;
        view.source = consumer.config.source;
        view.type = leat::name(consumer.config.type);
        view.from_file = consumer.from_file;
        view.definition = consumer.json;
        view.revision = consumer.revision;
        view.status = consumer.status();
    }
    if (auto count = letters_.count(view.name)) view.dead_letters_waiting = *count;
    auto range = logs_.range(view.source);
    if (!range) return view;
    uint64_t last = range->next_seq.value - 1;
    view.lag_changes = last > view.status.durable.value ? last - view.status.durable.value : 0;
    if (view.lag_changes == 0) return view;
    // The oldest that it has not is known while it is in hand; else it is younger than the last that it has.
    int64_t since =
        view.status.oldest_pending_us ? view.status.oldest_pending_us : view.status.commit_time_us;
    if (since == 0) since = range->first_time_us;
    if (since > 0) view.lag_seconds = std::max(0.0, static_cast<double>(wall_time_us() - since) / 1e6);
    return view;
}

// ---- start, stop, pause, resume ----

Status ConsumerSet::set_desired(Consumer& consumer, db::DesiredState desired) {
    LEAT_TRY(definitions_.set_desired(db::DefinitionKind::consumer, consumer.config.name, desired));
    std::lock_guard lock(mutex_);
    consumer.desired = desired;
    return {};
}

Status ConsumerSet::start(const std::string& name) {
    std::lock_guard control(control_);
    LEAT_ASSIGN(auto consumer, known(name));
    LEAT_TRY(set_desired(*consumer, db::DesiredState::running));
    if (consumer->runner && !consumer->runner->ended()) return consumer->runner->resume(), Status();
    end(*consumer);
    {
        std::lock_guard lock(mutex_);
        consumer->given_up = false;
    }
    if (auto placed = place(*consumer); !placed) {
        rest(*consumer, ConsumerState::failed, placed.error());
        return placed;
    }
    begin(*consumer);
    hold_retention();
    return {};
}

Status ConsumerSet::stop(const std::string& name) {
    std::lock_guard control(control_);
    LEAT_ASSIGN(auto consumer, known(name));
    LEAT_TRY(set_desired(*consumer, db::DesiredState::stopped));
    end(*consumer);
    rest(*consumer, ConsumerState::stopped);
    return {};
}

Status ConsumerSet::pause(const std::string& name) {
    std::lock_guard control(control_);
    LEAT_ASSIGN(auto consumer, known(name));
    LEAT_TRY(set_desired(*consumer, db::DesiredState::paused));
    if (consumer->runner)
        consumer->runner->pause();
    else if (consumer->is_subscription())
        rest(*consumer, ConsumerState::paused);
    return {};
}

Status ConsumerSet::resume(const std::string& name) { return start(name); }

// ---- subscriptions ----

Result<server::Subscription> ConsumerSet::subscription(const std::string& name, Framing framing) const {
    LEAT_ASSIGN(auto consumer, known(name));
    std::lock_guard lock(mutex_);
    if (!consumer->is_subscription())
        return fail(ErrorCode::CONSUMER_NOT_SUBSCRIPTION,
                    fmt::format("{} pushes into a destination of its own", name),
                    "Create a consumer of type subscription.");
    if (consumer->resting.state != ConsumerState::running)
        return fail(ErrorCode::API_STATE,
                    fmt::format("the consumer is {}", leat::name(consumer->resting.state)),
                    fmt::format("POST /api/v1/consumers/{}/start", name));
    LEAT_ASSIGN(auto spec, feed_spec(consumer->config));
    spec.framing = framing;
    return server::Subscription{spec.key(), feed_of(spec), consumer->resting.durable};
}

Status ConsumerSet::acknowledge(const std::string& name, Seq seq) {
    LEAT_ASSIGN(auto consumer, known(name));
    std::string source;
    {
        std::lock_guard lock(mutex_);
        if (!consumer->is_subscription())
            return fail(ErrorCode::CONSUMER_NOT_SUBSCRIPTION,
                        fmt::format("{} pushes into a destination of its own", name));
        source = consumer->config.source;
    }
    LEAT_ASSIGN(auto range, logs_.range(source));
    if (seq >= range.next_seq)
        return fail(
            ErrorCode::CONSUMER_CURSOR_AHEAD,
            fmt::format("the log ends at {}, and {} is acknowledged", range.next_seq.value - 1, seq.value));
    std::string log = log_of(source);
    {
        std::lock_guard lock(mutex_);
        if (seq <= consumer->resting.durable) return {};
    }
    db::Cursor cursor{name, log, seq, 0};
    LEAT_TRY(cursors_.set({&cursor, 1}));
    std::lock_guard lock(mutex_);
    consumer->stored = consumer->resting.durable = std::max(seq, consumer->resting.durable);
    return {};
}

// ---- dead letters ----

Result<std::vector<server::DeadLetter>> ConsumerSet::dead_letters(const std::string& name, Seq after,
                                                                  size_t limit) const {
    LEAT_TRY(known(name));
    LEAT_ASSIGN(auto stored, letters_.list(name, after, limit));
    std::vector<server::DeadLetter> letters;
    for (db::DeadLetter& letter : stored) letters.push_back(shown(std::move(letter)));
    return letters;
}

Result<server::DeadLetter> ConsumerSet::dead_letter(const std::string& name, Seq seq) const {
    LEAT_TRY(known(name));
    LEAT_ASSIGN(auto stored, letters_.find(name, seq));
    if (!stored) return fail(ErrorCode::API_NOT_FOUND, "there is no dead letter of this sequence");
    return shown(std::move(*stored));
}

// With those of the same key before it: their order is what the key was held for.
Result<uint64_t> ConsumerSet::resend(const std::string& name, const std::vector<Seq>& seqs) {
    std::lock_guard control(control_);
    LEAT_ASSIGN(auto consumer, known(name));
    if (!consumer->runner || consumer->runner->ended())
        return fail(ErrorCode::API_STATE,
                    fmt::format("the consumer is {}", leat::name(consumer->status().state)),
                    fmt::format("POST /api/v1/consumers/{}/start", name));
    std::vector<db::DeadLetter> letters;
    for (Seq after{0};;) {
        LEAT_ASSIGN(auto some, letters_.list(name, after, letters_page));
        if (some.empty()) break;
        after = some.back().seq;
        std::ranges::move(some, std::back_inserter(letters));
    }
    auto is_wanted = [&](const db::DeadLetter& letter) {
        return seqs.empty() || std::ranges::any_of(letters, [&](const db::DeadLetter& other) {
                   if (std::ranges::find(seqs, other.seq) == seqs.end()) return false;
                   bool of_key = letter.key_hash != 0 && letter.key_hash == other.key_hash;
                   return letter.seq == other.seq || (of_key && letter.seq < other.seq);
               });
    };
    std::vector<Seq> wanted;
    for (const db::DeadLetter& letter : letters)
        if (is_wanted(letter)) wanted.push_back(letter.seq);
    consumer->runner->resend(wanted);
    return wanted.size();
}

Result<uint64_t> ConsumerSet::drop(const std::string& name, const std::vector<Seq>& seqs) {
    std::lock_guard control(control_);
    LEAT_ASSIGN(auto consumer, known(name));
    LEAT_ASSIGN(uint64_t dropped, letters_.remove(name, seqs));
    if (consumer->runner) consumer->runner->reload_keys();
    return dropped;
}

// ---- replay ----

Result<std::unique_ptr<server::Replay>> ConsumerSet::replay(const server::ReplaySpec& spec) {
    std::lock_guard control(control_);
    LEAT_ASSIGN(auto consumer, known(spec.consumer));
    if (consumer->is_subscription())
        return fail(ErrorCode::CONSUMER_NOT_SUBSCRIPTION,
                    fmt::format("{} is a subscription, whose reader goes back by itself", spec.consumer),
                    fmt::format("GET /api/v1/consumers/{}/changes?after=SEQUENCE", spec.consumer));
    ConsumerConfig wanted = consumer->config;
    if (!spec.tables.empty()) wanted.tables = spec.tables;
    auto config = this->config();
    LEAT_ASSIGN(auto range, logs_.range(wanted.source));
    auto read = [&](ReadFrom from) { return logs_.read(wanted.source, from); };
    Seq after(range.first_seq.value - 1), last(range.next_seq.value - 1);
    if (spec.from_us) {
        LEAT_ASSIGN(after, place_of_time(read, range, *spec.from_us));
    } else if (spec.first) {
        after = Seq(std::max<uint64_t>(1, spec.first->value) - 1);
    }
    if (spec.until_us) {
        LEAT_ASSIGN(last, place_of_time(read, range, *spec.until_us));
    } else if (spec.last) {
        last = std::min(last, *spec.last);
    }
    after = std::max(after, spec.done);
    LEAT_ASSIGN(auto feed, feed_spec(wanted));
    feed.replay = spec.id;
    std::string log = log_of(wanted.source);
    LEAT_ASSIGN(auto setup, make_sink(wanted, log, config->secrets, spec.id));
    auto options = consumer_options(wanted, config->memory_bytes, all().size() + 1);
    options.name = fmt::format("{} (replay {})", wanted.name, spec.id);
    options.until = last;
    options.changes_per_second = spec.changes_per_second;
    // What is refused in a replay was delivered or put aside before: it is counted, and passed over unless
    // the consumer is to fail.
    if (options.poison == Poison::dead_letter) options.poison = Poison::skip;
    auto runner =
        std::make_unique<ConsumerRunner>(std::move(options), feed_of(feed), std::move(setup.sink), after);
    return std::make_unique<RunningReplay>(std::move(runner), Seq(after.value + 1), last);
}

}  // namespace leat::engine
