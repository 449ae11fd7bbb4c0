// Text of PostgreSQL's byte-like types (bytea, PostGIS geometry, bit strings, uuid) to canonical values. Pure
// functions. PostgreSQL documentation, "Binary Data Types", "Bit String Types", "UUID Type".
#pragma once

#include <array>

#include "base/byte_buffer.h"
#include "source/postgres/values/text_scanner.h"

namespace leat::pg {

using Uuid = std::array<uint8_t, 16>;

// The hex form ("\x0aff") and the older escape form ("a\\\012").
Fault append_bytea(std::string_view text, ByteBuffer& to);
// EWKB as bare hex digits, which is how PostGIS writes geometry and geography.
Fault append_hex(std::string_view text, ByteBuffer& to);
// "101" to a count and a little-endian integer.
Fault append_bits(std::string_view text, ByteBuffer& to);
Fault parse_uuid(std::string_view text, Uuid& value);

}  // namespace leat::pg
