// Definitions as JSON: what leat.yaml has as YAML, with the same keys, nested or dotted.
#pragma once

#include <string>
#include <string_view>

#include "config/yaml_settings.h"
#include "json/json_value.h"

namespace leat {

// Adds a member of an object. Messages begin with "request: KEY: ". CONFIG_INVALID: what is no setting (a
// list of objects), or a key that stands there already.
Status add_setting(const std::string& key, const json::Value& value, SettingGroup& to);

// The JSON object that to_json() made. CONFIG_INVALID.
Result<SettingGroup> settings_of_json(std::string_view text, const std::string& name);

// {"tables": ["public.*"], "url": "…"}: flat, in the order of the group, which is its name's alone.
std::string to_json(const SettingGroup& group);

}  // namespace leat
