// Sources as the API writes them.
#pragma once

#include <string>

#include "server/source_control.h"

namespace leat::server {

// Whether it does what it is there for.
bool works(SourceState state);
std::string_view name(DesiredState state);  // "running"

std::string source_json(const SourceView& view);                          // all that is told of one
std::string status_json(const SourceView& view);                          // GET …/status
std::string checkpoint_json(const SourceView& view);                      // null: nothing is kept yet
std::string findings_json(const std::vector<Finding>& findings);          // GET …/checks
std::string settings_json(const SourceView& view, std::string settings);  // GET …/definition
std::string schema_json(const SchemaVersion& version, bool columns);

}  // namespace leat::server
