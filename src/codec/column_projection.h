// Which columns of its rows somebody wants to see. Keys keep theirs, whatever is asked for.
// Immutable; any thread.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/schema.h"

namespace leat {

class ColumnProjection {
  public:
    ColumnProjection() = default;  // every column
    // Globs over `schema.table.column`, `table.column` or `column`, by how many dots they have. A column that
    // one of them matches is shown. None: every column.
    explicit ColumnProjection(std::vector<std::string> globs) : globs_(std::move(globs)) {}

    bool shows_all() const { return globs_.empty(); }
    bool shows(const TableSchema& table, const Column& column) const;

    // The schema as encoders take it: columns that are not shown are left out of rows (Column::key_only).
    std::shared_ptr<const TableSchema> project(std::shared_ptr<const TableSchema> schema) const;

    // SELECTION_UNKNOWN for the first glob that is of no column, although some of these tables are those that
    // it means; it names the nearest. Tables may yet come.
    Status check(std::span<const TableSchema* const> tables) const;

  private:
    std::vector<std::string> globs_;
};

}  // namespace leat
