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
    return ChangeSelection(std::move(spec));
}

bool ChangeSelection::wants(const Change& change) {
    if (!spec_.ops.empty() && spec_.ops.find(static_cast<char>(change.op)) == std::string::npos) return false;
    if (spec_.tables.empty()) return true;
    return change.schema && wants_table(*change.schema);
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
