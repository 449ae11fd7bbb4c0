// Printing changes to standard output: what tail and log share.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "base/clock.h"
#include "codec/debezium_options.h"
#include "codec/encoder.h"
#include "delivery/change_selection.h"
#include "model/block_reader.h"

namespace leat::cli {

// The options that tail and log have in common.
struct OutputOptions {
    std::string format;                 // text, or a Format; empty: text on a terminal, else debezium
    std::vector<std::string> tables;    // globs
    std::vector<std::string> ops;       // letters, also comma-separated
    std::string where;                  // a row condition (docs/conditions.md); empty: none
    std::string leaving = "ignore";     // ignore, delete
    std::vector<std::string> columns;   // globs, also comma-separated
    uint64_t limit = 0;                 // records; 0: none
    double idle_exit_seconds = 0;       // 0: never
    std::string color = "auto";         // auto, always, never
    std::vector<std::string> settings;  // name=value of Debezium's format options
    bool interruptible = false;         // by Printer::cancel(), also while nobody takes the output
};

// Applies name=value settings over what is known of the source.
Status apply_settings(const std::vector<std::string>& settings, std::map<std::string, std::string>& options);
// What the format takes of them. CONFIG_INVALID for a value, USAGE for a format that is none.
Result<DebeziumOptions> parse_format_options(const OutputOptions& options,
                                             std::map<std::string, std::string> values);

// Which changes and columns the options choose. USAGE, CONDITION_INVALID.
Result<SelectionSpec> selection_of(const OutputOptions& options);

// Which changes are wanted of a log's.
struct Bounds {
    uint64_t from_seq = 0;
    uint64_t to_seq = UINT64_MAX;  // inclusive
    int64_t from_time_us = INT64_MIN;
    int64_t to_time_us = INT64_MAX;
};

// Counts what is printed and when; filters before encoding. One thread prints; finished(), idle_too_long()
// and cancel() may be called by another.
class Printer : private RecordSink {
  public:
    static Result<std::unique_ptr<Printer>> make(const OutputOptions& options, DebeziumOptions debezium);
    // SELECTION_UNKNOWN if a log's tables do not have the columns.
    Status check_columns(const SchemaSet& schemas) { return selection_.check_columns(schemas); }
    ~Printer() override;

    void set_bounds(const Bounds& bounds) { bounds_ = bounds; }
    // Prints what passes the filters. The first error of the output itself ends printing: see finished().
    Status print(const Block& block, SchemaSet& schemas);
    // Says on standard error what --where left out although it might have passed. Once all is printed.
    void tell_left_out() const;
    // Hands everything to the operating system.
    Status flush();

    // The limit is reached, the end of the bounds is passed, or nobody reads any more.
    bool finished() const { return finished_; }
    // Nothing was printed for the time of --idle-exit.
    bool idle_too_long() const;
    // Gives up on a reader that takes nothing (a paused terminal): flush() returns soon, and what was not
    // taken is dropped.
    void cancel() { cancelled_ = true; }

  private:
    Printer(const OutputOptions& options, ChangeSelection selection)
        : options_(options), selection_(std::move(selection)) {}
    Status open(DebeziumOptions debezium);
    void write(const Record& record) override;
    // Null: nothing.
    Result<const Change*> pick(const Change& change, const Transaction& transaction);
    bool within_bounds(const Change& change, const Transaction& transaction) const;

    const OutputOptions options_;
    Bounds bounds_;
    bool text_ = false;
    ChangeSelection selection_;
    std::unique_ptr<Encoder> encoder_;
    ByteBuffer out_;
    std::unique_ptr<RecordSink> lines_;
    uint64_t printed_ = 0;
    std::atomic<bool> finished_{false}, cancelled_{false};
    std::atomic<SteadyClock::time_point> last_printed_{SteadyClock::now()};
};

}  // namespace leat::cli
