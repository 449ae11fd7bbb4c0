// Which schemas the log of a source still has, and from where on each holds.
#pragma once

#include <memory>
#include <vector>

#include "log/embedded/layout.h"
#include "model/schema.h"

namespace leat {

struct LoggedSchema {
    std::shared_ptr<const TableSchema> schema;
    Seq since;  // the first change that may have it; where that is no longer kept, the first that is
};

// By table, then version. Reads the blocks in which schemas stand, as the indexes say, and no others.
// LOG_NO_SOURCE.
Result<std::vector<LoggedSchema>> read_schema_history(const std::string& data_directory,
                                                      const SourcePaths& paths);

}  // namespace leat
