// What the server's catalog says of types and tables. Asks over the source's SQL connection; belongs to its
// thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/schema.h"
#include "source/column_rules.h"
#include "source/postgres/values/type_catalog.h"
#include "source/postgres/wire/connection.h"
#include "source/postgres/wire/pgoutput.h"
#include "source/table_selector.h"

namespace leat::pg {

struct ColumnInfo {
    int number = 0;  // attnum
    std::string name;
    uint32_t type = 0;
    int32_t typmod = -1;
    bool not_null = false;
    bool generated = false;
    bool published = true;  // not left out by the publication's column list
    std::optional<std::string> default_expression;
};

// A table as it is captured: a plain table, a leaf partition, or a partitioned root
// (publish.via.partition.root).
struct TableInfo {
    uint32_t oid = 0;
    std::string schema, name;
    char kind = 'r';  // relkind: r table, p partitioned
    char replica_identity = 'd';
    std::vector<ColumnInfo> columns;
    std::vector<std::string> primary_key;     // in key order
    bool deferrable_key = false;              // such a primary key is no replica identity
    std::vector<std::string> identity_index;  // columns of REPLICA IDENTITY USING INDEX
    std::vector<std::string> unique_key;      // of the first unique index whose columns are all NOT NULL
    bool readable = true;                     // the role may SELECT
    bool owned = true;                        // the role may put it into a publication
    uint64_t rows_estimate = 0;
    std::string row_filter;  // the publication's, as SQL over the table's columns; empty: every row

    // Whether the server can tell which row an update or delete meant.
    bool has_identity() const {
        return replica_identity == 'f' || (replica_identity == 'i' && !identity_index.empty()) ||
               (replica_identity == 'd' && !primary_key.empty() && !deferrable_key);
    }
    // Of the records: the primary key, else, as in Debezium, a unique index. Under USING INDEX an old row has
    // only the index's columns: they are the key, so that a delete has one.
    const std::vector<std::string>& key_columns() const;
    // Whether the column is part of the replica identity.
    bool identifies(const std::string& column) const;
    std::string qualified_name() const { return schema + "." + name; }
    std::string quoted_name() const;
};

// A table's data as it lies on disk: itself, or the leaves of a partitioned root.
struct Storage {
    uint32_t oid = 0;
    std::string quoted_name;
    uint64_t pages = 0;
    std::string
        version;       // of its file and columns: changes when the table is rewritten, truncated or altered
    bool heap = true;  // has ctid ranges
};

class Catalog {
  public:
    // Connection and rules outlive the catalog.
    Catalog(Connection& sql, std::string database, const ColumnRules& columns)
        : sql_(&sql), database_(std::move(database)), columns_(&columns) {}

    // From then on tables are described as these publications (OIDs; 0 is none) send them: with their column
    // lists and row filters, so that a snapshot has what the stream has.
    void set_publications(uint32_t main, uint32_t inserts) { publications_ = {main, inserts}; }

    // The tables that the selector selects, by name. Partitions stand for themselves, or with via_root their
    // topmost roots.
    Result<std::vector<TableInfo>> tables(const TableSelector& selector, bool via_root, std::stop_token stop);
    // The given tables as they are now; without those that were dropped.
    Result<std::vector<TableInfo>> tables(const std::vector<TableInfo>& known, std::stop_token stop);
    // One table; none if it was dropped.
    Result<std::optional<TableInfo>> table(uint32_t oid, std::stop_token stop);
    // Of each of the tables, in their order.
    Result<std::vector<std::vector<Storage>>> storage(const std::vector<TableInfo>& tables,
                                                      std::stop_token stop);

    // The schema of a table as the catalog has it now, without id and version. Without generated columns,
    // which the stream does not have either, and without those that are not captured.
    Result<TableDefinition> define(const TableInfo& table, std::stop_token stop);
    // The schema of a relation as the stream announced it: its columns are the truth, the catalog adds what
    // the message lacks. info: none if the table was dropped meanwhile.
    Result<TableDefinition> define(const RelationMessage& message, const std::optional<TableInfo>& info,
                                   std::stop_token stop);

  private:
    void set_type(Column& column, uint32_t type, int32_t modifier) const;
    Status load_types(const std::vector<uint32_t>& types, std::stop_token stop);
    Result<std::vector<TableInfo>> read_tables(
        const std::vector<uint32_t>& oids, std::stop_token stop,
        const std::function<bool(const TableInfo&, bool partition)>& wanted);
    Status read_columns(std::vector<TableInfo>& tables, const std::string& oids, std::stop_token stop);
    Status read_keys(std::vector<TableInfo>& tables, const std::string& oids, std::stop_token stop);
    Status read_published(std::vector<TableInfo>& tables, const std::string& oids, std::stop_token stop);

    Connection* sql_;
    std::string database_;
    std::vector<uint32_t> publications_;
    const ColumnRules* columns_;
    TypeCatalog types_;
};

}  // namespace leat::pg
