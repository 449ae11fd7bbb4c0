// Which changes of a source somebody wants: by table, by operation, by a condition on the row.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "filter/condition.h"
#include "model/block_reader.h"

namespace leat {

struct SelectionSpec {
    // Globs over schema.table; one without a dot is of the table's name alone. Empty: every table, and
    // messages, which belong to none.
    std::vector<std::string> tables = {};
    std::string ops = {};    // Debezium's letters, of c u d r t m; empty: all
    std::string where = {};  // docs/conditions.md; empty: none
};

// Belongs to one thread: it remembers what it found of a table.
class ChangeSelection {
  public:
    // USAGE if `ops` has another letter, CONDITION_INVALID if the condition is none.
    static Result<ChangeSelection> make(SelectionSpec spec);

    // CONDITION_INVALID where the condition does not fit the change's table.
    Result<bool> wants(const Change& change);
    // Whether the condition fits all of these that are wanted, before there is a change.
    Status check(const SchemaSet& schemas);
    // Changes that might have passed the condition: it needs a value that they do not have (unchanged TOAST,
    // not in the old row), or its arithmetic failed.
    uint64_t missing() const { return missing_; }
    uint64_t failed() const { return failed_; }
    bool wants_all() const { return spec_.tables.empty() && spec_.ops.empty() && !condition_; }

  private:
    explicit ChangeSelection(SelectionSpec spec) : spec_(std::move(spec)) {}
    bool wants_table(const TableSchema& schema);
    Result<const BoundCondition*> condition_for(const TableSchema* schema);

    SelectionSpec spec_;
    std::unordered_map<SchemaId, bool> tables_;
    std::optional<RowCondition> condition_;
    std::unordered_map<SchemaId, BoundCondition> bound_;  // of changes of no table: id 0
    SchemaId last_id_;
    const BoundCondition* last_ = nullptr;
    ConditionScratch scratch_;
    uint64_t missing_ = 0, failed_ = 0;
};

}  // namespace leat
