// Exact arithmetic with decimals, digit by digit, in the scratch of one evaluation.
#pragma once

#include <optional>

#include "filter/value.h"

namespace leat {

// Nothing where the result has more digits than PostgreSQL's numeric, or would take too long.
std::optional<Value> add_decimals(const Value& a, const Value& b, ConditionScratch& scratch);
std::optional<Value> multiply_decimals(const Value& a, const Value& b, ConditionScratch& scratch);
Value negate_decimal(Value value);

}  // namespace leat
