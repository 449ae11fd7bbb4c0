// The names of a source's options, and what Leat says about Debezium's that it does not take.
// The one place for these lists.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace leat {

// Every option of a source that Leat takes, format options included.
std::span<const std::string_view> source_option_names();

// Those that shape the output and go to the codec unread.
std::span<const std::string_view> format_option_names();
bool is_format_option(std::string_view name);

// For an option that Leat does not take but Debezium's PostgreSQL connector (or Kafka Connect) has: why, and
// what to use instead. Empty: nobody knows this option.
std::optional<std::string> explain_foreign_option(std::string_view name);

}  // namespace leat
