// --where: a row condition over the changes of any tables. Belongs to one thread.
#pragma once

#include <fmt/core.h>

#include <unordered_map>

#include "filter/condition.h"

namespace leat::cli {

class WhereFilter {
  public:
    explicit WhereFilter(RowCondition condition) : condition_(std::move(condition)) {}

    // An error where the condition does not fit the change's table.
    Result<bool> passes(const Change& change) {
        LEAT_ASSIGN(const BoundCondition* bound, bound_for(change.schema));
        Verdict verdict = bound->evaluate(change, scratch_);
        if (verdict.reason == Unknown::missing) ++missing_;
        if (verdict.reason == Unknown::failed) ++failed_;
        return verdict.passes();
    }

    // What was left out although it might have passed, for people; empty: nothing.
    std::string left_out() const {
        std::string text;
        if (missing_)
            text += fmt::format(
                "{} left out for lack of a value that the condition needs: unchanged TOAST, or not in the "
                "old "
                "row (docs/conditions.md)\n",
                changes(missing_));
        if (failed_)
            text += fmt::format(
                "{} left out because the condition's arithmetic failed: out of range, or division by zero\n",
                changes(failed_));
        return text;
    }

  private:
    static std::string changes(uint64_t count) {
        return fmt::format("{} change{}", count, count == 1 ? " was" : "s were");
    }

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
    uint64_t missing_ = 0, failed_ = 0;
};

}  // namespace leat::cli
