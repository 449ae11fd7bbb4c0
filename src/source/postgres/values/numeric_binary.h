// numeric as numeric_send gives it, to the canonical decimal's text: what numeric_out writes.
// PostgreSQL source, src/backend/utils/adt/numeric.c: number of digits, weight of the first, sign, digits
// after the point, then digits to the base 10,000. Pure function.
#pragma once

#include "base/byte_buffer.h"
#include "source/postgres/values/text_scanner.h"

namespace leat::pg {

Fault append_numeric(Bytes value, ByteBuffer& to);

}  // namespace leat::pg
