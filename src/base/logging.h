// What operators read on standard error: one line per event, as text or JSON, with the same fields.
// Any thread may log. Never pass a secret or a column value.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace leat {

enum class LogLevel : uint8_t { debug, info, warning, error };
enum class LogFormat : uint8_t { text, json };

using LogField = std::pair<std::string_view, std::string>;

// Once, before the first line; the default is text from info on.
void configure_logging(LogFormat format, LogLevel level);

// subject: the source (or consumer) the line is about; may be empty.
void log_event(LogLevel level, std::string_view subject, std::string_view message,
               std::initializer_list<LogField> fields = {});
// The error's code, message and action.
void log_error(LogLevel level, std::string_view subject, std::string_view message, const Error& error);

}  // namespace leat
