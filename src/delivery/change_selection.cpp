#include "delivery/change_selection.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"

namespace leat {

Result<ChangeSelection> ChangeSelection::make(SelectionSpec spec) {
    for (std::string& glob : spec.tables)
        if (glob.find('.') == std::string::npos) glob = "*." + glob;
    ChangeSelection selection(std::move(spec));
    if (!selection.spec_.where.empty()) {
        LEAT_ASSIGN(selection.condition_, RowCondition::parse(selection.spec_.where));
        if (selection.spec_.leaving == Leaving::as_delete) LEAT_TRY(selection.condition_->check_plain());
    }
    return selection;
}

Result<const Change*> ChangeSelection::pick(const Change& change) {
    bool follows = condition_ && spec_.leaving == Leaving::as_delete;
    if (!follows && !wants_op(change.op)) return nullptr;
    if (!spec_.tables.empty() && !(change.schema && wants_table(*change.schema))) return nullptr;
    if (!condition_) return &change;
    LEAT_ASSIGN(const BoundCondition* bound, condition_for(change.schema));
    if (!follows) return judge(*bound, change).passes() ? &change : nullptr;
    const Change* told = follow(*bound, change);
    return told && wants_op(told->op) ? told : nullptr;
}

bool ChangeSelection::wants_op(Op op) const {
    return spec_.ops.empty() || spec_.ops.find(static_cast<char>(op)) != std::string::npos;
}

Verdict ChangeSelection::judge(const BoundCondition& condition, const Change& change) {
    Verdict verdict = condition.evaluate(change, scratch_);
    if (verdict.reason == Unknown::missing) ++missing_;
    if (verdict.reason == Unknown::failed) ++failed_;
    return verdict;
}

namespace {
bool may_pass(const Verdict& verdict) {
    return verdict.passes() || verdict.reason == Unknown::missing || verdict.reason == Unknown::failed;
}
}  // namespace

// Who follows holds the rows that pass. A delete too many does no harm there; one that is missing leaves a
// row that should not be there.
const Change* ChangeSelection::follow(const BoundCondition& condition, const Change& change) {
    switch (change.op) {
        case Op::update:
            return follow_update(condition, change);
        case Op::remove:
            return may_pass(condition.evaluate(change, scratch_)) ? &change : nullptr;
        case Op::truncate:
            return &change;
        default:
            return judge(condition, change).passes() ? &change : nullptr;
    }
}

const Change* ChangeSelection::follow_update(const BoundCondition& condition, const Change& change) {
    bool may_have_passed = may_pass(condition.evaluate(change, scratch_, PlainColumns::before));
    Verdict now = judge(condition, change);
    if (now.passes()) return may_have_passed ? &change : in_place_of(change, Op::create);
    if (may_pass(now) || !may_have_passed) return nullptr;
    return in_place_of(change, Op::remove);
}

const Change* ChangeSelection::in_place_of(const Change& change, Op op) {
    told_ = change;
    told_.op = op;
    if (op == Op::create) return &told_;
    told_.has_after = false;
    if (!change.has_before) {  // the key is what it was
        told_.before = change.after.identity(told_key_);
        told_.has_before = told_.before_is_key = true;
    }
    return &told_;
}

Status ChangeSelection::check(const SchemaSet& schemas) {
    if (!condition_) return {};
    for (auto& [id, schema] : schemas.all())
        if (schema->captured() && wants_table(*schema)) LEAT_TRY(condition_for(schema.get()));
    return {};
}

Status ChangeSelection::check_columns(const SchemaSet& schemas) {
    std::vector<const TableSchema*> wanted;
    for (auto& [id, schema] : schemas.all())
        if (schema->captured() && wants_table(*schema)) wanted.push_back(schema.get());
    return ColumnProjection(spec_.columns).check(wanted);
}

Result<const BoundCondition*> ChangeSelection::condition_for(const TableSchema* schema) {
    SchemaId id = schema ? schema->id : SchemaId();
    if (last_ && last_id_ == id) return last_;
    auto found = bound_.find(id);
    if (found == bound_.end()) {
        LEAT_ASSIGN(auto made, schema ? condition_->bind(*schema) : condition_->bind_without_row());
        found = bound_.emplace(id, std::move(made)).first;
    }
    last_id_ = id;
    last_ = &found->second;
    return last_;
}

bool ChangeSelection::wants_table(const TableSchema& schema) {
    if (spec_.tables.empty()) return true;
    auto [known, is_new] = tables_.try_emplace(schema.id, false);
    if (is_new) {
        std::string name = schema.qualified_name();
        known->second = std::ranges::any_of(spec_.tables,
                                            [&](const std::string& glob) { return glob_match(glob, name); });
    }
    return known->second;
}

}  // namespace leat
