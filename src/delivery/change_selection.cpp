#include "delivery/change_selection.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"

namespace leat {

namespace {
constexpr std::string_view known_ops = "cudrtm";
}

Result<ChangeSelection> ChangeSelection::make(SelectionSpec spec) {
    size_t wrong = spec.ops.find_first_not_of(known_ops);
    if (wrong != std::string::npos)
        return fail(ErrorCode::USAGE, fmt::format("'{}' is no operation", spec.ops[wrong]),
                    "Operations are c create, u update, d delete, r snapshot read, t truncate, m message.");
    for (std::string& glob : spec.tables)
        if (glob.find('.') == std::string::npos) glob = "*." + glob;
    ChangeSelection selection(std::move(spec));
    if (!selection.spec_.where.empty()) {
        LEAT_ASSIGN(selection.condition_, RowCondition::parse(selection.spec_.where));
    }
    return selection;
}

Result<bool> ChangeSelection::wants(const Change& change) {
    if (!spec_.ops.empty() && spec_.ops.find(static_cast<char>(change.op)) == std::string::npos) return false;
    if (!spec_.tables.empty() && !(change.schema && wants_table(*change.schema))) return false;
    if (!condition_) return true;
    LEAT_ASSIGN(const BoundCondition* bound, condition_for(change.schema));
    Verdict verdict = bound->evaluate(change, scratch_);
    if (verdict.reason == Unknown::missing) ++missing_;
    if (verdict.reason == Unknown::failed) ++failed_;
    return verdict.passes();
}

Status ChangeSelection::check(const SchemaSet& schemas) {
    if (!condition_) return {};
    for (auto& [id, schema] : schemas.all())
        if (schema->captured() && wants_table(*schema)) LEAT_TRY(condition_for(schema.get()));
    return {};
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
