// The prerequisites of capturing from a server: looked at, never changed.
#pragma once

#include <vector>

#include "source/postgres/server/catalog.h"
#include "source/postgres/server/options.h"
#include "source/source.h"

namespace leat::pg {

// One finding per prerequisite, in the order an operator would mend them; each that is not met has the SQL
// for it. tables: those selected. needs_slot: whether a slot has to be made.
Result<std::vector<Finding>> check_prerequisites(Connection& sql, const Options& options,
                                                 const std::vector<TableInfo>& tables, bool needs_slot,
                                                 std::stop_token stop);

}  // namespace leat::pg
