// The options of Debezium's output format, by Debezium's names. Meaning and defaults: docs/debezium.md.
// A value: made once, then only read.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "codec/name_adjustment.h"

namespace leat {

enum class DecimalMode : uint8_t { precise, as_double, string };
enum class TimePrecision : uint8_t {
    adaptive,
    adaptive_time_microseconds,
    connect,
    isostring,
    microseconds,
    nanoseconds,
    structured
};
enum class BinaryMode : uint8_t { bytes, base64, base64_url_safe, hex };
enum class HstoreMode : uint8_t { json, map };
enum class IntervalMode : uint8_t { numeric, string };

struct DebeziumOptions {
    // From the source's definition, not from format options.
    std::string topic_prefix;
    std::string database;              // of messages, which belong to no table; empty: of the last table seen
    std::string version = "leat-dev";  // what `source.version` says
    std::string replay;                // which replay records are told in; empty: none

    DecimalMode decimal = DecimalMode::precise;
    TimePrecision time = TimePrecision::adaptive;
    BinaryMode binary = BinaryMode::bytes;
    HstoreMode hstore = HstoreMode::json;
    IntervalMode interval = IntervalMode::numeric;
    uint32_t money_fraction_digits = 2;
    std::string unavailable_value = "__debezium_unavailable_value";
    bool tombstones = true;
    std::string skipped_operations;                    // letters of c u d t
    bool key_schemas = false, schemas_enable = false;  // of keys, of values
    bool transaction_metadata = false;
    bool header_schemas = false;         // of headers; schemas_enable is of keys and values
    bool context_headers = false;        // __debezium.context.*: which connector a record comes from
    uint64_t heartbeat_interval_ms = 0;  // 0: none
    std::string heartbeat_prefix = "__debezium-heartbeat",
                heartbeat_topic;  // the whole topic, if it is given
    std::string topic_delimiter = ".", topic_transaction = "transaction";
    NameAdjustment field_names = NameAdjustment::none, schema_names = NameAdjustment::none;
    bool skip_unchanged = false;  // updates that changed nothing that is captured
    std::vector<std::string> message_prefix_include, message_prefix_exclude;  // regular expressions
    std::vector<std::string> message_key_columns;  // regular expressions over schema.table.column
    // Columns whose type in the source their schema tells: regular expressions over schema.table.column and
    // schema.table.type (column.propagate.source.type, datatype.propagate.source.type).
    std::vector<std::string> source_type_columns, source_type_names;
    bool replace_null_with_default = false;
    bool nonfinite_as_null = false;  // NaN and infinities of floats: null as Debezium, else strings

    // Options by name, as a configuration gives them. An unknown value is CONFIG_INVALID and names the
    // nearest allowed one, an unknown name CONFIG_UNKNOWN_KEY.
    static Result<DebeziumOptions> parse(const std::map<std::string, std::string>& values);
};

// What an option is called and takes, for checking configurations and for documentation.
struct DebeziumOption {
    std::string_view name;
    std::span<const std::string_view> allowed;  // empty: free text or a number
    std::string_view default_value;
};
std::span<const DebeziumOption> debezium_option_list();

}  // namespace leat
