// Which tables are captured: Leat's globs over "schema.table", or Debezium's include and exclude lists of
// regular expressions. Immutable once made; may be shared between threads.
#pragma once

#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace leat {

struct TableSelection {
    std::vector<std::string> globs;  // empty: every table
    // Debezium's lists, anchored regular expressions.
    std::vector<std::string> schema_include, schema_exclude, table_include, table_exclude;
    std::string also;  // "schema.table", whatever the others say
};

class TableSelector {
  public:
    TableSelector() = default;  // selects everything
    // A regular expression that is none is CONFIG_INVALID.
    static Result<TableSelector> make(const TableSelection& selection);

    bool selects(std::string_view schema, std::string_view table) const;
    // The globs that none of the given tables ("schema.table") matches: most likely misspelt.
    std::vector<std::string> unmatched_globs(const std::vector<std::string>& tables) const;
    // Whether everything is selected, so that tables made later are too.
    bool selects_all() const { return all_; }

  private:
    static Status compile(const std::vector<std::string>& from, std::vector<std::regex>& to);
    std::vector<std::string> globs_;
    std::string also_;
    std::vector<std::regex> schema_include_, schema_exclude_, table_include_, table_exclude_;
    bool all_ = true;
};

}  // namespace leat
