// A Kafka Connect connector's configuration file as a flat list of settings with their lines. Pure functions
// over the text; the bytes may be anything.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "config/yaml_settings.h"

namespace leat {

// JSON: {"name": ..., "config": {...}} as the REST interface takes it, or the inner object alone. A null is a
// setting that is not there. CONFIG_INVALID with file and line: not JSON, a key twice, a value that is no
// text, number or truth value.
Result<std::vector<Setting>> parse_connector_json(std::string_view text, const std::string& path);

// Java's .properties: `key=value`, `key: value` or `key value`, # and ! begin comments, a backslash at the
// end continues a line. Text is UTF-8. CONFIG_INVALID with file and line: an escape that is none, a key
// twice.
Result<std::vector<Setting>> parse_properties(std::string_view text, const std::string& path);

// Which of the two a file is: JSON begins with a brace.
Result<std::vector<Setting>> parse_connector_file(std::string_view text, const std::string& path);

// The value of one key, for references to secrets in properties files. CONFIG_SECRET's message never has it.
Result<std::string> property_value(std::string_view text, std::string_view key);

}  // namespace leat
