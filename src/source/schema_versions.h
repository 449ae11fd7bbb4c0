// Gives table schemas their ids and versions: one that the log knows keeps its id, a changed one gets a new
// id and the next version of its table. Belongs to one thread.
#pragma once

#include <unordered_map>
#include <vector>

#include "model/schema.h"

namespace leat {

class SchemaVersions {
  public:
    // latest: what the change log holds, one schema a table.
    explicit SchemaVersions(const std::vector<std::shared_ptr<const TableSchema>>& latest);

    // The schema for a definition whose id and version are not set.
    std::shared_ptr<const TableSchema> assign(TableDefinition definition);
    // The marker that a table is no longer captured.
    std::shared_ptr<const TableSchema> assign_not_captured(const TableSchema& last);
    const TableSchema* latest(TableId table) const;

  private:
    std::unordered_map<TableId, std::shared_ptr<const TableSchema>> latest_;
    uint32_t next_id_ = 1;
};

}  // namespace leat
