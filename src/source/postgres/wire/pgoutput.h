// Decodes the messages of the pgoutput plugin, protocol versions 1 to 4, into views of their bytes. Pure; a
// fuzz target. PostgreSQL documentation, "Logical Replication Message Formats".
#pragma once

#include <variant>
#include <vector>

#include "base/byte_cursor.h"
#include "base/error.h"
#include "source/postgres/wire/lsn.h"

namespace leat::pg {

struct BeginMessage {
    Lsn final_lsn;               // of the commit record
    int64_t commit_time_us = 0;  // since 1970
    uint32_t xid = 0;
};

struct CommitMessage {
    Lsn commit_lsn;
    Lsn end_lsn;  // first byte after the transaction
    int64_t commit_time_us = 0;
};

struct OriginMessage {
    Lsn lsn;
    std::string_view name;
};

struct RelationColumn {
    bool part_of_key = false;  // of the replica identity; under FULL all are
    std::string_view name;
    uint32_t type = 0;
    int32_t typmod = -1;
};

struct RelationMessage {
    uint32_t relation = 0;
    std::string_view schema, name;
    char replica_identity = 'd';
    std::vector<RelationColumn> columns;
};

struct TypeMessage {
    uint32_t type = 0;
    std::string_view schema, name;
};

// One column of a tuple, as it stands on the wire.
struct TupleValue {
    enum class Kind : uint8_t { null = 'n', unchanged = 'u', text = 't' } kind = Kind::null;
    std::string_view text;
};
using Tuple = std::vector<TupleValue>;

// An insert, update or delete. The tuples' memory is used again for the next message.
struct RowMessage {
    uint32_t relation = 0;
    char old_kind = 0;  // 'K' key, 'O' whole old row, 0 none
    Tuple old_tuple;
    bool has_new = false;
    Tuple new_tuple;
};

struct TruncateMessage {
    bool cascade = false, restart_identity = false;
    std::vector<uint32_t> relations;
};

struct LogicalMessage {
    bool transactional = false;
    Lsn lsn;
    std::string_view prefix;
    Bytes content;
};

// ---- from protocol 2 on: transactions in progress ----

struct StreamStartMessage {
    uint32_t xid = 0;  // top-level, as all that have no other name
    bool first = false;
};

struct StreamCommitMessage {
    uint32_t xid = 0;
    CommitMessage commit;
};

struct StreamAbortMessage {
    uint32_t xid = 0;
    uint32_t aborted = 0;  // xid itself, or a subtransaction of it
};

// A message between stream start and stop, which has the transaction that made the change behind its type.
struct StreamedMessage {
    uint32_t xid = 0;  // of the subtransaction, if it is one
    char type = 0;
    Bytes body;  // what follows
};

// ---- from protocol 3 on: two-phase commit ----

// Begin Prepare, Prepare and Stream Prepare.
struct PrepareMessage {
    Lsn prepare_lsn;
    Lsn end_lsn;
    int64_t prepare_time_us = 0;
    uint32_t xid = 0;
    std::string_view gid;
};

struct CommitPreparedMessage {
    CommitMessage commit;
    uint32_t xid = 0;
    std::string_view gid;
};

struct RollbackPreparedMessage {
    Lsn prepare_end_lsn;
    Lsn end_lsn;
    uint32_t xid = 0;
    std::string_view gid;
};

// The type byte of a message; 0 if it is empty.
inline char message_type(Bytes message) { return message.empty() ? '\0' : static_cast<char>(message[0]); }

// Each takes the whole message with its type byte. Errors are PG_MESSAGE_MALFORMED with the offset.
Result<BeginMessage> decode_begin(Bytes message);
Result<CommitMessage> decode_commit(Bytes message);
Result<OriginMessage> decode_origin(Bytes message);
Result<RelationMessage> decode_relation(Bytes message);
Result<TypeMessage> decode_type(Bytes message);
Status decode_row(Bytes message, RowMessage& row);  // I, U, D
Result<TruncateMessage> decode_truncate(Bytes message);
Result<LogicalMessage> decode_logical_message(Bytes message);

Result<StreamStartMessage> decode_stream_start(Bytes message);
Status decode_stream_stop(Bytes message);
Result<StreamCommitMessage> decode_stream_commit(Bytes message);
Result<StreamAbortMessage> decode_stream_abort(Bytes message);
Result<StreamedMessage> split_streamed(Bytes message);

Result<PrepareMessage> decode_prepare(Bytes message);  // b, P, p
Result<CommitPreparedMessage> decode_commit_prepared(Bytes message);
Result<RollbackPreparedMessage> decode_rollback_prepared(Bytes message);

}  // namespace leat::pg
