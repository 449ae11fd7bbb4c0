// PostgreSQL's log sequence numbers: a byte position in the WAL, written as two hexadecimal halves
// ("16/B374D848").
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/ids.h"

namespace leat::pg {

// An LSN is the SourceOffset of this source.
using Lsn = SourceOffset;

std::string format_lsn(Lsn lsn);
std::optional<Lsn> parse_lsn(std::string_view text);

}  // namespace leat::pg
