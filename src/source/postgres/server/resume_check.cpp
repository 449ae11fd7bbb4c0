#include "source/postgres/server/resume_check.h"

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

namespace {
Status check_same_publication(const ResumeState& state, uint32_t known, uint32_t found,
                              const std::string& publication) {
    if (found != 0 && (known == 0 || known == found)) return {};
    return gap(ErrorCode::PG_PUBLICATION, state,
               fmt::format("publication {} {}: the stream has nothing of what was changed without it",
                           publication, found ? "was dropped and made again" : "is gone"));
}

// What the log has is in the server's WAL if it was captured before the server left that timeline: both have
// the same WAL up to there.
Status check_timeline(const ResumeState& state, const ServerIdentity& server,
                      const std::optional<SlotInfo>& slot) {
    auto changed = [&](const std::string& why) {
        return gap(ErrorCode::PG_TIMELINE_CHANGED, state,
                   fmt::format("the server is on timeline {}, the log was captured on timeline {}: {}",
                               server.timeline, state.timeline, why));
    };
    auto differ = [&](Lsn begin) { return state.timeline_begin != Lsn() && begin != state.timeline_begin; };
    constexpr auto another =
        "it was promoted or restored on a way of its own, and may lack changes that the log has";
    if (state.timeline == server.timeline) {
        if (server.timeline_begin() != Lsn() && differ(server.timeline_begin())) return changed(another);
        return {};
    }
    Lsn begin;
    for (const PastTimeline& past : server.history) {
        if (past.timeline != state.timeline) {
            begin = past.end;
            continue;
        }
        if (differ(begin)) return changed(another);
        if (state.lsn <= past.end) return {};
        // Our reader has confirmed what lies beyond the switch to this very server: it was promoted while it
        // was read.
        if (slot && slot->confirmed_flush > past.end && slot->confirmed_flush <= state.lsn) return {};
        return changed(
            fmt::format("it was promoted or restored at {}, and lacks the changes that the log has from "
                        "there on",
                        format_lsn(past.end)));
    }
    return changed(another);
}
}  // namespace

Status check_publications(const ResumeState& state, const Publications& found,
                          const std::vector<TableInfo>& tables, const Options& options, int server_version) {
    LEAT_TRY(check_same_publication(state, state.publication, found.main, options.publication_name));
    std::string name = insert_publication_name(options), keyless;
    for (const TableInfo& table : tables)
        if (!table.has_identity()) keyless += (keyless.empty() ? "" : ", ") + table.quoted_name();
    if (keyless.empty()) return {};
    if (state.insert_publication != 0)
        return check_same_publication(state, state.insert_publication, found.inserts, name);
    // One that the stream did not have yet may be made now; a server before 18 decodes nothing through it
    // that was written before it was made.
    bool main_has_them = found.inserts == 0 && options.publication_mode != PublicationMode::filtered;
    if (state.publication == 0 || server_version >= 180000 || main_has_them) return {};
    return gap(
        ErrorCode::PG_PUBLICATION, state,
        fmt::format(
            "tables without a replica identity are to be captured ({}), and the stream was begun without "
            "publication {}: this server cannot add it to a slot that is there",
            keyless, name),
        "Give the tables a replica identity (ALTER TABLE ... REPLICA IDENTITY FULL), or leave them out of "
        "tables.");
}

Status check_resume(const ResumeState& state, const ServerIdentity& server,
                    const std::optional<SlotInfo>& slot, const std::string& slot_name) {
    LEAT_TRY(check_same_server(state, server));
    LEAT_TRY(check_timeline(state, server, slot));
    if (!slot)
        return gap(
            ErrorCode::PG_SLOT_LOST, state,
            fmt::format("replication slot {} is gone: changes since then were not kept for us", slot_name),
            server.timeline == state.timeline ? ""
                                              : "The server was promoted. From PostgreSQL 17 on a standby "
                                                "keeps the slot with slot.failover: true "
                                                "and\nsync_replication_slots = on.");
    LEAT_TRY(check_slot_kind(*slot, slot_name, server.database));
    if (slot->lost())
        return gap(
            ErrorCode::PG_SLOT_LOST, state,
            fmt::format("replication slot {} was invalidated by the server{}: it no longer has the WAL",
                        slot_name, slot->invalidation.empty() ? "" : " (" + slot->invalidation + ")"),
            "Raise max_slot_wal_keep_size if the slot was dropped for its size.");
    // The server would skip to its own position without a word.
    if (slot->confirmed_flush > state.start())
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
