// The types of one database: from a column's type OID and modifier to its canonical type.
// Built-in types are known from the start; what the database defined itself (enums, domains, composites,
// extension types, and arrays of them) is loaded from pg_type by OID when a column first has it. PostgreSQL
// documentation, "pg_type", "pg_enum", "pg_attribute".
//
// Belongs to one thread. What resolve() returns holds nothing of the catalog.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <unordered_map>

#include "model/schema.h"

namespace leat::pg {

// One row of a query's result, as text; nullopt is NULL. The cells live as long as the call.
using Cell = std::optional<std::string_view>;
using CatalogRow = std::span<const Cell>;

// Runs a query of catalog_queries.h whose only parameter is an array of OIDs ("{16384,16390}"), and gives
// each row to the callback.
using RunQuery = std::function<Status(const std::string& sql, const std::string& oids,
                                      const std::function<Status(CatalogRow)>& each_row)>;

std::string oid_array(std::span<const uint32_t> oids);

class TypeCatalog {
  public:
    TypeCatalog();

    // False: load() has to be called before resolve() gives more than text named "oid:NNN".
    bool knows(uint32_t oid) const { return entries_.contains(oid); }

    // Reads these types and all that they consist of; what was known of them is replaced. A type that the
    // database no longer has stays as it was: older changes may still have it.
    Status load(std::span<const uint32_t> oids, const RunQuery& run);

    // The canonical type of a column. A domain is its base type, with the domain's modifier where the column
    // has none. What nests deeper than the change block can say, or is larger than types_max, is text.
    Type resolve(uint32_t oid, int32_t typmod = -1) const;
    // The name of a domain; null: it is none.
    const std::string* domain_name(uint32_t oid) const;

    static constexpr int depth_max = 16;
    static constexpr size_t types_max = 10000;  // in one column's type

  private:
    struct Attribute {
        std::string name;
        uint32_t type = 0;
        int32_t typmod = -1;
    };
    struct Entry {
        std::string name;
        char typtype = 'b';  // pg_type.typtype
        Kind kind = Kind::text;
        char delimiter = ',';
        bool well_known = false;
        uint32_t element = 0;  // of a true array
        uint32_t base = 0;     // of a domain
        int32_t base_typmod = -1;
        std::vector<std::string> labels;
        std::vector<Attribute> attributes;
    };
    using Entries = std::unordered_map<uint32_t, Entry>;
    class Resolver;

    static Status read_type(CatalogRow row, Entries& to);
    static Status read_label(CatalogRow row, Entries& to);
    static Status read_attribute(CatalogRow row, Entries& to);

    Entries entries_;
};

}  // namespace leat::pg
