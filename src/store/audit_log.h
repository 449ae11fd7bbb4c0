// Who changed what, and what became of it. Bounded: the newest 100,000 entries. Any thread. Every function:
// STORE_… of Database::open.
#pragma once

#include <vector>

#include "store/database.h"

namespace leat::db {

struct AuditEntry {
    uint64_t id = 0;
    int64_t time_us = 0;
    std::string actor;    // the token's name
    std::string address;  // from where; empty: on this machine's command line
    std::string action;   // "POST /api/v1/sources/{}/stop"
    std::string target;   // the path
    int status = 0;       // of the answer
    std::string code;     // of the error; empty: it was done
};

class AuditLog {
  public:
    explicit AuditLog(std::shared_ptr<Database> database, uint64_t entries_max = 100'000)
        : database_(std::move(database)), entries_max_(entries_max) {}

    // id and time are set. Durable on return.
    Status add(AuditEntry entry);
    // The newest first. before: only those with a smaller id; 0: all.
    Result<std::vector<AuditEntry>> list(uint64_t before, size_t limit) const;

  private:
    const std::shared_ptr<Database> database_;
    const uint64_t entries_max_;
};

}  // namespace leat::db
