// The consumers of a server: those of the file and those made by REST, with their cursors and dead letters.
//
// open() and start() are called in this order by one thread, before and after the sources are started; then
// any thread may call the rest. Whatever changes a consumer holds control_, for as long as the change takes;
// who only asks holds mutex_, for a moment.
#pragma once

#include <mutex>

#include "base/clock.h"
#include "config/config.h"
#include "consumer/consumer_runner.h"
#include "engine/stored_letters.h"
#include "log/embedded/embedded_logs.h"
#include "server/consumers.h"
#include "server/replays.h"
#include "server/sources.h"
#include "store/cursor_store.h"
#include "store/definition_store.h"

namespace leat::engine {

class ConsumerSet final : public server::Consumers, public server::Replays {
  public:
    // Both outlive it.
    ConsumerSet(server::Sources& sources, EmbeddedLogs& logs, std::shared_ptr<db::Database> database);
    ~ConsumerSet() override;

    // Takes the definitions, gives those their place that have none, and holds back retention. Nothing runs.
    Status open(std::shared_ptr<const Config> config);
    void start_all();
    // Goes over to another configuration, after the sources did. Asked before them: whether it can.
    Status check_change(const Config& to) const;
    void change(std::shared_ptr<const Config> to);
    // Stores cursors, and tells retention of them; every second or so.
    void measure();
    // Something is on its way: there are changes that a consumer has not delivered, and nothing holds it up.
    bool delivering() const;
    void stop_all();

    std::vector<std::string> names() const override;
    Result<server::ConsumerView> view(const std::string& name) const override;
    Result<server::ConsumerView> create(const SettingGroup& group, const std::string& json) override;
    Result<server::ConsumerView> update(const SettingGroup& group, const std::string& json,
                                        std::optional<uint64_t> revision) override;
    Status remove(const std::string& name, std::optional<uint64_t> revision) override;
    Status start(const std::string& name) override;
    Status stop(const std::string& name) override;
    Status pause(const std::string& name) override;
    Status resume(const std::string& name) override;
    Result<server::Subscription> subscription(const std::string& name, Framing framing) const override;
    Status acknowledge(const std::string& name, Seq seq) override;
    Result<std::vector<server::DeadLetter>> dead_letters(const std::string& name, Seq after,
                                                         size_t limit) const override;
    Result<server::DeadLetter> dead_letter(const std::string& name, Seq seq) const override;
    Result<uint64_t> resend(const std::string& name, const std::vector<Seq>& seqs) override;
    Result<uint64_t> drop(const std::string& name, const std::vector<Seq>& seqs) override;
    Result<std::unique_ptr<server::Replay>> replay(const server::ReplaySpec& spec) override;

  private:
    struct Consumer {
        ConsumerConfig config;
        bool from_file = true;
        std::string json;
        uint64_t revision = 0;
        db::DesiredState desired = db::DesiredState::running;
        std::unique_ptr<StoredLetters> letters;
        std::unique_ptr<ConsumerRunner> runner;  // null: a subscription, stopped, or it cannot be made
        ConsumerStatus resting;                  // while there is no runner
        Seq stored{0};                           // the cursor, as it is in the store
        bool given_up = false;                   // retention does not wait for it any more

        ConsumerStatus status() const { return runner ? runner->status() : resting; }
        bool is_subscription() const { return config.type == ConsumerType::subscription; }
    };
    using ConsumerPtr = std::shared_ptr<Consumer>;

    ConsumerPtr find(const std::string& name) const;
    Result<ConsumerPtr> known(const std::string& name) const;
    std::vector<ConsumerPtr> all() const;
    std::shared_ptr<const Config> config() const;
    std::string log_of(const std::string& source) const;
    FeedSource feed_of(const FeedSpec& spec) const;
    Result<ConsumerConfig> parse_definition(const SettingGroup& group, const Config& config) const;
    Status load_definitions(const Config& config);
    Status check_source(const ConsumerConfig& config) const;
    Status check_usable(const ConsumerConfig& config, const SecretResolver& secrets) const;
    Status check_definition(const ConsumerConfig& config, bool from_file) const;
    Result<Seq> start_place(const ConsumerConfig& config) const;
    Status place(Consumer& consumer);
    void add(ConsumerPtr consumer);
    void take_away(const ConsumerPtr& consumer);
    Status make_runner(Consumer& consumer);
    void begin(Consumer& consumer);
    void end(Consumer& consumer);
    void rest(Consumer& consumer, ConsumerState state, std::optional<Error> error = {});
    Status set_desired(Consumer& consumer, db::DesiredState desired);
    void store_cursors();
    void hold_retention();
    void give_up(const std::string& name);
    server::ConsumerView view_of(const Consumer& consumer) const;

    server::Sources& sources_;
    EmbeddedLogs& logs_;
    const std::shared_ptr<db::Database> database_;
    std::string identity_;  // of the data directory
    mutable db::DefinitionStore definitions_;
    mutable db::CursorStore cursors_;
    mutable db::DeadLetterStore letters_;

    std::mutex control_;
    mutable std::mutex mutex_;  // of what follows, and of the consumers' fields; runners lock by themselves
    std::shared_ptr<const Config> config_;
    std::vector<ConsumerPtr> consumers_;
    SteadyClock::time_point measured_{};
};

}  // namespace leat::engine
