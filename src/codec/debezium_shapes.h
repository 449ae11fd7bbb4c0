// PostgreSQL's geometric types beside point: box, lseg, path, polygon, line and circle. A block has them as
// the server's text; Debezium shows structures. Pure functions; any thread.
#pragma once

#include <string>

#include "codec/debezium_value.h"

namespace leat {

enum class Shape : uint8_t { none, box, lseg, path, polygon, line, circle };

Shape shape_of(const Type& type);
// Null for Shape::none.
ValueWriter::Write shape_function(Shape shape);
// The placeholder of an unchanged value, and of a value that is not known where null is forbidden.
std::string shape_placeholder(Shape shape, const std::string& text);
std::string shape_fallback(Shape shape);

}  // namespace leat
