// What a column's default is in Debezium's schemas, and what stands for a null where nulls are replaced.
// Pure functions; any thread.
#pragma once

#include <string>

#include "codec/debezium_options.h"
#include "model/schema.h"

namespace leat {

// The default as JSON in the type's representation; empty: it has none that Debezium would show. A literal is
// itself. For an expression that calls a function, now() say, Debezium shows the type's zero.
std::string default_json(const Column& column, const DebeziumOptions& options);

}  // namespace leat
