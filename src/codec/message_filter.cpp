#include "codec/message_filter.h"

#include "json/json_text.h"

namespace leat {

void put_message_content(const Change& message, const DebeziumOptions& options, ByteBuffer& to) {
    switch (options.binary) {
        case BinaryMode::base64_url_safe:
            json::put_base64_url(to, message.message_content);
            break;
        case BinaryMode::hex:
            json::put_hex(to, message.message_content);
            break;
        default:
            json::put_base64(to, message.message_content);
    }
}

}  // namespace leat
