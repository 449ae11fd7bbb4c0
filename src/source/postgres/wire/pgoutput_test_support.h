// For tests and seeds: the bytes of pgoutput's messages, made by hand.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_buffer.h"
#include "source/postgres/wire/replication_protocol.h"

namespace leat::pg {

// One column of a tuple: n null, u unchanged, t text.
struct WireValue {
    char kind = 'n';
    std::string text;
};
using WireTuple = std::vector<WireValue>;
inline WireValue text_value(std::string text) { return {'t', std::move(text)}; }
inline const WireValue null_value{'n', {}}, unchanged_value{'u', {}};

struct WireColumn {
    std::string name;
    uint32_t type = 25;
    bool key = false;
};

class MessageBytes {
  public:
    explicit MessageBytes(char type) { bytes_.put_char(type); }
    MessageBytes& u8(uint8_t value) { return put(value); }
    MessageBytes& letter(char value) { return put(static_cast<uint8_t>(value)); }
    MessageBytes& u16(uint16_t value) { return put(value); }
    MessageBytes& u32(uint32_t value) { return put(value); }
    MessageBytes& u64(uint64_t value) { return put(value); }
    MessageBytes& text(std::string_view value) {
        bytes_.put_text(value);
        return *this;
    }
    MessageBytes& c_string(std::string_view value) {
        bytes_.put_text(value);
        return letter('\0');
    }
    MessageBytes& tuple(const WireTuple& tuple) {
        u16(static_cast<uint16_t>(tuple.size()));
        for (const WireValue& value : tuple) {
            letter(value.kind);
            if (value.kind == 't') u32(static_cast<uint32_t>(value.text.size())).text(value.text);
        }
        return *this;
    }
    std::string done() const { return std::string(bytes_.text()); }

  private:
    template <class T>
    MessageBytes& put(T value) {
        bytes_.put(byte_swap(value));
        return *this;
    }
    ByteBuffer bytes_;
};

namespace wire {

inline uint64_t postgres_time(int64_t unix_time_us) {
    return static_cast<uint64_t>(unix_time_us - epoch_offset_us);
}
inline std::string begin(uint64_t final_lsn, uint32_t xid, int64_t commit_time_us = 1'700'000'000'000'000) {
    return MessageBytes('B').u64(final_lsn).u64(postgres_time(commit_time_us)).u32(xid).done();
}
inline std::string commit(uint64_t commit_lsn, uint64_t end_lsn,
                          int64_t commit_time_us = 1'700'000'000'000'000) {
    return MessageBytes('C').u8(0).u64(commit_lsn).u64(end_lsn).u64(postgres_time(commit_time_us)).done();
}
inline std::string relation(uint32_t oid, std::string_view schema, std::string_view name, char identity,
                            const std::vector<WireColumn>& columns) {
    MessageBytes bytes('R');
    bytes.u32(oid).c_string(schema).c_string(name).letter(identity);
    bytes.u16(static_cast<uint16_t>(columns.size()));
    for (const WireColumn& column : columns)
        bytes.u8(column.key ? 1 : 0).c_string(column.name).u32(column.type).u32(UINT32_MAX);
    return bytes.done();
}
inline std::string insert(uint32_t oid, const WireTuple& row) {
    return MessageBytes('I').u32(oid).letter('N').tuple(row).done();
}
// old_kind: K, O, or 0 for none.
inline std::string update(uint32_t oid, char old_kind, const WireTuple& old_row, const WireTuple& row) {
    MessageBytes bytes('U');
    bytes.u32(oid);
    if (old_kind) bytes.letter(old_kind).tuple(old_row);
    return bytes.letter('N').tuple(row).done();
}
inline std::string remove(uint32_t oid, char old_kind, const WireTuple& old_row) {
    return MessageBytes('D').u32(oid).letter(old_kind).tuple(old_row).done();
}
inline std::string truncate(const std::vector<uint32_t>& oids, uint8_t flags = 0) {
    MessageBytes bytes('T');
    bytes.u32(static_cast<uint32_t>(oids.size())).u8(flags);
    for (uint32_t oid : oids) bytes.u32(oid);
    return bytes.done();
}
inline std::string logical_message(bool transactional, uint64_t lsn, std::string_view prefix,
                                   std::string_view content) {
    return MessageBytes('M')
        .u8(transactional ? 1 : 0)
        .u64(lsn)
        .c_string(prefix)
        .u32(static_cast<uint32_t>(content.size()))
        .text(content)
        .done();
}
inline std::string type(uint32_t oid, std::string_view schema, std::string_view name) {
    return MessageBytes('Y').u32(oid).c_string(schema).c_string(name).done();
}
inline std::string origin(uint64_t lsn, std::string_view name) {
    return MessageBytes('O').u64(lsn).c_string(name).done();
}
// ---- protocol 2 ----
inline std::string stream_start(uint32_t xid, bool first) {
    return MessageBytes('S').u32(xid).u8(first ? 1 : 0).done();
}
inline std::string stream_stop() { return MessageBytes('E').done(); }
inline std::string stream_commit(uint32_t xid, uint64_t commit_lsn, uint64_t end_lsn,
                                 int64_t commit_time_us = 1'700'000'000'000'000) {
    return MessageBytes('c')
        .u32(xid)
        .u8(0)
        .u64(commit_lsn)
        .u64(end_lsn)
        .u64(postgres_time(commit_time_us))
        .done();
}
inline std::string stream_abort(uint32_t xid, uint32_t aborted, bool parallel = false) {
    MessageBytes bytes('A');
    bytes.u32(xid).u32(aborted);
    if (parallel) bytes.u64(1).u64(2);
    return bytes.done();
}
// A message with the transaction that it has between stream start and stop.
inline std::string streamed(uint32_t xid, const std::string& message) {
    return MessageBytes(message[0]).u32(xid).text(std::string_view(message).substr(1)).done();
}

// ---- protocol 3 ----
// type: b, P or p.
inline std::string prepare(char type, uint64_t prepare_lsn, uint32_t xid, std::string_view gid) {
    MessageBytes bytes(type);
    if (type != 'b') bytes.u8(0);
    return bytes.u64(prepare_lsn).u64(prepare_lsn + 8).u64(postgres_time(0)).u32(xid).c_string(gid).done();
}
inline std::string commit_prepared(uint64_t commit_lsn, uint64_t end_lsn, uint32_t xid, std::string_view gid,
                                   int64_t commit_time_us = 1'700'000'000'000'000) {
    return MessageBytes('K')
        .u8(0)
        .u64(commit_lsn)
        .u64(end_lsn)
        .u64(postgres_time(commit_time_us))
        .u32(xid)
        .c_string(gid)
        .done();
}
inline std::string rollback_prepared(uint64_t prepare_end_lsn, uint64_t end_lsn, uint32_t xid,
                                     std::string_view gid) {
    return MessageBytes('r')
        .u8(0)
        .u64(prepare_end_lsn)
        .u64(end_lsn)
        .u64(postgres_time(0))
        .u64(postgres_time(0))
        .u32(xid)
        .c_string(gid)
        .done();
}

// What the replication stream wraps them in.
inline std::string wal_data(uint64_t start, uint64_t end, std::string_view message) {
    return MessageBytes('w').u64(start).u64(end).u64(0).text(message).done();
}
inline std::string keepalive(uint64_t wal_end, bool reply_requested) {
    return MessageBytes('k').u64(wal_end).u64(0).u8(reply_requested ? 1 : 0).done();
}

}  // namespace wire
}  // namespace leat::pg
