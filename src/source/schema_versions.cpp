#include "source/schema_versions.h"

namespace leat {

SchemaVersions::SchemaVersions(const std::vector<std::shared_ptr<const TableSchema>>& latest) {
    for (auto& schema : latest) {
        next_id_ = std::max(next_id_, schema->id.value + 1);
        latest_.insert_or_assign(schema->table, schema);
    }
}

std::shared_ptr<const TableSchema> SchemaVersions::assign(TableDefinition definition) {
    auto& known = latest_[definition.table];
    if (known && known->same_shape(definition)) return known;
    definition.id = SchemaId(next_id_++);
    definition.version = known ? known->version + 1 : 1;
    known = TableSchema::make(std::move(definition));
    return known;
}

std::shared_ptr<const TableSchema> SchemaVersions::assign_not_captured(const TableSchema& last) {
    TableDefinition marker;
    marker.table = last.table;
    marker.database = last.database;
    marker.schema = last.schema;
    marker.name = last.name;
    marker.replica_identity = TableDefinition::not_captured;
    return assign(std::move(marker));
}

const TableSchema* SchemaVersions::latest(TableId table) const {
    auto found = latest_.find(table);
    return found == latest_.end() ? nullptr : found->second.get();
}

}  // namespace leat
