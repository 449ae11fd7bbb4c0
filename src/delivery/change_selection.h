// Which changes of a source a consumer wants: by table and by operation.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "model/change.h"

namespace leat {

struct SelectionSpec {
    // Globs over schema.table; one without a dot is of the table's name alone. Empty: every table, and
    // messages, which belong to none.
    std::vector<std::string> tables;
    std::string ops;  // Debezium's letters, of c u d r t m; empty: all

    bool operator==(const SelectionSpec&) const = default;
};

// Belongs to one thread: it remembers what it found of a table.
class ChangeSelection {
  public:
    // USAGE if `ops` has another letter.
    static Result<ChangeSelection> make(SelectionSpec spec);

    bool wants(const Change& change);
    bool wants_table(const TableSchema& schema);
    bool wants_all() const { return spec_.tables.empty() && spec_.ops.empty(); }

  private:
    explicit ChangeSelection(SelectionSpec spec) : spec_(std::move(spec)) {}
    SelectionSpec spec_;
    std::unordered_map<SchemaId, bool> tables_;
};

}  // namespace leat
