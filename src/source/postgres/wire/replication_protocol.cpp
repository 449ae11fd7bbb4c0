#include "source/postgres/wire/replication_protocol.h"

#include <fmt/core.h>

#include "base/clock.h"

namespace leat::pg {

Result<ReplicationMessage> decode_replication_message(Bytes copy_data) {
    NetworkCursor from(copy_data);
    ReplicationMessage message;
    char type = static_cast<char>(from.u8());
    switch (type) {
        case 'w':
            message.type = ReplicationMessage::Type::wal_data;
            message.wal.start = Lsn(from.u64());
            message.wal.end = Lsn(from.u64());
            from.u64();  // the server's clock
            message.wal.message = from.rest();
            break;
        case 'k':
            message.type = ReplicationMessage::Type::keepalive;
            message.keepalive.wal_end = Lsn(from.u64());
            from.u64();
            message.keepalive.reply_requested = from.u8() != 0;
            break;
        default:
            return fail(ErrorCode::PG_PROTOCOL,
                        fmt::format("unknown replication message type {:#04x}", static_cast<uint8_t>(type)));
    }
    if (!from.ok() || !from.at_end())
        return fail(ErrorCode::PG_PROTOCOL, "replication message is cut off, or longer than its type");
    return message;
}

void encode_status_update(Lsn durable, bool reply_requested, ByteBuffer& to) {
    constexpr uint32_t body = 1 + 8 + 8 + 8 + 8 + 1;
    to.put_char('d');
    to.put(byte_swap<uint32_t>(4 + body));
    to.put_char('r');
    for (int i = 0; i < 3; ++i) to.put(byte_swap(durable.value));
    to.put(byte_swap(wall_time_us() - epoch_offset_us));
    to.put(static_cast<uint8_t>(reply_requested));
}

}  // namespace leat::pg
