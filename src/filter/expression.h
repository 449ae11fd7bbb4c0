// A condition as it is written, before anything is known of the columns.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace leat {

enum class Form : uint8_t {
    column,      // text: the name; image
    operation,   // `op`
    string,      // text
    number,      // text
    bit_string,  // text: b101 or x1F
    boolean,     // text: true, false
    null,
    cast,        // text: the type's name; one argument
    negate,      // -x
    arithmetic,  // text: + - * / %
    concatenate,
    compare,   // text: = <> < <= > >=
    distinct,  // negated: NOT DISTINCT
    between,   // three arguments; negated, symmetric
    in,        // the first argument in the others; negated
    like,      // the pattern is the second argument; negated, ignore_case
    is_null,   // negated
    is_truth,  // text: true, false, unknown; negated
    conjunction,
    disjunction,
    logical_not,
    call,  // text: the function's name
};

enum class Image : uint8_t { plain, before, after };

struct Expression {
    Form form = Form::null;
    Image image = Image::plain;
    bool negated = false, symmetric = false, ignore_case = false;
    size_t place = 0;  // byte of the condition's text
    std::string text;
    std::string escape = "\\";  // of like; empty: none
    std::vector<Expression> arguments;
};

// CONDITION_INVALID with the place, for people: "… at character 12: MESSAGE".
std::unexpected<Error> invalid_condition(std::string_view text, size_t place, std::string_view message,
                                         std::string action = {});

Result<Expression> parse_expression(const std::string& text);

}  // namespace leat
