// Debezium's signals: rows of a signal table that start, stop, pause and resume snapshots. Pure; a fuzz
// target. Debezium documentation, "Sending signals to a Debezium connector".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace leat {

struct Signal {
    enum class Kind : uint8_t { execute, stop, pause, resume, log };
    struct Condition {
        std::string collection;  // a regular expression over schema.table
        std::string filter;      // SQL
    };
    Kind kind = Kind::log;
    bool blocking = false;                 // of execute
    std::vector<std::string> collections;  // regular expressions over schema.table; empty (of stop): all
    std::vector<Condition> conditions;
    std::string message;  // of log
};

// type and data as they stand in the row. What cannot be carried out is CONFIG_INVALID, with the reason.
Result<Signal> parse_signal(std::string_view type, std::string_view data);

// Whether one of the expressions matches the whole name, whatever its case; CONFIG_INVALID if it is none.
Result<bool> matches_any(const std::vector<std::string>& expressions, const std::string& name);

}  // namespace leat
