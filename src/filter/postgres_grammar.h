// PostgreSQL's own scanner and grammar (libpg_query). Any thread may call; the library itself runs in one
// thread that is kept for it (docs/adr/0011-conditions.md says why).
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace leat {

enum class KeywordKind : uint8_t { none, unreserved, column_name, type_or_function, reserved };

struct SqlToken {
    size_t begin = 0, end = 0;  // bytes of the text
    KeywordKind keyword = KeywordKind::none;
};

// What the grammar answers to a text that it does not take.
struct SqlError {
    std::string message;
    size_t character = 0;  // counted from 1; 0: unknown
};

// Of at most 1 MB, without zero bytes.
std::expected<std::vector<SqlToken>, SqlError> scan_sql(const std::string& sql);
// The parse tree as JSON. The caller bounds how deep the text nests: the library recurses without a limit.
std::expected<std::string, SqlError> parse_sql(const std::string& sql);

}  // namespace leat
