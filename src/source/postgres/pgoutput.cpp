#include "source/postgres/pgoutput.h"

#include <fmt/core.h>

#include "source/postgres/replication_protocol.h"

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
    CommitMessage commit;
    from.u8();  // flags, unused
    commit.commit_lsn = Lsn(from.u64());
    commit.end_lsn = Lsn(from.u64());
    commit.commit_time_us = unix_time(from.i64());
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

}  // namespace leat::pg
