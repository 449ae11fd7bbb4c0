// Secrets that somebody wrote where a reference belongs. What comes by REST is kept in the data directory, so
// that it may only refer to secrets (invariant 10).
#pragma once

#include "config/yaml_settings.h"

namespace leat {

// CONFIG_SECRET, naming the key and never the value, if the value of a setting of a source or consumer holds
// a password itself, or the key a salt. References (${env:NAME}, ${file:PATH}) are what is wanted.
Status check_no_literal_secret(const Setting& setting);

// Of a connection URL.
bool holds_literal_secret(std::string_view url);

}  // namespace leat
