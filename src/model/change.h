// A change as a consumer sees it: views into a block.
#pragma once

#include "model/tuple.h"

namespace leat {

// Debezium's letters.
enum class Op : char { create = 'c', update = 'u', remove = 'd', read = 'r', truncate = 't', message = 'm' };

enum class SnapshotPlace : uint8_t {
    none = 0,
    inside = 1,
    first = 2,
    first_of_table = 3,
    last_of_table = 4,
    last = 5,
    incremental = 6  // of a chunk that was merged into the stream; such a snapshot has no first and last
};

struct Transaction {
    TransactionId id;
    SourceOffset commit;  // of the commit record; of a snapshot: what it stands for
    int64_t commit_time_us = 0;
    SourceOffset previous_end;  // end of the transaction before it; 0: unknown
    bool snapshot = false;      // not a transaction but a snapshot's read
};

struct Change {
    Op op = Op::create;
    Seq seq;
    SourceOffset offset;
    uint64_t index = 0;                   // within its transaction, from 0
    const TableSchema* schema = nullptr;  // null for a message
    // A create that has one entered a selection by an update: what was before is not of it, but fills what
    // the update left alone.
    bool has_before = false;
    bool before_is_key = false;  // before holds only the identity columns; the others are absent
    bool has_after = false;
    TupleView before, after;
    SnapshotPlace snapshot_place = SnapshotPlace::none;
    bool truncate_cascade = false, truncate_restart_identity = false;
    bool transactional = true;  // false: a message outside of any transaction
    std::string_view message_prefix;
    Bytes message_content;
};

}  // namespace leat
