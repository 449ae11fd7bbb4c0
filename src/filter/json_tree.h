// A JSON text as a tree, for what libpg_query answers. Small on purpose: no numbers but as their text.
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace leat {

struct JsonMember;

struct JsonNode {
    enum class Kind : uint8_t { null, boolean, number, string, array, object };

    Kind kind = Kind::null;
    std::string text;  // of a string, a number, a boolean
    std::vector<JsonNode> items;
    std::vector<JsonMember> members;

    const JsonNode* find(std::string_view name) const;
    // The member's text; empty if there is none.
    std::string_view text_of(std::string_view name) const;
    // The member's items; none if there is none.
    const std::vector<JsonNode>& items_of(std::string_view name) const;
    int64_t integer_of(std::string_view name, int64_t otherwise) const;
};

struct JsonMember {
    std::string name;
    JsonNode value;
};

// Nested at most 2000 deep.
Result<JsonNode> parse_json(std::string_view text);

}  // namespace leat
