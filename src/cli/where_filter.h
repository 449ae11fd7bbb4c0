// --where: a row condition over the changes of any tables. Belongs to one thread.
#pragma once

#include <optional>
#include <unordered_map>

#include "filter/condition.h"

namespace leat::cli {

class WhereFilter {
  public:
    explicit WhereFilter(RowCondition condition) : condition_(std::move(condition)) {}

    // An error where the condition does not fit the change's table.
    Result<bool> passes(const Change& change) {
        LEAT_ASSIGN(const BoundCondition* bound, bound_for(change.schema));
        return bound->evaluate(change, scratch_).passes();
    }

  private:
    Result<const BoundCondition*> bound_for(const TableSchema* schema) {
        SchemaId id = schema ? schema->id : SchemaId();
        if (schema && last_id_ == id && last_) return last_;
        auto found = bound_.find(id);
        if (found == bound_.end()) {
            LEAT_ASSIGN(auto made, schema ? condition_.bind(*schema) : condition_.bind_without_row());
            found = bound_.emplace(id, std::move(made)).first;
        }
        last_id_ = id, last_ = &found->second;
        return last_;
    }

    const RowCondition condition_;
    ConditionScratch scratch_;
    std::unordered_map<SchemaId, BoundCondition> bound_;  // without a schema: id 0
    SchemaId last_id_;
    const BoundCondition* last_ = nullptr;
};

}  // namespace leat::cli
