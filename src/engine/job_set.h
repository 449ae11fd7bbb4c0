// The jobs of a server: replays that run now, and those that ended. What runs is taken up again after a
// restart, from where the store last saw it: what came since goes to its destination once more.
//
// open() by one thread, after the consumers; then any thread may call the rest.
#pragma once

#include <map>
#include <mutex>

#include "base/clock.h"
#include "server/jobs.h"
#include "store/job_store.h"

namespace leat::engine {

class JobSet : public server::Jobs {
  public:
    // Both outlive it.
    JobSet(server::Replays& replays, std::shared_ptr<db::Database> database)
        : replays_(replays), store_(std::move(database)) {}
    ~JobSet() override;

    // Takes up what was running. What cannot be is failed.
    Status open();
    // Keeps how far they are; every second or so.
    void measure();
    // Ends what runs, as a restart does: it goes on then.
    void stop_all();

    Result<server::JobView> start_replay(const std::string& source, server::ReplaySpec spec) override;
    Result<std::vector<server::JobView>> list(uint64_t before, size_t limit) const override;
    Result<server::JobView> view(uint64_t id) const override;
    Result<server::JobView> cancel(uint64_t id) override;

  private:
    void keep(db::Job& job, const server::Replay& replay, bool cancelled);
    server::JobView view_of(const db::Job& job) const;

    server::Replays& replays_;
    db::JobStore store_;
    mutable std::mutex mutex_;  // of what follows
    std::map<uint64_t, std::unique_ptr<server::Replay>> running_;
    SteadyClock::time_point measured_{};
};

}  // namespace leat::engine
