// JSON text appended to a buffer: the scalars of RFC 8259 and the encodings JSON carries bytes in.
// Pure functions; any thread.
#pragma once

#include "base/byte_buffer.h"

namespace leat::json {

// The characters of a string, escaped, without the quotes. Bytes from 0x80 on pass as they are: text in a
// block is UTF-8.
void put_escaped(ByteBuffer& to, std::string_view text);
// With the quotes.
void put_string(ByteBuffer& to, std::string_view text);
// The same of any bytes: what is not UTF-8 becomes U+FFFD.
std::string quoted(std::string_view text);

void put_int(ByteBuffer& to, int64_t value);
void put_uint(ByteBuffer& to, uint64_t value);
// Shortest text that reads back as the same number, always recognisable as a float ("1.0"). Finite only.
void put_double(ByteBuffer& to, double value);
void put_float(ByteBuffer& to, float value);

// All with quotes. The URL-safe alphabet is padded too, as Java's encoder does.
void put_base64(ByteBuffer& to, Bytes bytes);
void put_base64_url(ByteBuffer& to, Bytes bytes);
void put_hex(ByteBuffer& to, Bytes bytes);

}  // namespace leat::json
