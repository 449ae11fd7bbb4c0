#include "capture/table_counts.h"

namespace leat {

void TableCounts::learn(const std::vector<std::shared_ptr<const TableSchema>>& schemas) {
    for (auto& schema : schemas) schemas_.add(schema);
}

// Called with the mutex held.
size_t TableCounts::index_of(SchemaId schema) {
    auto [known, is_new] = by_schema_.try_emplace(schema, 0);
    if (!is_new) return known->second;
    const TableSchema* found = schemas_.find(schema);
    std::string name = found ? found->qualified_name() : "";
    auto [named, is_first] = by_name_.try_emplace(name, tables_.size());
    if (is_first && tables_.size() >= tables_max) {
        by_name_.erase(named);
        named = by_name_.try_emplace("(others)", tables_.size()).first;
    }
    if (named->second == tables_.size()) tables_.push_back({named->first});
    return known->second = named->second;
}

void TableCounts::add(const Block& block) {
    // Schemas that cannot be read are told by who reads the changes.
    if (block.header().has(BlockFlag::has_schemas)) static_cast<void>(schemas_.add_from(block));
    if (!block.tally()) return;
    std::lock_guard lock(mutex_);
    for (const BlockTally::Run& run : block.tally()->runs) {
        size_t op = static_cast<size_t>(std::ranges::find(ops, run.op) - std::begin(ops));
        if (op < std::size(ops)) tables_[index_of(run.schema)].changes[op] += run.changes;
    }
}

std::vector<TableCounts::Count> TableCounts::counts() const {
    std::lock_guard lock(mutex_);
    std::vector<Count> out;
    for (const Table& table : tables_)
        for (size_t op = 0; op < std::size(ops); ++op)
            if (table.changes[op]) out.push_back({table.name, ops[op], table.changes[op]});
    return out;
}

}  // namespace leat
