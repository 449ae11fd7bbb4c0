// Constants as a condition writes them, read as PostgreSQL reads them. Pure; any thread.
#pragma once

#include <deque>
#include <expected>
#include <string>

#include "filter/value.h"

namespace leat {

// What is wrong with it, for people: "is not a date".
using LiteralFault = std::string;
using Literal = std::expected<Value, LiteralFault>;
// Keeps the text that values are views of: its elements stay where they are.
using LiteralStorage = std::deque<std::string>;

// A string as a value of a type (not literal, nothing or opaque).
Literal parse_literal(const ValueType& type, std::string_view text, LiteralStorage& storage);
// A number as the scanner gives it: integer where it is one that fits into 64 bits, else decimal.
Literal parse_number(std::string_view text, LiteralStorage& storage, Class& of);
// b101 or x1F.
Literal parse_bits(std::string_view text, LiteralStorage& storage);

// literal_time.cpp
Literal parse_temporal(Class of, std::string_view text);
Literal parse_interval_literal(std::string_view text);

// The text of an integer as a decimal.
Value integer_to_decimal(Integer number, char* room);  // room for 41 characters, which stay
inline constexpr size_t integer_text_max = 41;

std::string_view trim_blanks(std::string_view text);

}  // namespace leat
