#include "source/postgres/wire/pgoutput.h"

#include <fmt/core.h>

#include "source/postgres/wire/replication_protocol.h"

namespace leat::pg {

namespace {

std::unexpected<Error> malformed(Bytes message, size_t offset, std::string_view what) {
    return fail(
        ErrorCode::PG_MESSAGE_MALFORMED,
        fmt::format("message '{}' of {} bytes is malformed at byte {}: {}",
                    message.empty() ? '?' : static_cast<char>(message[0]), message.size(), offset, what));
}

// A message must be read to its last byte: more would be of a protocol we do not know.
Status finish(const NetworkCursor& from, Bytes message) {
    if (!from.ok()) return malformed(message, from.offset(), "it ends too early");
    if (!from.at_end()) return malformed(message, from.offset(), "bytes are left over");
    return {};
}

NetworkCursor open(Bytes message) {
    NetworkCursor from(message);
    from.u8();
    return from;
}

// Unsigned, so that a malformed time wraps instead of overflowing.
int64_t unix_time(int64_t postgres_time_us) {
    return static_cast<int64_t>(static_cast<uint64_t>(postgres_time_us) +
                                static_cast<uint64_t>(epoch_offset_us));
}

CommitMessage read_commit(NetworkCursor& from) {
    CommitMessage commit;
    from.u8();  // flags, unused
    commit.commit_lsn = Lsn(from.u64());
    commit.end_lsn = Lsn(from.u64());
    commit.commit_time_us = unix_time(from.i64());
    return commit;
}

bool read_tuple(NetworkCursor& from, Tuple& tuple) {
    size_t columns = from.u16();
    if (columns > from.remaining()) return false;  // each takes a byte at least
    tuple.resize(columns);
    for (TupleValue& value : tuple) {
        auto kind = static_cast<char>(from.u8());
        value.text = {};
        if (kind == 't')
            value.text = from.text(from.u32());
        else if (kind != 'n' && kind != 'u')
            return false;  // 'b' comes only where binary was asked for
        value.kind = static_cast<TupleValue::Kind>(kind);
    }
    return from.ok();
}

}  // namespace

Result<BeginMessage> decode_begin(Bytes message) {
    NetworkCursor from = open(message);
    BeginMessage begin;
    begin.final_lsn = Lsn(from.u64());
    begin.commit_time_us = unix_time(from.i64());
    begin.xid = from.u32();
    LEAT_TRY(finish(from, message));
    return begin;
}

Result<CommitMessage> decode_commit(Bytes message) {
    NetworkCursor from = open(message);
    CommitMessage commit = read_commit(from);
    LEAT_TRY(finish(from, message));
    return commit;
}

Result<OriginMessage> decode_origin(Bytes message) {
    NetworkCursor from = open(message);
    OriginMessage origin;
    origin.lsn = Lsn(from.u64());
    origin.name = from.c_string();
    LEAT_TRY(finish(from, message));
    return origin;
}

Result<RelationMessage> decode_relation(Bytes message) {
    NetworkCursor from = open(message);
    RelationMessage relation;
    relation.relation = from.u32();
    relation.schema = from.c_string();
    relation.name = from.c_string();
    relation.replica_identity = static_cast<char>(from.u8());
    uint16_t columns = from.u16();
    for (uint16_t i = 0; i < columns && from.ok(); ++i) {
        RelationColumn column;
        column.part_of_key = from.u8() & 1;
        column.name = from.c_string();
        column.type = from.u32();
        column.typmod = from.i32();
        relation.columns.push_back(column);
    }
    LEAT_TRY(finish(from, message));
    // The server sends system tables' schema as an empty string.
    if (relation.schema.empty()) relation.schema = "pg_catalog";
    return relation;
}

Result<TypeMessage> decode_type(Bytes message) {
    NetworkCursor from = open(message);
    TypeMessage type;
    type.type = from.u32();
    type.schema = from.c_string();
    type.name = from.c_string();
    LEAT_TRY(finish(from, message));
    return type;
}

Status decode_row(Bytes message, RowMessage& row) {
    NetworkCursor from = open(message);
    row.relation = from.u32();
    row.old_kind = 0;
    row.has_new = false;
    char type = message_type(message);
    auto part = static_cast<char>(from.u8());
    if ((type == 'U' || type == 'D') && (part == 'K' || part == 'O')) {
        row.old_kind = part;
        if (!read_tuple(from, row.old_tuple)) return malformed(message, from.offset(), "old row");
        if (type == 'U') part = static_cast<char>(from.u8());
    }
    if (type != 'D') {
        if (part != 'N') return malformed(message, from.offset(), "no new row");
        row.has_new = true;
        if (!read_tuple(from, row.new_tuple)) return malformed(message, from.offset(), "new row");
    } else if (!row.old_kind) {
        return malformed(message, from.offset(), "no old row");
    }
    return finish(from, message);
}

Result<TruncateMessage> decode_truncate(Bytes message) {
    NetworkCursor from = open(message);
    TruncateMessage truncate;
    uint32_t count = from.u32();
    uint8_t flags = from.u8();
    truncate.cascade = flags & 1;
    truncate.restart_identity = flags & 2;
    if (count > from.remaining() / 4) return malformed(message, from.offset(), "relation count");
    for (uint32_t i = 0; i < count; ++i) truncate.relations.push_back(from.u32());
    LEAT_TRY(finish(from, message));
    return truncate;
}

Result<LogicalMessage> decode_logical_message(Bytes message) {
    NetworkCursor from = open(message);
    LogicalMessage logical;
    logical.transactional = from.u8() & 1;
    logical.lsn = Lsn(from.u64());
    logical.prefix = from.c_string();
    logical.content = from.bytes(from.u32());
    LEAT_TRY(finish(from, message));
    return logical;
}

// ---- transactions in progress ----

Result<StreamStartMessage> decode_stream_start(Bytes message) {
    NetworkCursor from = open(message);
    StreamStartMessage start;
    start.xid = from.u32();
    start.first = from.u8() == 1;
    LEAT_TRY(finish(from, message));
    return start;
}

Status decode_stream_stop(Bytes message) { return finish(open(message), message); }

Result<StreamCommitMessage> decode_stream_commit(Bytes message) {
    NetworkCursor from = open(message);
    StreamCommitMessage commit;
    commit.xid = from.u32();
    commit.commit = read_commit(from);
    LEAT_TRY(finish(from, message));
    return commit;
}

Result<StreamAbortMessage> decode_stream_abort(Bytes message) {
    NetworkCursor from = open(message);
    StreamAbortMessage abort;
    abort.xid = from.u32();
    abort.aborted = from.u32();
    // With streaming 'parallel' also where and when: nothing hangs on it.
    if (from.ok() && !from.at_end()) from.bytes(16);
    LEAT_TRY(finish(from, message));
    return abort;
}

Result<StreamedMessage> split_streamed(Bytes message) {
    NetworkCursor from(message);
    StreamedMessage streamed;
    streamed.type = static_cast<char>(from.u8());
    streamed.xid = from.u32();
    streamed.body = from.rest();
    if (!from.ok()) return malformed(message, from.offset(), "it ends before its transaction id");
    return streamed;
}

// ---- two-phase commit ----

Result<PrepareMessage> decode_prepare(Bytes message) {
    NetworkCursor from = open(message);
    PrepareMessage prepare;
    if (message_type(message) != 'b') from.u8();  // flags, unused
    prepare.prepare_lsn = Lsn(from.u64());
    prepare.end_lsn = Lsn(from.u64());
    prepare.prepare_time_us = unix_time(from.i64());
    prepare.xid = from.u32();
    prepare.gid = from.c_string();
    LEAT_TRY(finish(from, message));
    return prepare;
}

Result<CommitPreparedMessage> decode_commit_prepared(Bytes message) {
    NetworkCursor from = open(message);
    CommitPreparedMessage prepared;
    prepared.commit = read_commit(from);
    prepared.xid = from.u32();
    prepared.gid = from.c_string();
    LEAT_TRY(finish(from, message));
    return prepared;
}

Result<RollbackPreparedMessage> decode_rollback_prepared(Bytes message) {
    NetworkCursor from = open(message);
    RollbackPreparedMessage rollback;
    from.u8();  // flags, unused
    rollback.prepare_end_lsn = Lsn(from.u64());
    rollback.end_lsn = Lsn(from.u64());
    from.bytes(16);  // when it was prepared and when rolled back
    rollback.xid = from.u32();
    rollback.gid = from.c_string();
    LEAT_TRY(finish(from, message));
    return rollback;
}

}  // namespace leat::pg
