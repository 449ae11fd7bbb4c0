// The sources of a server: makes their runners, and changes them while it runs. Belongs to one thread.
#pragma once

#include "capture/source_runner.h"
#include "config/config.h"
#include "log/embedded/embedded_logs.h"
#include "spill/spill_space.h"

namespace leat::cli {

class SourceSet {
  public:
    // Makes the runners, which touches neither disk nor database: what the configuration says is checked
    // before anything is made.
    Status prepare(std::shared_ptr<const Config> config);
    // Makes the directory for what is spilled, and starts all.
    Status start(std::unique_ptr<EmbeddedLogs> logs);

    // Goes over to another configuration: sources are started and stopped, and those that are told something
    // else are stopped and started again, which takes them up where they were. Those that ended are tried
    // again. An error leaves everything as it was.
    Status change(std::shared_ptr<const Config> config);

    bool ended() const;  // all of them
    // Stops all, and tells the first that had failed.
    Status stop();

  private:
    struct Source {
        SourceConfig config;
        std::unique_ptr<SourceRunner> runner;
    };
    Result<std::unique_ptr<SourceRunner>> make_runner(const SourceConfig& source,
                                                      std::shared_ptr<const Config> config) const;
    Status check_change(const Config& to) const;
    Source* find(const std::string& name);

    std::shared_ptr<const Config> config_;
    std::shared_ptr<SpillSpace> spill_;
    std::unique_ptr<EmbeddedLogs> logs_;  // outlives the runners
    std::vector<Source> sources_;
};

}  // namespace leat::cli
