// The sources of a server: makes their runners, and changes them while it runs. Belongs to one thread; what
// is said of it as server::Sources, any thread may ask.
#pragma once

#include <mutex>

#include "base/clock.h"
#include "capture/source_runner.h"
#include "config/config.h"
#include "log/embedded/embedded_logs.h"
#include "server/sources.h"
#include "spill/spill_space.h"

namespace leat::engine {

class SourceSet : public server::Sources {
  public:
    // Makes the runners, which touches neither disk nor database: what the configuration says is checked
    // before anything is made.
    Status prepare(std::shared_ptr<const Config> config);
    // Makes the directory for what is spilled. From here on the logs can be read.
    Status open(std::unique_ptr<EmbeddedLogs> logs);
    void start();

    // Goes over to another configuration: sources are started and stopped, and those that are told something
    // else are stopped and started again, which takes them up where they were. Those that ended are tried
    // again. An error leaves everything as it was.
    Status change(std::shared_ptr<const Config> config);

    bool ended() const;  // all of them
    // Looks at what was captured since the last call, for rates; every second or so.
    void measure();

    std::vector<std::string> names() const override;
    Result<server::SourceView> view(const std::string& name) const override;
    std::vector<TableCounts::Count> table_counts(const std::string& name) const override;
    Result<FeedSource> feed(const FeedSpec& spec) const override;

    // Stops all, and tells the first that had failed.
    Status stop();

  private:
    struct Source {
        SourceConfig config;
        std::unique_ptr<SourceRunner> runner;
        uint64_t measured_changes = 0;
        double changes_per_second = 0;
    };
    Result<std::unique_ptr<SourceRunner>> make_runner(const SourceConfig& source,
                                                      std::shared_ptr<const Config> config) const;
    Status check_change(const Config& to) const;
    Source* find(const std::string& name);
    void add(Source source);
    // A condition that does not fit the tables there are is told now, not in the middle of the answer; so is
    // a column that is not there, where the spec asks for that.
    Status check_selection(const FeedSpec& spec, ChangeSelection& selection) const;

    std::shared_ptr<const Config> config_;
    std::shared_ptr<SpillSpace> spill_;
    std::unique_ptr<EmbeddedLogs> logs_;  // outlives the runners
    mutable std::mutex mutex_;            // of sources_, which one thread alone changes
    std::vector<Source> sources_;
    SteadyClock::time_point measured_{};
};

// A reader of the log that has read its last block, and so knows the tables of all before it.
Result<std::unique_ptr<LogReader>> read_last(const EmbeddedLogs& logs, const std::string& source);

}  // namespace leat::engine
