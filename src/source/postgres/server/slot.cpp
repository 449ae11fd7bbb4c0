#include "source/postgres/server/slot.h"

#include <fmt/core.h>

#include <charconv>

#include "base/text.h"

namespace leat::pg {

namespace {
template <class T>
bool parse_integer(std::string_view text, T& value) {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size();
}
}  // namespace

std::vector<PastTimeline> parse_timeline_history(std::string_view text) {
    std::vector<PastTimeline> history;
    for (std::string_view line : split(text, '\n')) {
        auto fields = split(trim(line), '\t');
        PastTimeline past;
        auto end = fields.size() >= 2 ? parse_lsn(trim(fields[1])) : std::nullopt;
        if (!end || !parse_integer(trim(fields[0]), past.timeline)) continue;
        past.end = *end;
        history.push_back(past);
    }
    return history;
}

Result<ServerIdentity> identify_system(Connection& replication, std::stop_token stop) {
    LEAT_ASSIGN(auto rows, replication.query("IDENTIFY_SYSTEM", stop));
    ServerIdentity identity;
    auto wal_end = rows.count() == 1 && rows.columns() >= 4 ? parse_lsn(rows.text(0, 2)) : std::nullopt;
    if (!wal_end || !parse_integer(rows.text(0, 0), identity.system_id) ||
        !parse_integer(rows.text(0, 1), identity.timeline))
        return fail(ErrorCode::PG_PROTOCOL, "the server's answer to IDENTIFY_SYSTEM cannot be read");
    identity.wal_end = *wal_end;
    identity.database = rows.text(0, 3);
    if (identity.timeline <= 1) return identity;
    auto file = replication.query(fmt::format("TIMELINE_HISTORY {}", identity.timeline), stop);
    if (file && file->count() == 1 && file->columns() >= 2)
        identity.history = parse_timeline_history(file->text(0, 1));
    // Without the file nothing is proven: what needs it fails for that.
    if (!file && (!replication.alive() || file.error().code == ErrorCode::STOPPED))
        return fail(std::move(file.error()));
    return identity;
}

Result<bool> in_recovery(Connection& sql, std::stop_token stop) {
    LEAT_ASSIGN(auto rows, sql.query("SELECT pg_is_in_recovery()", stop));
    return rows.text(0, 0) == "t";
}

Result<std::optional<SlotInfo>> find_slot(Connection& sql, const std::string& slot_name,
                                          std::stop_token stop) {
    // A copy that its primary has promoted is a slot like any other, and stays marked.
    std::string since_17 = sql.server_version() >= 170000
                               ? "invalidation_reason, failover, synced AND pg_is_in_recovery()"
                               : "NULL, false, false";
    LEAT_ASSIGN(auto rows, sql.query("SELECT plugin, slot_type, database, active, active_pid, restart_lsn, "
                                     "confirmed_flush_lsn, wal_status, " +
                                         since_17 + " FROM pg_replication_slots WHERE slot_name = $1",
                                     {slot_name}, stop));
    if (rows.count() == 0) return std::nullopt;
    SlotInfo slot;
    slot.plugin = rows.text(0, 0);
    slot.type = rows.text(0, 1);
    slot.database = rows.text(0, 2);
    slot.active = rows.text(0, 3) == "t";
    slot.active_pid = rows.text(0, 4);
    slot.restart = parse_lsn(rows.text(0, 5)).value_or(Lsn());
    slot.confirmed_flush = parse_lsn(rows.text(0, 6)).value_or(Lsn());
    slot.wal_status = rows.text(0, 7);
    slot.invalidation = rows.text(0, 8);
    slot.failover = rows.text(0, 9) == "t";
    slot.copy = rows.text(0, 10) == "t";
    return slot;
}

Result<CreatedSlot> create_slot(Connection& replication, const NewSlot& slot, std::stop_token stop) {
    auto rows = replication.query(
        fmt::format("CREATE_REPLICATION_SLOT {} {}LOGICAL pgoutput {}",
                    Connection::quote_identifier(slot.name), slot.temporary ? "TEMPORARY " : "",
                    slot.failover ? "(SNAPSHOT 'export', FAILOVER true)" : "EXPORT_SNAPSHOT"),
        stop);
    if (!rows) {
        Error error = std::move(rows.error());
        if (replication.sqlstate() == "53400") {
            error.code = ErrorCode::PG_NO_FREE_SLOT;
            error.action =
                "Raise max_replication_slots and restart the server, or drop a slot that is no longer used:\n"
                "SELECT slot_name, active FROM pg_replication_slots;\nSELECT "
                "pg_drop_replication_slot('NAME');";
        }
        return fail(std::move(error));
    }
    auto point = rows->count() == 1 && rows->columns() >= 3 ? parse_lsn(rows->text(0, 1)) : std::nullopt;
    if (!point)
        return fail(ErrorCode::PG_PROTOCOL, "the server's answer to CREATE_REPLICATION_SLOT cannot be read");
    return CreatedSlot{*point, rows->text(0, 2)};
}

Status set_failover(Connection& replication, const std::string& slot_name, std::stop_token stop) {
    return replication.execute(
        fmt::format("ALTER_REPLICATION_SLOT {} (FAILOVER true)", Connection::quote_identifier(slot_name)),
        stop);
}

Status drop_slot(Connection& sql, const std::string& slot_name, std::stop_token stop) {
    auto rows = sql.query("SELECT pg_drop_replication_slot($1)", {slot_name}, stop);
    if (!rows) return fail(std::move(rows.error()));
    return {};
}

}  // namespace leat::pg
