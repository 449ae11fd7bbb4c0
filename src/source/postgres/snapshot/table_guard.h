// Keeps tables as they are while their snapshot is read.
//
// An ALTER TABLE that rewrites, and TRUNCATE, do not respect a snapshot: it would see an empty table. So each
// session that reads a table first locks it (ACCESS SHARE, as any reader does) and compares it with what was
// planned. It never waits for a lock: it could be waiting for somebody who waits for another session of ours,
// which the server would not notice.
#pragma once

#include "source/postgres/server/catalog.h"
#include "source/postgres/server/options.h"

namespace leat::pg {

// Locks the table until the connection's open transaction ends. False: it is not as it was planned any more,
// or somebody holds or wants it for himself.
Result<bool> hold_table(Connection& connection, const Storage& storage, std::stop_token stop);

// A transaction that holds tables from before a snapshot is taken, so that the snapshot finds them as they
// will stay. Belongs to one thread.
class TableGuard {
  public:
    static Result<TableGuard> open(const Options& options, std::stop_token stop);

    // Locks the table as it is now, trying for a second; whether it succeeded shows when it is read.
    Status hold(const Storage& storage, std::stop_token stop);

  private:
    explicit TableGuard(Connection connection) : connection_(std::move(connection)) {}
    Connection connection_;
};

}  // namespace leat::pg
