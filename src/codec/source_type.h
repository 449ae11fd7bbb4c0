// What Debezium says of a column's type in the source: column.propagate.source.type and
// datatype.propagate.source.type, which add it to the schemas of the columns that they name. Name, length and
// scale are those of PostgreSQL's JDBC driver. Immutable once made.
#pragma once

#include <regex>
#include <string>
#include <vector>

#include "codec/debezium_options.h"
#include "model/schema.h"

namespace leat {

struct SourceType {
    std::string name;  // in capitals
    int32_t length = 0, scale = 0;
};
SourceType source_type(const Type& declared);

// The columns of a table whose type is told: as in Debezium, none that is masked or cut.
class SourceTypeSelector {
  public:
    explicit SourceTypeSelector(const DebeziumOptions& options);
    bool selects(const TableDefinition& table, const Column& column) const;

  private:
    std::vector<std::regex> columns_, types_;
};

}  // namespace leat
