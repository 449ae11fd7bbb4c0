// Which columns of a table are captured, and which are masked before anything is written (invariant 10).
// Patterns are regular expressions over "schema.table.column", whole, in any case, as in Debezium.
//
// A table's definition goes through project() once per schema version; rows meet only what was compiled for
// it. Immutable once made; may be shared between threads.
#pragma once

#include <deque>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "model/schema.h"
#include "source/column_mask.h"

namespace leat {

struct ColumnSelection {
    std::vector<std::string> include, exclude;  // column.include.list, column.exclude.list; one of the two
    // A column takes the first mask that matches it.
    struct MaskRule {
        std::vector<std::string> columns;
        ColumnMask mask;
    };
    std::vector<MaskRule> masks;
    // Columns that records have in their key (message.key.columns) although they may be left out otherwise:
    // "schema.table.column".
    std::vector<std::string> in_keys;
};

class ColumnRules {
  public:
    ColumnRules() = default;  // every column, as it is
    // A regular expression that is none is CONFIG_INVALID.
    static Result<ColumnRules> make(const ColumnSelection& selection);

    bool empty() const { return include_.empty() && exclude_.empty() && masks_.empty(); }

    // The definition as the change log has it: without the columns that are left out, with the types that
    // masked ones have. A column that is left out but in the key stays, marked as being only there.
    TableDefinition project(TableDefinition definition) const;

    // The mask of a column; null: none. Lives as long as the rules.
    const ColumnMask* mask(std::string_view schema, std::string_view table, std::string_view column) const;

    // Patterns of masks, inclusion and exclusion that match none of these columns ("schema.table.column"):
    // most likely misspelt.
    std::vector<std::string> unmatched(const std::vector<std::string>& columns) const;

  private:
    struct Pattern {
        std::string text;
        std::regex regex;
    };
    using Patterns = std::vector<Pattern>;
    struct Rule {
        Patterns columns;
        ColumnMask mask;
    };
    static Result<Patterns> compile(const std::vector<std::string>& from);
    static bool matches(const Patterns& patterns, const std::string& name);
    const ColumnMask* find_mask(const std::string& name) const;

    Patterns include_, exclude_, in_keys_;
    // Masks keep their address when the rules are moved.
    std::deque<Rule> masks_;
};

inline const ColumnRules every_column;

}  // namespace leat
