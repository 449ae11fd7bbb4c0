#include "source/postgres/resume_check.h"

#include <fmt/core.h>

namespace leat::pg {

namespace {
constexpr std::string_view snapshot_again =
    "To take a new snapshot and go on from there, start once with snapshot.mode: when_needed.\n"
    "The changes that were already captured stay in the log.";

std::unexpected<Error> gap(ErrorCode code, const ResumeState& state, std::string what,
                           std::string action = {}) {
    if (!action.empty()) action += '\n';
    action += snapshot_again;
    return fail(code, fmt::format("{} (the log reaches {})", what, format_lsn(state.lsn)), action);
}
}  // namespace

Status check_slot_kind(const SlotInfo& slot, const std::string& slot_name, const std::string& database) {
    if (slot.type == "logical" && slot.plugin == "pgoutput" && slot.database == database) return {};
    return fail(ErrorCode::PG_SLOT_FOREIGN,
                fmt::format("replication slot {} is a {} slot of plugin \"{}\" in database \"{}\"", slot_name,
                            slot.type, slot.plugin, slot.database),
                "Give this source a slot of its own with slot.name.");
}

Status check_same_server(const ResumeState& state, const ServerIdentity& server) {
    if (state.system_id == server.system_id) return {};
    return gap(ErrorCode::PG_SYSTEM_CHANGED, state,
               fmt::format("the log was captured from the server with system identifier {}, this one has {}",
                           state.system_id, server.system_id),
               "Check the URL: it leads to another server.");
}

Status check_publication(const ResumeState& state, bool exists, const std::string& publication) {
    if (exists) return {};
    return gap(ErrorCode::PG_PUBLICATION, state,
               fmt::format("publication {} is gone: the stream has nothing of what was changed without it",
                           publication));
}

Status check_resume(const ResumeState& state, const ServerIdentity& server,
                    const std::optional<SlotInfo>& slot, const std::string& slot_name) {
    LEAT_TRY(check_same_server(state, server));
    if (state.timeline != server.timeline)
        return gap(
            ErrorCode::PG_TIMELINE_CHANGED, state,
            fmt::format(
                "the server is on timeline {}, the log was captured on timeline {}: it was promoted or "
                "restored, and may lack changes that the log has",
                server.timeline, state.timeline));
    if (!slot)
        return gap(
            ErrorCode::PG_SLOT_LOST, state,
            fmt::format("replication slot {} is gone: changes since then were not kept for us", slot_name));
    LEAT_TRY(check_slot_kind(*slot, slot_name, server.database));
    if (slot->lost())
        return gap(
            ErrorCode::PG_SLOT_LOST, state,
            fmt::format("replication slot {} was invalidated by the server{}: it no longer has the WAL",
                        slot_name, slot->invalidation.empty() ? "" : " (" + slot->invalidation + ")"),
            "Raise max_slot_wal_keep_size if the slot was dropped for its size.");
    // The server would skip to its own position without a word.
    if (slot->confirmed_flush > state.lsn)
        return gap(ErrorCode::PG_SLOT_AHEAD, state,
                   fmt::format("replication slot {} has moved on to {}: somebody else read from it",
                               slot_name, format_lsn(slot->confirmed_flush)));
    if (state.lsn > server.wal_end)
        return gap(
            ErrorCode::PG_LOG_AHEAD, state,
            fmt::format(
                "the server's WAL ends at {}, before the end of the log: it was restored to an earlier time",
                format_lsn(server.wal_end)));
    return {};
}

}  // namespace leat::pg
