#include "source/postgres/snapshot/table_guard.h"

#include <fmt/core.h>

#include <thread>

#include "source/postgres/server/catalog_queries.h"

namespace leat::pg {

using namespace std::chrono_literals;

namespace {

constexpr int tries_max = 20;
constexpr auto between_tries = 50ms;

// False: locked by somebody else (55P03), or gone (42P01, 3F000).
Result<bool> lock(Connection& connection, const Storage& storage, std::stop_token stop) {
    // A savepoint, so that a failure does not cost the locks on the others.
    LEAT_TRY(connection.execute("SAVEPOINT table_guard", stop));
    auto locked = connection.execute(
        fmt::format("LOCK TABLE ONLY {} IN ACCESS SHARE MODE NOWAIT", storage.quoted_name), stop);
    if (locked) return true;
    const std::string& state = connection.sqlstate();
    if (state != "55P03" && state != "42P01" && state != "3F000") return fail(std::move(locked.error()));
    LEAT_TRY(connection.execute("ROLLBACK TO SAVEPOINT table_guard", stop));
    return false;
}

}  // namespace

Result<bool> hold_table(Connection& connection, const Storage& storage, std::stop_token stop) {
    LEAT_ASSIGN(bool locked, lock(connection, storage, stop));
    if (!locked) return false;
    LEAT_ASSIGN(auto rows,
                connection.query(std::string("SELECT ") + LEAT_STORAGE_VERSION("$1::pg_catalog.oid") +
                                     ", to_regclass($2)::oid",
                                 {std::to_string(storage.oid), storage.quoted_name}, stop));
    // The name may be another table's by now: that one was locked, and would be read.
    return rows.text(0, 0) == storage.version && rows.text(0, 1) == std::to_string(storage.oid);
}

Result<TableGuard> TableGuard::open(const Options& options, std::stop_token stop) {
    LEAT_ASSIGN(auto connection, Connection::open(options.keywords, Connection::Kind::sql,
                                                  fmt::format("leat {} guard", options.name), stop));
    LEAT_TRY(connection.execute("BEGIN", stop));
    return TableGuard(std::move(connection));
}

Status TableGuard::hold(const Storage& storage, std::stop_token stop) {
    for (int i = 0; i < tries_max && !stop.stop_requested(); ++i) {
        LEAT_ASSIGN(bool locked, lock(connection_, storage, stop));
        if (locked) return {};
        std::this_thread::sleep_for(between_tries);
    }
    return {};
}

}  // namespace leat::pg
