// Debezium's signals: what starts, stops, pauses and resumes snapshots. They come as rows of a signal table,
// or from within the process (signal_queue.h). Pure; a fuzz target. Debezium documentation, "Sending signals
// to a Debezium connector".
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

// What became of it.
struct SignalOutcome {
    struct Refused {
        std::string table;
        Error error;
    };
    std::vector<std::string> tables;  // schema.table: that will be read, or will not be any more
    std::vector<Refused> refused;     // that match, and cannot be read
};

// type and data as they stand in the row. What cannot be carried out is CONFIG_INVALID, with the reason.
Result<Signal> parse_signal(std::string_view type, std::string_view data);

struct NamedSignal {
    std::string id;
    Signal signal;
};
// A line of Debezium's file channel: an object of id, type and data. Likewise.
Result<NamedSignal> parse_signal_line(std::string_view line);

// Whether one of the expressions matches the whole name, whatever its case; CONFIG_INVALID if it is none.
Result<bool> matches_any(const std::vector<std::string>& expressions, const std::string& name);

}  // namespace leat
