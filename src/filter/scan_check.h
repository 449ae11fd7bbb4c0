// What is refused before the grammar sees a condition. Any thread.
#pragma once

#include "filter/expression.h"
#include "filter/postgres_grammar.h"

namespace leat {

// Too long, nested too deep for a parser that recurses, or with words that no condition has.
Result<std::vector<SqlToken>> check_tokens(const std::string& text);

// As invalid_condition(), with the place as the grammar counts it: characters from 1, 0 unknown.
std::unexpected<Error> invalid_at_character(size_t character, std::string_view message);

}  // namespace leat
