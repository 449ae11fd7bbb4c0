#include "source/column_rules.h"

#include <fmt/core.h>

#include <algorithm>

namespace leat {

namespace {

std::string full_name(std::string_view schema, std::string_view table, std::string_view column) {
    return fmt::format("{}.{}.{}", schema, table, column);
}

bool is_text(Kind kind) {
    return kind == Kind::text || kind == Kind::enumeration || kind == Kind::json || kind == Kind::xml;
}

// The column as it is after its mask. Whatever cannot hold the masked text becomes text: a mask is never
// skipped because of a column's type.
void apply_mask(const ColumnMask& mask, Column& column) {
    bool truncated = mask.kind() == ColumnMask::Kind::truncate;
    if (truncated && column.type.kind != Kind::bytes && !is_text(column.type.kind)) return;
    if (truncated)
        column.truncated_to = mask.length();
    else
        column.masked = true;
    if (column.type.kind == Kind::text || (truncated && column.type.kind == Kind::bytes)) return;
    Type text;
    text.kind = Kind::text;
    text.native_name = "text";
    column.type = std::move(text);
    column.declared.reset();
    column.default_expression.reset();  // a literal of another type
}

}  // namespace

Result<ColumnRules::Patterns> ColumnRules::compile(const std::vector<std::string>& from) {
    Patterns patterns;
    for (const std::string& pattern : from) {
        try {
            patterns.push_back({pattern, std::regex(pattern, std::regex::ECMAScript | std::regex::icase |
                                                                 std::regex::optimize)});
        } catch (const std::regex_error& error) {
            return fail(ErrorCode::CONFIG_INVALID,
                        fmt::format("\"{}\" is no regular expression: {}", pattern, error.what()));
        }
    }
    return patterns;
}

Result<ColumnRules> ColumnRules::make(const ColumnSelection& selection) {
    ColumnRules rules;
    LEAT_ASSIGN(rules.include_, compile(selection.include));
    LEAT_ASSIGN(rules.exclude_, compile(selection.exclude));
    LEAT_ASSIGN(rules.in_keys_, compile(selection.in_keys));
    for (const ColumnSelection::MaskRule& rule : selection.masks) {
        LEAT_ASSIGN(Patterns columns, compile(rule.columns));
        rules.masks_.push_back({std::move(columns), rule.mask});
    }
    return rules;
}

bool ColumnRules::matches(const Patterns& patterns, const std::string& name) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](const Pattern& pattern) { return std::regex_match(name, pattern.regex); });
}

const ColumnMask* ColumnRules::find_mask(const std::string& name) const {
    for (const Rule& rule : masks_)
        if (matches(rule.columns, name)) return &rule.mask;
    return nullptr;
}

const ColumnMask* ColumnRules::mask(std::string_view schema, std::string_view table,
                                    std::string_view column) const {
    if (masks_.empty()) return nullptr;
    return find_mask(full_name(schema, table, column));
}

TableDefinition ColumnRules::project(TableDefinition definition) const {
    if (empty()) return definition;
    std::vector<uint32_t> place(definition.columns.size(), UINT32_MAX);  // of each column in the result
    std::vector<Column> columns;
    for (uint32_t i = 0; i < definition.columns.size(); ++i) {
        Column& column = definition.columns[i];
        std::string name = full_name(definition.schema, definition.name, column.name);
        bool in_value = include_.empty() ? !matches(exclude_, name) : matches(include_, name);
        bool in_key = std::find(definition.key.begin(), definition.key.end(), i) != definition.key.end() ||
                      matches(in_keys_, name);
        if (!in_value && !in_key) continue;
        if (const ColumnMask* mask = find_mask(name)) apply_mask(*mask, column);
        column.key_only = !in_value;
        place[i] = static_cast<uint32_t>(columns.size());
        columns.push_back(std::move(column));
    }
    for (uint32_t& column : definition.key) column = place[column];
    definition.columns = std::move(columns);
    return definition;
}

std::vector<std::string> ColumnRules::unmatched(const std::vector<std::string>& columns) const {
    std::vector<std::string> out;
    auto look = [&](const Patterns& patterns) {
        for (const Pattern& pattern : patterns)
            if (std::none_of(columns.begin(), columns.end(),
                             [&](auto& name) { return std::regex_match(name, pattern.regex); }))
                out.push_back(pattern.text);
    };
    look(include_);
    look(exclude_);
    for (const Rule& rule : masks_) look(rule.columns);
    return out;
}

}  // namespace leat
