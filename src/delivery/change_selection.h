// Which changes of a source somebody wants: by table, by operation, by a condition on the row; and which of
// their columns.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "codec/column_projection.h"
#include "filter/condition.h"
#include "model/block_reader.h"

namespace leat {

// What is told of a row that an update takes out of the condition, or brings into it.
enum class Leaving : uint8_t {
    ignore,    // the update is told where its new row passes
    as_delete  // going out is a delete, coming in a create: who follows has the rows that pass, and no others
};

struct SelectionSpec {
    // Globs over schema.table; one without a dot is of the table's name alone. Empty: every table, and
    // messages, which belong to none.
    std::vector<std::string> tables = {};
    std::string ops = {};    // Debezium's letters, as parse_ops() gives them; empty: all
    std::string where = {};  // docs/conditions.md; empty: none
    Leaving leaving = Leaving::ignore;
    std::vector<std::string> columns = {};  // ColumnProjection's globs; empty: all
};

// Belongs to one thread: it remembers what it found of a table.
class ChangeSelection {
  public:
    // CONDITION_INVALID if the condition is none.
    static Result<ChangeSelection> make(SelectionSpec spec);

    // What is to be told of a change: the change itself, another in its place (an update that is a delete or
    // a create for whoever sees only what passes), or null: nothing. Valid until the next call, and as long
    // as the change. CONDITION_INVALID where the condition does not fit the change's table.
    Result<const Change*> pick(const Change& change);

    // Whether the condition fits all of these that are wanted, before there is a change.
    Status check(const SchemaSet& schemas);
    // Whether the columns asked for are there: SELECTION_UNKNOWN.
    Status check_columns(const SchemaSet& schemas);

    // Changes that might have passed the condition: it needs a value that they do not have (unchanged TOAST,
    // not in the old row), or its arithmetic failed.
    uint64_t missing() const { return missing_; }
    uint64_t failed() const { return failed_; }
    bool wants_all() const { return spec_.tables.empty() && spec_.ops.empty() && !condition_; }

  private:
    explicit ChangeSelection(SelectionSpec spec) : spec_(std::move(spec)) {}
    bool wants_table(const TableSchema& schema);
    bool wants_op(Op op) const;
    Result<const BoundCondition*> condition_for(const TableSchema* schema);
    Verdict judge(const BoundCondition& condition, const Change& change);  // and counts
    const Change* follow(const BoundCondition& condition, const Change& change);
    const Change* follow_update(const BoundCondition& condition, const Change& change);
    const Change* in_place_of(const Change& change, Op op);

    SelectionSpec spec_;
    std::unordered_map<SchemaId, bool> tables_;
    std::optional<RowCondition> condition_;
    std::unordered_map<SchemaId, BoundCondition> bound_;  // of changes of no table: id 0
    SchemaId last_id_;
    const BoundCondition* last_ = nullptr;
    ConditionScratch scratch_;
    Change told_;
    ByteBuffer told_key_;
    uint64_t missing_ = 0, failed_ = 0;
};

}  // namespace leat
