#include "engine/consumer_set.h"

#include <fmt/core.h>

#include "base/logging.h"
#include "delivery/log_place.h"
#include "engine/consumer_factory.h"

namespace leat::engine {

namespace {

bool has_ended(const ConsumerStatus& status) {
    return status.state == ConsumerState::stopped || status.state == ConsumerState::failed;
}

}  // namespace

ConsumerSet::ConsumerSet(server::Sources& sources, EmbeddedLogs& logs, std::shared_ptr<db::Database> database)
    : sources_(sources),
      logs_(logs),
      database_(std::move(database)),
      definitions_(database_),
      cursors_(database_),
      letters_(database_) {}

ConsumerSet::~ConsumerSet() { stop_all(); }

// ---- beginning and ending ----

Status ConsumerSet::open(std::shared_ptr<const Config> config) {
    std::lock_guard control(control_);
    LEAT_ASSIGN(identity_, logs_.identity());
    for (const ConsumerConfig& one : config->consumers) {
        LEAT_TRY(check_definition(one, true));
        auto consumer = std::make_shared<Consumer>();
        consumer->config = one;
        add(std::move(consumer));
    }
    LEAT_TRY(load_definitions(*config));
    {
        std::lock_guard lock(mutex_);
        config_ = std::move(config);
    }
    for (auto& consumer : all()) {
        auto& kind = consumer->config.name;
        LEAT_ASSIGN(consumer->desired, definitions_.desired(db::DefinitionKind::consumer, kind));
        if (auto placed = place(*consumer); !placed) rest(*consumer, ConsumerState::failed, placed.error());
    }
    hold_retention();
    return {};
}

void ConsumerSet::start_all() {
    std::lock_guard control(control_);
    for (auto& consumer : all()) begin(*consumer);
}

void ConsumerSet::stop_all() {
    std::lock_guard control(control_);
    auto consumers = all();
    for (auto& consumer : consumers)
        if (consumer->runner) consumer->runner->request_stop();
    for (auto& consumer : consumers)
        if (consumer->runner) consumer->runner->join();
    store_cursors();
    std::lock_guard lock(mutex_);
    consumers_.clear();
}

Status ConsumerSet::check_change(const Config& to) const {
    for (const ConsumerConfig& now : to.consumers) {
        LEAT_TRY(check_definition(now, true));
        auto was = find(now.name);
        if (was && !was->from_file)
            return fail(
                ErrorCode::CONSUMER_EXISTS,
                fmt::format("consumers.{}: there is one of this name that was made by REST", now.name),
                "Rename one of the two, or remove the other.");
        if (was && was->config.source != now.source)
            return fail(ErrorCode::CONFIG_INVALID,
                        fmt::format("consumers.{}.source cannot be changed: its cursor is of the log of {}",
                                    now.name, was->config.source),
                        "Give it another name.");
    }
    return {};
}

void ConsumerSet::change(std::shared_ptr<const Config> to) {
    std::lock_guard control(control_);
    {
        std::lock_guard lock(mutex_);
        config_ = to;
    }
    for (auto& was : all()) {
        bool stays =
            std::ranges::any_of(to->consumers, [&](auto& now) { return now.name == was->config.name; });
        if (stays || !was->from_file) continue;
        take_away(was);
        log_event(
            LogLevel::warning, was->config.name,
            "the consumer is no longer in the configuration. Its cursor stays; the log does not wait for "
            "it any more");
    }
    for (const ConsumerConfig& now : to->consumers) {
        auto was = find(now.name);
        if (was && was->config == now && !has_ended(was->status())) continue;
        if (was && was->desired == db::DesiredState::stopped && was->config == now) continue;
        auto consumer = was ? was : std::make_shared<Consumer>();
        if (was) end(*was);
        {
            std::lock_guard lock(mutex_);
            consumer->config = now;
            consumer->given_up = false;
        }
        if (!was) add(consumer);
        if (auto placed = place(*consumer); !placed)
            rest(*consumer, ConsumerState::failed, placed.error());
        else
            begin(*consumer);
    }
    hold_retention();
}

void ConsumerSet::add(ConsumerPtr consumer) {
    std::lock_guard lock(mutex_);
    consumers_.push_back(std::move(consumer));
}

void ConsumerSet::take_away(const ConsumerPtr& consumer) {
    end(*consumer);
    std::lock_guard lock(mutex_);
    std::erase(consumers_, consumer);
}

// ---- definitions ----

// What can be told without a database, and before anything is made.
Status ConsumerSet::check_definition(const ConsumerConfig& config, bool from_file) const {
    LEAT_ASSIGN(auto spec, feed_spec(config));
    LEAT_TRY(ChangeSelection::make(spec.selection));
    bool alone = config.type == ConsumerType::file || config.type == ConsumerType::standard_output;
    if (!alone) return {};
    for (auto& other : all()) {
        if (other->config.name == config.name || other->config.type != config.type) continue;
        if (from_file && other->from_file) continue;  // the file as a whole was checked
        if (other->config.file.path == config.file.path)
            return fail(ErrorCode::CONFIG_INVALID,
                        fmt::format("consumers.{}: its destination is that of {} already", config.name,
                                    other->config.name),
                        "Give each its own.");
    }
    return {};
}

// ---- where it stands ----

std::string ConsumerSet::log_of(const std::string& source) const { return identity_ + "/" + source; }

// Asked for anew with each attempt: the source may not have a log yet, and what does not fit its tables is
// told when it does.
FeedSource ConsumerSet::feed_of(const FeedSpec& spec) const {
    FeedSource feed;
    feed.range = [this, source = spec.source] { return logs_.range(source); };
    feed.read = [this, spec](ReadFrom from) -> Result<std::unique_ptr<LogReader>> {
        LEAT_ASSIGN(auto now, sources_.feed(spec));
        return now.read(from);
    };
    feed.make_encoder = [this, spec]() -> Result<std::unique_ptr<BlockEncoder>> {
        LEAT_ASSIGN(auto now, sources_.feed(spec));
        return now.make_encoder();
    };
    return feed;
}

Result<Seq> ConsumerSet::start_place(const ConsumerConfig& config) const {
    auto range = logs_.range(config.source);
    if (!range && range.error().code == ErrorCode::LOG_NO_SOURCE) return Seq(0);
    if (!range) return fail(std::move(range.error()));
    switch (config.start.kind) {
        case ConsumerStart::Kind::earliest:
            return Seq(range->first_seq.value - 1);
        case ConsumerStart::Kind::time:
            return place_of_time([&](ReadFrom from) { return logs_.read(config.source, from); }, *range,
                                 config.start.time_us);
        default:
            return Seq(range->next_seq.value - 1);
    }
}

// The cursor there is, or the first one, durable before anything is delivered.
Status ConsumerSet::place(Consumer& consumer) {
    const std::string& name = consumer.config.name;
    if (consumer.config.source.empty()) return {};  // its definition cannot be used
    std::string log = log_of(consumer.config.source);
    LEAT_ASSIGN(auto cursor, cursors_.find(name));
    if (cursor && cursor->log != log)
        return fail(
            ErrorCode::CONSUMER_CURSOR_FOREIGN,
            fmt::format("the cursor {} of {} is of another change log", cursor->seq.value, name),
            "Remove the consumer and create it again with the start it is to have, or give it another "
            "name.");
    if (!cursor) {
        LEAT_ASSIGN(Seq seq, start_place(consumer.config));
        cursor = db::Cursor{name, log, seq, 0};
        LEAT_TRY(cursors_.set({&*cursor, 1}));
    }
    std::lock_guard lock(mutex_);
    consumer.stored = cursor->seq;
    consumer.resting.durable = cursor->seq;
    return {};
}

// ---- runners ----

Status ConsumerSet::make_runner(Consumer& consumer) {
    auto config = this->config();
    std::string log = log_of(consumer.config.source);
    LEAT_ASSIGN(auto spec, feed_spec(consumer.config));
    LEAT_ASSIGN(auto setup, make_sink(consumer.config, log, config->secrets));
    auto options = consumer_options(consumer.config, config->memory_bytes, all().size());
    auto letters = std::make_unique<StoredLetters>(consumer.config.name, setup.content_type, database_);
    auto runner = std::make_unique<ConsumerRunner>(std::move(options), feed_of(spec), std::move(setup.sink),
                                                   consumer.stored, letters.get());
    std::lock_guard lock(mutex_);
    consumer.letters = std::move(letters);
    consumer.runner = std::move(runner);
    return {};
}

void ConsumerSet::begin(Consumer& consumer) {
    if (consumer.resting.error) return;  // it has no place, or its definition cannot be used
    if (consumer.desired == db::DesiredState::stopped) return rest(consumer, ConsumerState::stopped);
    if (consumer.is_subscription()) {
        bool paused = consumer.desired == db::DesiredState::paused;
        return rest(consumer, paused ? ConsumerState::paused : ConsumerState::running);
    }
    if (auto made = make_runner(consumer); !made) return rest(consumer, ConsumerState::failed, made.error());
    if (consumer.desired == db::DesiredState::paused) consumer.runner->pause();
    consumer.runner->start();
}

void ConsumerSet::end(Consumer& consumer) {
    std::unique_ptr<ConsumerRunner> runner;
    if (consumer.runner) {
        consumer.runner->request_stop();
        consumer.runner->join();
        store_cursors();
    }
    std::lock_guard lock(mutex_);
    if (consumer.runner) consumer.resting = consumer.runner->status();
    consumer.resting.error.reset();
    runner = std::move(consumer.runner);
}

void ConsumerSet::rest(Consumer& consumer, ConsumerState state, std::optional<Error> error) {
    if (error) log_error(LogLevel::error, consumer.config.name, "FAILED", *error);
    std::lock_guard lock(mutex_);
    consumer.resting.state = state;
    consumer.resting.error = std::move(error);
}

// ---- regularly ----

void ConsumerSet::measure() {
    auto now = SteadyClock::now();
    if (now - measured_ < std::chrono::seconds(1)) return;
    measured_ = now;
    // A change that is under way stores cursors itself.
    std::unique_lock control(control_, std::try_to_lock);
    if (!control) return;
    store_cursors();
    hold_retention();
}

void ConsumerSet::store_cursors() {
    std::vector<db::Cursor> moved;
    for (auto& consumer : all()) {
        Seq durable = consumer->status().durable;
        if (durable <= consumer->stored) continue;
        moved.push_back({consumer->config.name, log_of(consumer->config.source), durable, 0});
    }
    if (auto stored = cursors_.set(moved); !stored)
        return log_error(LogLevel::warning, "", "the cursors of consumers are not stored", stored.error());
    for (const db::Cursor& cursor : moved)
        if (auto consumer = find(cursor.consumer)) {
            std::lock_guard lock(mutex_);
            consumer->stored = cursor.seq;
        }
}

// Invariant 8: what a consumer has not read goes only once its budget is used up, and it is told.
void ConsumerSet::hold_retention() {
    std::map<std::string, std::vector<RetentionHold>> holds;
    for (const std::string& source : sources_.names()) holds[source];
    for (auto& consumer : all()) {
        if (consumer->given_up || consumer->config.source.empty()) continue;
        const ConsumerConfig& config = consumer->config;
        holds[config.source].push_back({config.name, consumer->stored, config.retention_budget_bytes,
                                        config.retention_policy == RetentionPolicy::hold_source});
    }
    for (auto& [source, list] : holds) {
        auto of_source = logs_.retention_holds(source);
        of_source->set(list);
        auto passed_over = of_source->take_passed_over();
        if (passed_over.empty()) continue;
        std::erase_if(list, [&](const RetentionHold& hold) {
            return std::ranges::find(passed_over, hold.who) != passed_over.end();
        });
        of_source->set(std::move(list));
        of_source->take_passed_over();  // the same ones, once more
        for (const std::string& name : passed_over) give_up(name);
    }
}

void ConsumerSet::give_up(const std::string& name) {
    auto consumer = find(name);
    if (!consumer || consumer->given_up) return;
    Error error{ErrorCode::CONSUMER_RETENTION,
                fmt::format("the log kept its retention.budget.bytes ({}) for it, and is shortened now",
                            consumer->config.retention_budget_bytes),
                "Mend the destination and start it again while the log still has what follows; or remove it, "
                "create it again, and have a snapshot of its tables taken."};
    if (!consumer->runner) log_error(LogLevel::error, name, "FAILED", error);
    std::lock_guard lock(mutex_);
    consumer->given_up = true;
    if (consumer->runner) return consumer->runner->fail_with(std::move(error));
    consumer->resting.state = ConsumerState::failed;
    consumer->resting.error = std::move(error);
}

bool ConsumerSet::delivering() const {
    for (const ConsumerPtr& consumer : all()) {
        std::unique_lock lock(mutex_);
        if (!consumer->runner) continue;
        auto status = consumer->runner->status();
        std::string source = consumer->config.source;
        lock.unlock();
        if (status.state != ConsumerState::running) continue;
        auto range = logs_.range(source);
        if (range && status.durable.value + 1 < range->next_seq.value) return true;
    }
    return false;
}

// ---- looking ----

std::vector<ConsumerSet::ConsumerPtr> ConsumerSet::all() const {
    std::lock_guard lock(mutex_);
    return consumers_;
}

std::shared_ptr<const Config> ConsumerSet::config() const {
    std::lock_guard lock(mutex_);
    return config_;
}

ConsumerSet::ConsumerPtr ConsumerSet::find(const std::string& name) const {
    std::lock_guard lock(mutex_);
    auto found =
        std::ranges::find_if(consumers_, [&](const ConsumerPtr& one) { return one->config.name == name; });
    return found == consumers_.end() ? nullptr : *found;
}

Result<ConsumerSet::ConsumerPtr> ConsumerSet::known(const std::string& name) const {
    if (auto found = find(name)) return found;
    return fail(ErrorCode::CONSUMER_NOT_FOUND, "there is no consumer of this name",
                "GET /api/v1/consumers lists them.");
}

std::vector<std::string> ConsumerSet::names() const {
    std::vector<std::string> names;
    for (auto& consumer : all()) names.push_back(consumer->config.name);
    std::ranges::sort(names);
    return names;
}

}  // namespace leat::engine
