// A bound condition as nodes that refer to one another by index.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "filter/condition.h"
#include "filter/expression.h"
#include "filter/like_pattern.h"
#include "filter/value.h"

namespace leat {

enum class Comparison : uint8_t { equal, not_equal, less, less_equal, greater, greater_equal };

enum class NodeKind : uint8_t {
    // These are truths.
    truth_of,        // a: a boolean value
    conjunction,     // children
    disjunction,     // children
    logical_not,     // a
    compare,         // a, b; comparison; of
    compare_mixed,   // a: integer, b: decimal; comparison
    distinct,        // a, b; of; negated
    distinct_mixed,  // a: integer, b: decimal; negated
    in_sorted,       // a; children: constants in their order; of
    like,            // a; pattern
    is_null,         // a; negated
    is_truth,        // a: a truth; wanted; negated
    // These are values.
    constant,           // index
    column,             // index, image; of, kind
    operation,          // the change's op
    absent,             // a column where there is no row
    value_of,           // a: a truth
    to_decimal,         // a: integer
    to_real,            // a: integer or decimal; of: which of them
    label_order,        // a: a label; index: of its labels
    strip,              // a: char(n)
    date_to_timestamp,  // a
    arithmetic,         // a, b; symbol; of
    negate,             // a; of
    absolute,           // a; of
    concatenate,        // a, b
    lower,              // a
    upper,              // a
    length,             // a; of
    coalesce,           // children
};

// A set of what a truth may still be: unknown values leave several.
using TruthSet = uint8_t;
inline constexpr TruthSet may_be_false = 1, may_be_true = 2, may_be_null = 4;
inline constexpr TruthSet may_be_anything = may_be_false | may_be_true | may_be_null;

struct Node {
    NodeKind kind = NodeKind::constant;
    Class of = Class::opaque;
    Kind column_kind = Kind::text;
    Image image = Image::plain;
    Comparison comparison = Comparison::equal;
    bool negated = false;
    bool same_column = false;  // distinct: both images of one column
    bool single = false;       // a real result is rounded to float4
    char symbol = 0;           // arithmetic
    TruthSet wanted = 0;       // is_truth
    uint32_t a = 0, b = 0;
    uint32_t index = 0;                      // of a constant, a column, a pattern
    uint32_t first_child = 0, children = 0;  // in ConditionProgram::children
};

struct ConditionProgram {
    std::vector<Node> nodes;
    std::vector<uint32_t> children;
    std::vector<Value> constants;
    std::deque<std::string> storage;  // what constants are views of
    std::vector<LikePattern> patterns;
    std::vector<std::shared_ptr<const std::vector<std::string>>> labels;
    uint32_t root = 0;
    bool reads_columns = false;
};

}  // namespace leat
