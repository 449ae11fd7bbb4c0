// Whether the stream can go on where the change log ends: invariant 8. Pure.
#pragma once

#include <optional>

#include "source/postgres/server/options.h"
#include "source/postgres/server/position.h"
#include "source/postgres/server/publication.h"
#include "source/postgres/server/slot.h"

namespace leat::pg {

// Compares what the log says with the server. Each error has a code, the position and what repairs it:
// PG_SYSTEM_CHANGED, PG_TIMELINE_CHANGED, PG_LOG_AHEAD, PG_SLOT_LOST, PG_SLOT_FOREIGN, PG_SLOT_AHEAD.
// A later timeline is gone on with where the server's own history proves that it holds all that the log has.
Status check_resume(const ResumeState& state, const ServerIdentity& server,
                    const std::optional<SlotInfo>& slot, const std::string& slot_name);

// The part of it that makes every other comparison meaningless: PG_SYSTEM_CHANGED.
Status check_same_server(const ResumeState& state, const ServerIdentity& server);

// The publications were made before the slot. One that is missing, or has another OID, was dropped, or
// another is asked for now: making it again would not bring back what was written meanwhile, which servers
// from 18 on leave out without a word. The second one matters where one of the tables needs it.
Status check_publications(const ResumeState& state, const Publications& found,
                          const std::vector<TableInfo>& tables, const Options& options, int server_version);

// Whether a slot of our name, found without anything in the log, is one we could have made for this database.
Status check_slot_kind(const SlotInfo& slot, const std::string& slot_name, const std::string& database);

}  // namespace leat::pg
