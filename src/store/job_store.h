// Work that takes a while and is asked for by REST: replays. It survives a restart. Any thread. Every
// function: STORE_… of Database::open.
#pragma once

#include <vector>

#include "store/database.h"

namespace leat::db {

struct Job {
    uint64_t id = 0;
    std::string kind;                        // replay
    std::string subject;                     // its source
    std::string state;                       // running, done, failed, cancelled
    std::string spec;                        // JSON: what was asked for
    std::string progress;                    // JSON: how far it is
    std::string code, message;               // of failed
    int64_t created_us = 0, changed_us = 0;  // set by the store
};

class JobStore {
  public:
    explicit JobStore(std::shared_ptr<Database> database) : database_(std::move(database)) {}

    // The newest first, before an id (0: from the newest).
    Result<std::vector<Job>> list(uint64_t before, size_t limit) const;
    Result<std::vector<Job>> running() const;
    Result<std::optional<Job>> find(uint64_t id) const;
    // Running. What ended long ago is forgotten beyond a thousand jobs.
    Result<Job> insert(const std::string& kind, const std::string& subject, const std::string& spec);
    // Its state, progress, code and message.
    Status update(const Job& job);

  private:
    const std::shared_ptr<Database> database_;
};

}  // namespace leat::db
