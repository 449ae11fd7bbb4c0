// The text forms that hold other values: arrays, composites, hstore. Pure functions.
// PostgreSQL documentation, "Array Input and Output Syntax", "Composite Type Input and Output Syntax", hstore
// "External Representation". What a text can make the decoder write is bounded by its length, and nesting by
// the nesting of the type.
#pragma once

#include <string>

#include "model/schema.h"
#include "source/postgres/values/text_scanner.h"

namespace leat::pg {

// Appends one value that stands inside another: of a fixed width as in a slot, else its length and bytes.
using AppendFn = Fault (*)(std::string_view text, const Type& type, ByteBuffer& to);
AppendFn nested_append(const Type& type);  // in value_decoder.cpp

// What stands between the elements of an array of this type: pg_type.typdelim, which is ',' but for box
// and for PostGIS's geometry and geography.
char array_delimiter(const Type& element);

Fault append_array(std::string_view text, const Type& type, ByteBuffer& to);
Fault append_composite(std::string_view text, const Type& type, ByteBuffer& to);
Fault append_hstore(std::string_view text, ByteBuffer& to);

// Where the first character that `wanted` wants stands, or the end. string_view::find_first_of searches its
// set anew for each character.
template <class Wanted>
size_t find_first(std::string_view text, Wanted wanted) {
    size_t i = 0;
    while (i < text.size() && !wanted(text[i])) ++i;
    return i;
}

// Passes a quoted token with its quotes. The view points into the text, or into `scratch` if the token had
// escapes: a backslash before any character and, where `doubled` says so, a quote before a quote.
bool read_quoted(TextScanner& from, bool doubled, std::string& scratch, std::string_view& token);

}  // namespace leat::pg
