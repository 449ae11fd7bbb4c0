// JSON that comes from outside, read strictly: RFC 8259 in UTF-8, no member twice, bounded depth and size.
// Pure functions; any thread. A fuzz target.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace leat::json {

struct Value {
    enum class Kind : uint8_t { null, boolean, number, text, array, object };
    Kind kind = Kind::null;
    std::string text;                // of text; of a number as it was written, "1e3"; "true" or "false"
    std::vector<Value> items;        // of an array, or the members' values of an object
    std::vector<std::string> names;  // of an object's members, in their order
    int line = 1;                    // where it (a member: its name) ends, or an object or array begins

    bool is(Kind wanted) const { return kind == wanted; }
    bool scalar() const { return kind != Kind::array && kind != Kind::object && kind != Kind::null; }
    const Value* member(std::string_view name) const;  // null if there is none
    // The text of a member that is one; empty if there is none.
    std::string text_of(std::string_view name) const;
};

std::string_view name(Value::Kind kind);  // "a number"

struct ReadLimits {
    size_t bytes = 4 << 20;
    size_t depth = 32;
    size_t values = 100'000;
};

// Never repeats what stands there: it may be a secret.
struct Fault {
    int line = 1, column = 0;  // the last byte that was looked at
    std::string reason;
};

// The whole text is one value.
std::expected<Value, Fault> parse(std::string_view text, const ReadLimits& limits = {});
// The same with JSON_INVALID: "line 3, column 7: not valid JSON: …".
Result<Value> read(std::string_view text, const ReadLimits& limits = {});

// Without spaces; reads back as the same.
std::string to_text(const Value& value);

}  // namespace leat::json
