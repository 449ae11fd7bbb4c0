// One entry of `sources`. Used by config.cpp alone; what others need is in config.h.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "config/yaml_settings.h"

namespace leat {

Result<SourceConfig> parse_source(const SettingGroup& group, const std::string& path,
                                  const SecretResolver& secrets);

// What two sources would both use: "slot leat_shop", "publication leat_shop" of one server. Empty: nothing,
// as far as that can be told without secrets.
std::string shared_between(const SourceConfig& a, const SourceConfig& b, const SecretResolver& secrets);

// Two sources may not read one slot, nor manage one publication. `groups` are those the sources came from.
Status check_no_shared_names(const std::vector<SourceConfig>& sources,
                             const std::vector<SettingGroup>& groups, const std::string& path,
                             const SecretResolver& secrets);

}  // namespace leat
