// time.precision.mode=structured: dates, times, timestamps and intervals as objects of their fields, exact
// and without a range of their own. Pure functions; any thread.
#pragma once

#include <string>

#include "codec/connect_schema.h"
#include "codec/debezium_value.h"

namespace leat {

// Whether the option makes objects of a type.
bool is_structured(const Type& type, const DebeziumOptions& options);
// Of such a type.
ValueWriter::Write structured_function(Kind kind);
ConnectSchema structured_schema(Kind kind);
// What stands for an unchanged value, and for one that is not known where null is forbidden.
std::string structured_placeholder(Kind kind, const std::string& text);
std::string structured_fallback(const Type& type);

}  // namespace leat
