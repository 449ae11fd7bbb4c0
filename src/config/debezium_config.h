// `leat run --debezium`: connector configurations of Debezium, unchanged, as Leat's configuration.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace leat {

struct DebeziumConfigFiles {
    std::vector<std::string> paths;  // one connector each, JSON or .properties
    std::string data_dir;            // of the change log; empty: "leat-data" beside the first file
    // "key=value" of leat.yaml's keys outside of `sources`: memory.bytes, log.fsync ...
    std::vector<std::string> settings;
};

// The defaults are Debezium's. Errors: as load_config; each names file, line and option.
Result<Config> load_debezium_config(const DebeziumConfigFiles& files,
                                    const Environment& environment = process_environment());

// One connector's text as the settings of a source. notices: what is accepted and not needed, a line each.
Result<SettingGroup> translate_connector(std::string_view text, const std::string& path,
                                         std::vector<std::string>& notices);

}  // namespace leat
