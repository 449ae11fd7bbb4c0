#include "codec/column_projection.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"

namespace leat {

namespace {

// A glob's part before the last dot, and the table's name with as many parts.
struct TablePart {
    std::string_view glob;
    std::string name;
};
TablePart table_part(std::string_view glob, const TableSchema& table) {
    size_t dot = glob.rfind('.');
    if (dot == std::string_view::npos) return {};
    std::string_view part = glob.substr(0, dot);
    return {part, part.find('.') == std::string_view::npos ? table.name : table.qualified_name()};
}

std::string name_for(std::string_view glob, const TableSchema& table, const Column& column) {
    TablePart part = table_part(glob, table);
    return part.glob.empty() ? column.name : part.name + "." + column.name;
}

}  // namespace

bool ColumnProjection::shows(const TableSchema& table, const Column& column) const {
    return globs_.empty() || std::ranges::any_of(globs_, [&](const std::string& glob) {
               return glob_match(glob, name_for(glob, table, column));
           });
}

std::shared_ptr<const TableSchema> ColumnProjection::project(
    std::shared_ptr<const TableSchema> schema) const {
    if (globs_.empty()) return schema;
    TableDefinition shown = *schema;
    for (Column& column : shown.columns)
        if (!shows(*schema, column)) column.key_only = true;
    return TableSchema::make(std::move(shown));
}

Status ColumnProjection::check(std::span<const TableSchema* const> tables) const {
    for (const std::string& glob : globs_) {
        std::vector<std::string> names;
        bool known = false;
        for (const TableSchema* table : tables) {
            TablePart part = table_part(glob, *table);
            if (!glob_match(part.glob, part.name)) continue;
            for (const Column& column : table->columns) {
                names.push_back(name_for(glob, *table, column));
                known = known || glob_match(glob, names.back());
            }
        }
        if (known || names.empty()) continue;
        std::vector<std::string_view> candidates(names.begin(), names.end());
        auto near = nearest(glob, candidates);
        return fail(ErrorCode::SELECTION_UNKNOWN,
                    fmt::format("none of the selected tables has a column {}", glob),
                    near ? fmt::format("Did you mean {}?", *near)
                         : "Write schema.table.column, table.column or column, with * and ?.");
    }
    return {};
}

}  // namespace leat
