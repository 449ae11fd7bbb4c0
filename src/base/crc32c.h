// CRC-32C (Castagnoli), as in RFC 3720 B.4: the checksum of blocks and segments.
#pragma once

#include "base/byte_cursor.h"

namespace leat {

// Continue a checksum by passing the previous result.
uint32_t crc32c(Bytes bytes, uint32_t previous = 0);

}  // namespace leat
