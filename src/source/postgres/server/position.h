// Where a PostgreSQL source resumes: what stands as the opaque position at the end of each unit in the change
// log.
#pragma once

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "model/block.h"
#include "source/postgres/server/snapshot_progress.h"
#include "source/postgres/wire/lsn.h"

namespace leat::pg {

// Which transactions a snapshot shows: pg_current_snapshot() of the transaction that read it.
struct Visibility {
    uint64_t xmin = 0, xmax = 0;        // 64-bit, with epoch: below xmin all are shown, from xmax on none
    std::vector<uint64_t> in_progress;  // between them, not shown
    Lsn wal_end;                        // taken after the snapshot: what it shows was committed before

    // "xmin:xmax:xip,xip"
    static Result<Visibility> parse(std::string_view text, Lsn wal_end);
    // Of a 32-bit transaction id as the stream gives it, within 2^31 of the snapshot.
    bool shows(uint32_t transaction) const;
    bool operator==(const Visibility&) const = default;
};

// A table whose snapshot was taken later than the place the stream resumes from: changes of transactions that
// the snapshot shows are left out of the stream for it.
struct TableVisibility {
    uint32_t table = 0;     // OID
    uint32_t snapshot = 0;  // index into ResumeState::snapshots
    bool operator==(const TableVisibility&) const = default;
};

struct ResumeState {
    enum class Phase : uint8_t {
        creating_slot =
            1,         // written before the slot is made: a slot found with this is ours, and not used yet
        snapshot = 2,  // the snapshot is not complete; tables with a schema in the log are
        streaming = 3,
        complete = 4,  // snapshot.mode initial_only has done its work; there is no slot
    };
    Phase phase = Phase::creating_slot;
    uint64_t system_id = 0;
    uint32_t timeline = 0;
    Lsn timeline_begin;  // where it left the one before; 0: the first, or not known
    Lsn lsn;             // everything that was committed before is in the log
    // Where the oldest transaction was prepared (two.phase) that is neither committed nor rolled back yet:
    // the server has to send it again after a restart, and so must not be told of anything later. 0: none.
    Lsn prepared;
    // Where the last transaction ended (lsn may have moved on since): what the next one has as the end of the
    // one before. 0: none was streamed yet, or it is not known (written by an older version).
    Lsn committed;
    std::string slot;  // its name
    // OIDs, by which a publication that was dropped and made again is told from itself. The stream has them
    // from its beginning on. 0: publication is not known (written by an older version); there is no
    // insert_publication.
    uint32_t publication = 0, insert_publication = 0;
    std::vector<Visibility> snapshots;
    std::vector<TableVisibility> tables;
    // Tables that have a schema in the log, but not all of their rows yet.
    std::vector<TableProgress> unfinished;

    const TableProgress* unfinished_table(uint32_t table) const;

    // Where the stream begins again, and what the server may be told is done. What comes from between here
    // and lsn is in the log already.
    Lsn start() const { return prepared.value ? std::min(prepared, lsn) : lsn; }

    // Forgets the visibilities that the stream has passed.
    void drop_passed();

    Position encode() const;
    static Result<ResumeState> decode(std::string_view bytes);
    bool operator==(const ResumeState&) const = default;
};

}  // namespace leat::pg
