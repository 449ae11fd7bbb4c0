// The sources of a server: makes their runners, and changes them while it runs.
//
// prepare, open and start are called in this order by one thread; after start() any thread may call the rest.
// Whatever changes a source holds control_, for as long as the change takes; who only asks holds mutex_, for
// a moment.
#pragma once

#include <mutex>

#include "base/clock.h"
#include "capture/source_runner.h"
#include "config/config.h"
#include "log/embedded/embedded_logs.h"
#include "server/source_control.h"
#include "spill/spill_space.h"
#include "store/definition_store.h"

namespace leat::engine {

class SourceSet : public server::Sources, public server::SourceControl {
  public:
    // Makes the runners, which touches neither disk nor database: what the configuration says is checked
    // before anything is made.
    Status prepare(std::shared_ptr<const Config> config);
    // Makes the directory for what is spilled, and what was defined by REST. From here on the logs can be
    // read.
    Status open(std::unique_ptr<EmbeddedLogs> logs, std::shared_ptr<db::Database> database);
    void start_all();

    // Goes over to another configuration: sources are started and stopped, and those that are told something
    // else are stopped and started again, which takes them up where they were. Those that ended are tried
    // again, unless somebody stopped them. An error leaves everything as it was.
    Status change(std::shared_ptr<const Config> config);

    // There were sources, and all have ended by themselves.
    bool ended() const;
    // Looks at what was captured since the last call, for rates; every second or so.
    void measure();

    std::vector<std::string> names() const override;
    Result<server::SourceView> view(const std::string& name) const override;
    std::vector<TableCounts::Count> table_counts(const std::string& name) const override;
    Result<FeedSource> feed(const FeedSpec& spec) const override;

    Result<server::SourceView> create(const server::SourceRequest& request) override;
    Result<server::SourceView> update(const SettingGroup& settings,
                                      std::optional<uint64_t> revision) override;
    Result<SettingGroup> settings(const std::string& name) const override;
    Status remove(const std::string& name, const server::RemoveRequest& request) override;
    Result<server::SourceView> start(const std::string& name) override;
    Result<server::SourceView> stop(const std::string& name) override;
    Result<server::SourceView> pause(const std::string& name) override;
    Result<server::SourceView> resume(const std::string& name) override;
    Result<std::vector<Finding>> check(const std::string& name) const override;
    Result<std::vector<server::SchemaVersion>> schemas(const std::string& name) const override;
    Result<SignalOutcome> signal(const std::string& name, Signal signal) override;

    // Stops all for good, and tells the first that had failed.
    Status stop_all();

  private:
    struct Source {
        SourceConfig config;
        bool from_file = true;
        bool broken = false;    // made by REST, and its definition cannot be used any more
        uint64_t revision = 0;  // of its definition, if it was made by REST
        server::DesiredState desired = server::DesiredState::running;
        std::unique_ptr<SourceRunner> runner;  // null: it was stopped, or cannot be made
        SourceStatus resting;                  // while there is no runner
        uint64_t measured_changes = 0;
        double changes_per_second = 0;

        SourceStatus status() const { return runner ? runner->status() : resting; }
        bool ended() const { return !runner || runner->ended(); }
    };
    using Control = std::unique_lock<std::timed_mutex>;

    Result<Control> control();
    Result<std::unique_ptr<SourceRunner>> make_runner(const SourceConfig& source, const Config& config) const;
    Status check_change(const Config& to) const;
    Status check_unshared_with_rest(const SourceConfig& config);
    static void tell_of_slot(const SourceConfig& source);
    static std::string unchangeable(const SourceConfig& was, const SourceConfig& now);
    const Source* find(const std::string& name) const;
    Source* find(const std::string& name);
    Result<const Source*> known(const std::string& name) const;
    Result<Source*> known(const std::string& name);
    Status check_known(const std::string& name) const;
    void add(Source source);
    std::shared_ptr<const Config> config() const;
    Result<SourceConfig> parse_definition(const SettingGroup& group, const Config& config) const;
    Status check_unshared(const SourceConfig& config,
                          const std::function<bool(const Source&)>& concerns = {});
    Status check_database(const SourceConfig& config, const Config& process) const;
    Status remove_shadowed(const std::string& name, const server::RemoveRequest& request);
    Status load_definitions();
    void load_definition(const db::Definition& definition, Source& source);
    Status mend(Source& source);
    Result<server::DesiredState> desired_of(const std::string& name) const;
    Status set_desired(Source& source, server::DesiredState desired);
    void await_state(const Source& source);
    void take_away(const std::vector<std::string>& leaving);
    void rest(Source& source, SourceStatus last);
    Status end_runner(Source& source);
    Status begin_runner(Source& source);
    // A condition that does not fit the tables there are is told now, not in the middle of the answer; so is
    // a column that is not there, where the spec asks for that.
    Status check_selection(const FeedSpec& spec, ChangeSelection& selection) const;

    std::shared_ptr<const Config> config_;
    std::string log_dir_;
    std::shared_ptr<SpillSpace> spill_;
    std::unique_ptr<EmbeddedLogs> logs_;  // outlives the runners
    std::optional<db::DefinitionStore> definitions_;
    std::timed_mutex control_;
    std::optional<Control> starting_;  // held from open() to start_all()
    mutable std::mutex mutex_;         // of sources_, which only who holds control_ changes
    std::vector<Source> sources_;      // Source* are valid while control_ is held
    SteadyClock::time_point measured_{};
};

// A reader of the log that has read its last block, and so knows the tables of all before it.
Result<std::unique_ptr<LogReader>> read_last(const EmbeddedLogs& logs, const std::string& source);

}  // namespace leat::engine
