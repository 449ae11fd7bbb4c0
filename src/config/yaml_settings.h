// YAML text as a flat list of settings with their lines. The only place that knows yaml-cpp: its exceptions
// end here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace leat {

// One leaf. `snapshot: {mode: initial}` and `snapshot.mode: initial` both have the key "snapshot.mode".
struct Setting {
    enum class Kind : uint8_t {
        scalar,
        list,  // of scalars
        none,  // null, {} or nothing
    };
    std::string key;
    Kind kind = Kind::none;
    std::vector<std::string> values;  // one of a scalar
    int line = 0;                     // from 1

    const std::string& value() const { return values.front(); }
};

struct SettingGroup {
    std::string name;
    int line = 0;
    Setting::Kind kind = Setting::Kind::list;  // scalar or none: it is no map
    std::vector<Setting> settings;
    // Of a connector's own file (`leat run --debezium`), in which options have no prefix. Empty: leat.yaml.
    std::string path;
};

struct YamlSettings {
    std::vector<Setting> settings;        // all but `sources` and `consumers`
    std::vector<SettingGroup> sources;    // in the order of the file
    std::vector<SettingGroup> consumers;  // likewise
    bool has_sources = false;
};

// CONFIG_INVALID with file and line: not YAML, not a map, a key twice, nested too deeply.
Result<YamlSettings> parse_yaml_settings(const std::string& text, const std::string& path);

}  // namespace leat
