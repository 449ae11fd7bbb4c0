// The messages inside of the replication stream's CopyData frames.
// PostgreSQL documentation, "Streaming Replication Protocol".
#pragma once

#include "base/byte_buffer.h"
#include "base/error.h"
#include "source/postgres/wire/lsn.h"

namespace leat::pg {

struct WalData {
    Lsn start;
    Lsn end;
    Bytes message;  // of the output plugin
};

struct Keepalive {
    Lsn wal_end;
    bool reply_requested = false;
};

struct ReplicationMessage {
    enum class Type : uint8_t { wal_data, keepalive } type = Type::keepalive;
    WalData wal;
    Keepalive keepalive;
};

Result<ReplicationMessage> decode_replication_message(Bytes copy_data);

// A whole CopyData frame with a standby status update: written, flushed and applied are told alike, since
// Leat has what it acknowledges on disk.
void encode_status_update(Lsn durable, bool reply_requested, ByteBuffer& to);

// Microseconds between PostgreSQL's epoch (2000-01-01) and Unix'.
inline constexpr int64_t epoch_offset_us = 946684800000000;

}  // namespace leat::pg
