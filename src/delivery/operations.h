// How people name operations. Pure functions.
#pragma once

#include <span>
#include <string>

#include "base/error.h"

namespace leat {

// Letters of c u d r t m, or words: insert (create), update, delete, snapshot (read), truncate, message.
// Gives the letters; USAGE names what is none.
Result<std::string> parse_ops(std::span<const std::string> names);

}  // namespace leat
