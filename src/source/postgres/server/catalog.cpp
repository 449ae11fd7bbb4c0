#include "source/postgres/server/catalog.h"

#include <fmt/core.h>

#include <algorithm>

#include "source/postgres/server/catalog_queries.h"

namespace leat::pg {

namespace {

char letter(const Rows& rows, int row, int column, char otherwise) {
    auto text = rows.cell(row, column);
    return text && !text->empty() ? text->front() : otherwise;
}

// Tables are read in the order of their OIDs in both results.
TableInfo* find(std::vector<TableInfo>& tables, uint32_t oid) {
    auto found = std::find_if(tables.begin(), tables.end(), [&](auto& table) { return table.oid == oid; });
    return found == tables.end() ? nullptr : &*found;
}

constexpr const char* storage_query = R"sql(
SELECT w.oid, c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname),
       pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::int,
       )sql" LEAT_STORAGE_VERSION("c.oid") R"sql(, am.amname = 'heap'
FROM unnest($1::pg_catalog.oid[]) AS w(oid)
CROSS JOIN LATERAL (
    SELECT w.oid AS relid
  UNION
    SELECT t.relid FROM pg_catalog.pg_partition_tree(w.oid) t WHERE t.isleaf
) part
JOIN pg_catalog.pg_class c ON c.oid = part.relid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
WHERE c.relkind = 'r'
ORDER BY w.oid, c.oid)sql";

}  // namespace

std::string TableInfo::quoted_name() const {
    return Connection::quote_identifier(schema) + "." + Connection::quote_identifier(name);
}

Result<std::vector<TableInfo>> Catalog::read_tables(
    const std::vector<uint32_t>& oids, std::stop_token stop,
    const std::function<bool(const TableInfo&, bool)>& wanted) {
    LEAT_ASSIGN(auto rows, sql_->query(tables_query, {oid_array(oids)}, stop));
    std::vector<TableInfo> tables;
    std::vector<uint32_t> found;
    for (int i = 0; i < rows.count(); ++i) {
        TableInfo table;
        table.oid = rows.number<uint32_t>(i, 0);
        table.schema = rows.text(i, 1);
        table.name = rows.text(i, 2);
        table.kind = letter(rows, i, 3, 'r');
        table.replica_identity = letter(rows, i, 4, 'd');
        table.rows_estimate = static_cast<uint64_t>(std::max(0.0f, rows.number<float>(i, 5)));
        table.readable = rows.text(i, 11) == "t";
        table.owned = rows.text(i, 12) == "t";
        if (!wanted(table, rows.text(i, 7) == "t")) continue;
        found.push_back(table.oid);
        tables.push_back(std::move(table));
    }
    if (found.empty()) return tables;
    std::string array = oid_array(found);
    LEAT_TRY(read_columns(tables, array, stop));
    LEAT_TRY(read_keys(tables, array, stop));
    if (!publications_.empty() && sql_->server_version() >= 150000)
        LEAT_TRY(read_published(tables, array, stop));
    return tables;
}

Status Catalog::read_columns(std::vector<TableInfo>& tables, const std::string& oids, std::stop_token stop) {
    LEAT_ASSIGN(auto rows, sql_->query(columns_query, {oids}, stop));
    TableInfo* table = nullptr;
    for (int i = 0; i < rows.count(); ++i) {
        auto oid = rows.number<uint32_t>(i, 0);
        if (!table || table->oid != oid) table = find(tables, oid);
        if (!table) continue;
        ColumnInfo column;
        column.number = rows.number<int>(i, 1);
        column.name = rows.text(i, 2);
        column.type = rows.number<uint32_t>(i, 3);
        column.typmod = rows.number<int32_t>(i, 4);
        column.not_null = rows.text(i, 5) == "t";
        column.generated = letter(rows, i, 6, 0) != 0;
        if (auto expression = rows.cell(i, 8); expression && !column.generated)
            column.default_expression = *expression;
        table->columns.push_back(std::move(column));
    }
    return {};
}

Status Catalog::read_keys(std::vector<TableInfo>& tables, const std::string& oids, std::stop_token stop) {
    LEAT_ASSIGN(auto rows, sql_->query(keys_query, {oids}, stop));
    uint32_t unique_index = 0;  // the first of its table
    TableInfo* of_unique = nullptr;
    for (int i = 0; i < rows.count(); ++i) {
        TableInfo* table = find(tables, rows.number<uint32_t>(i, 0));
        if (!table) continue;
        bool primary = rows.text(i, 1) == "t", identity = rows.text(i, 2) == "t";
        int attribute = rows.number<int>(i, 4);
        auto column = std::find_if(table->columns.begin(), table->columns.end(),
                                   [&](auto& c) { return c.number == attribute; });
        if (column == table->columns.end()) continue;
        if (primary) {
            table->primary_key.push_back(column->name);
            table->deferrable_key = rows.text(i, 3) != "t";
        }
        if (identity) table->identity_index.push_back(column->name);
        if (primary || identity) continue;
        auto index = rows.number<uint32_t>(i, 5);
        if (table != of_unique) of_unique = table, unique_index = index;
        if (index == unique_index) table->unique_key.push_back(column->name);
    }
    return {};
}

// A row that passes one of two filters is sent. Different column lists the server refuses.
Status Catalog::read_published(std::vector<TableInfo>& tables, const std::string& oids,
                               std::stop_token stop) {
    LEAT_ASSIGN(auto rows, sql_->query(published_query, {oids, oid_array(publications_)}, stop));
    TableInfo* table = nullptr;
    bool unfiltered = false;
    std::string publication;
    for (int i = 0; i < rows.count(); ++i) {
        auto oid = rows.number<uint32_t>(i, 0);
        if (!table || table->oid != oid) {
            table = find(tables, oid);
            unfiltered = false;
            publication.clear();
        }
        if (!table) continue;
        if (auto column = rows.cell(i, 3))
            for (ColumnInfo& info : table->columns)
                if (info.name == *column) info.published = false;
        if (std::exchange(publication, rows.text(i, 1)) == rows.text(i, 1)) continue;
        auto filter = rows.cell(i, 2);
        unfiltered = unfiltered || !filter;
        if (unfiltered)
            table->row_filter.clear();
        else
            table->row_filter +=
                (table->row_filter.empty() ? "" : " OR ") + ("(" + std::string(*filter) + ")");
    }
    return {};
}

Result<std::vector<TableInfo>> Catalog::tables(const TableSelector& selector, bool via_root,
                                               std::stop_token stop) {
    return read_tables({}, stop, [&](const TableInfo& table, bool partition) {
        if (via_root ? partition : table.kind == 'p') return false;
        return selector.selects(table.schema, table.name);
    });
}

Result<std::vector<TableInfo>> Catalog::tables(const std::vector<TableInfo>& known, std::stop_token stop) {
    if (known.empty()) return std::vector<TableInfo>{};  // an empty array would mean every table
    std::vector<uint32_t> oids;
    for (const TableInfo& table : known) oids.push_back(table.oid);
    return read_tables(oids, stop, [](const TableInfo&, bool) { return true; });
}

Result<std::optional<TableInfo>> Catalog::table(uint32_t oid, std::stop_token stop) {
    LEAT_ASSIGN(auto tables, read_tables({oid}, stop, [](const TableInfo&, bool) { return true; }));
    if (tables.empty()) return std::nullopt;
    return std::move(tables.front());
}

Result<std::vector<std::vector<Storage>>> Catalog::storage(const std::vector<TableInfo>& tables,
                                                           std::stop_token stop) {
    std::vector<uint32_t> oids;
    std::unordered_map<uint32_t, size_t> place;
    for (const TableInfo& table : tables) {
        place[table.oid] = oids.size();
        oids.push_back(table.oid);
    }
    LEAT_ASSIGN(auto rows, sql_->query(storage_query, {oid_array(oids)}, stop));
    std::vector<std::vector<Storage>> storage(tables.size());
    for (int i = 0; i < rows.count(); ++i) {
        Storage part;
        part.oid = rows.number<uint32_t>(i, 1);
        part.quoted_name = rows.text(i, 2);
        part.pages = rows.number<uint64_t>(i, 3);
        part.version = rows.text(i, 4);
        part.heap = rows.text(i, 5) == "t";
        storage[place[rows.number<uint32_t>(i, 0)]].push_back(std::move(part));
    }
    return storage;
}

Status Catalog::load_types(const std::vector<uint32_t>& types, std::stop_token stop) {
    std::vector<uint32_t> missing;
    for (uint32_t type : types)
        if (!types_.knows(type)) missing.push_back(type);
    if (missing.empty()) return {};
    return types_.load(missing,
                       [&](const std::string& sql, const std::string& oids, auto& each_row) -> Status {
                           LEAT_ASSIGN(auto rows, sql_->query(sql, {oids}, stop));
                           std::vector<Cell> cells(static_cast<size_t>(rows.columns()));
                           for (int row = 0; row < rows.count(); ++row) {
                               for (int column = 0; column < rows.columns(); ++column)
                                   cells[static_cast<size_t>(column)] = rows.cell(row, column);
                               LEAT_TRY(each_row(cells));
                           }
                           return {};
                       });
}

namespace {

TableDefinition names_of(const std::string& database, uint32_t oid, std::string_view schema,
                         std::string_view name, char identity) {
    TableDefinition definition;
    definition.table = TableId(oid);
    definition.database = database;
    definition.schema = schema;
    definition.name = name;
    definition.replica_identity = identity;
    return definition;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

// The key of the records.
void set_key(TableDefinition& definition, const std::vector<std::string>& names) {
    for (const std::string& name : names)
        for (uint32_t i = 0; i < definition.columns.size(); ++i)
            if (definition.columns[i].name == name) definition.key.push_back(i);
    if (definition.key.size() != names.size()) definition.key.clear();
}

}  // namespace

const std::vector<std::string>& TableInfo::key_columns() const {
    if (replica_identity == 'i' && !identity_index.empty()) return identity_index;
    return primary_key.empty() ? unique_key : primary_key;
}

bool TableInfo::identifies(const std::string& column) const {
    switch (replica_identity) {
        case 'f':
            return true;
        case 'i':
            return contains(identity_index, column);
        case 'd':
            return !deferrable_key && contains(primary_key, column);
        default:
            return false;
    }
}

void Catalog::set_type(Column& column, uint32_t type, int32_t modifier) const {
    column.type = types_.resolve(type, modifier);
    const std::string* domain = types_.domain_name(type);
    if (!domain) return;
    Type declared = column.type;
    declared.native_name = *domain;
    column.declared = std::make_shared<const Type>(std::move(declared));
}

Result<TableDefinition> Catalog::define(const TableInfo& table, std::stop_token stop) {
    std::vector<uint32_t> types;
    for (const ColumnInfo& column : table.columns) types.push_back(column.type);
    LEAT_TRY(load_types(types, stop));
    auto definition = names_of(database_, table.oid, table.schema, table.name, table.replica_identity);
    for (const ColumnInfo& info : table.columns) {
        if (info.generated || !info.published) continue;
        Column column;
        column.name = info.name;
        set_type(column, info.type, info.typmod);
        column.nullable = !info.not_null;
        column.default_expression = info.default_expression;
        column.identity = table.identifies(info.name);
        definition.columns.push_back(std::move(column));
    }
    set_key(definition, table.key_columns());
    return columns_->project(std::move(definition));
}

Result<TableDefinition> Catalog::define(const RelationMessage& message, const std::optional<TableInfo>& info,
                                        std::stop_token stop) {
    std::vector<uint32_t> types;
    for (const RelationColumn& column : message.columns) types.push_back(column.type);
    LEAT_TRY(load_types(types, stop));
    auto definition =
        names_of(database_, message.relation, message.schema, message.name, message.replica_identity);
    std::vector<std::string> flagged;
    for (const RelationColumn& announced : message.columns) {
        Column column;
        column.name = announced.name;
        set_type(column, announced.type, announced.typmod);
        column.identity = announced.part_of_key && message.replica_identity != 'n';
        if (announced.part_of_key) flagged.push_back(column.name);
        if (info)
            for (const ColumnInfo& known : info->columns)
                if (known.name == column.name) {
                    column.nullable = !known.not_null;
                    column.generated = known.generated;
                    column.default_expression = known.default_expression;
                }
        definition.columns.push_back(std::move(column));
    }
    if (info) set_key(definition, info->key_columns());
    // The message is as old as its changes, the catalog as new as now: where they differ over the key, the
    // message counts.
    bool by_flags = message.replica_identity == 'd' || message.replica_identity == 'i';
    if (by_flags && !flagged.empty()) {
        bool agrees = message.replica_identity == 'i' && !definition.key.empty();
        if (message.replica_identity == 'd')
            agrees = definition.key.size() == flagged.size() &&
                     std::all_of(definition.key.begin(), definition.key.end(), [&](uint32_t column) {
                         return contains(flagged, definition.columns[column].name);
                     });
        if (!agrees) {
            definition.key.clear();
            set_key(definition, flagged);
        }
    }
    return columns_->project(std::move(definition));
}

}  // namespace leat::pg
