// For the tests of the stream: a table as a relation message announces it.
#pragma once

#include "model/schema.h"
#include "source/postgres/wire/pgoutput.h"

namespace leat::pg {

inline constexpr uint32_t int4_oid = 23;

// Of int4 and text columns, without asking a catalog.
inline TableDefinition definition_of(const RelationMessage& message) {
    TableDefinition definition;
    definition.table = TableId(message.relation);
    definition.schema = message.schema;
    definition.name = message.name;
    definition.replica_identity = message.replica_identity;
    for (const RelationColumn& announced : message.columns) {
        Column column;
        column.name = announced.name;
        column.type.kind = announced.type == int4_oid ? Kind::int32 : Kind::text;
        column.identity = announced.part_of_key;
        definition.columns.push_back(std::move(column));
    }
    return definition;
}

}  // namespace leat::pg
