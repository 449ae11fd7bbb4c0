// What Leat asks the system catalogs: types, tables, columns, keys. Each works on PostgreSQL 13 to 18 and
// takes one parameter, an array of OIDs in text form. Columns of the results are named in order. PostgreSQL
// documentation, "System Catalogs".
#pragma once

#include <cstddef>

namespace leat::pg {

// Tables that can be published, of all schemas but the system's; an empty array asks for every one. Foreign,
// temporary and unlogged tables and views are left out, as PostgreSQL does.
// oid, nspname, relname, relkind ('r' table, 'p' partitioned), relreplident, reltuples (negative or 0: not
// known), relpages, relispartition, oid of the topmost partitioned table (the table's own if it is none's
// partition), relrowsecurity (rows may be hidden from a role that is subject to it), relhassubclass
// (SELECT without ONLY reads other tables too), may be read by this role
inline constexpr const char* tables_query = R"sql(
SELECT c.oid, n.nspname, c.relname, c.relkind, c.relreplident, c.reltuples, c.relpages, c.relispartition,
       coalesce(pg_catalog.pg_partition_root(c.oid), c.oid)::pg_catalog.oid, c.relrowsecurity, c.relhassubclass,
       pg_catalog.has_table_privilege(c.oid, 'SELECT'), pg_catalog.pg_has_role(c.relowner, 'USAGE')
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND pg_catalog.pg_relation_is_publishable(c.oid)
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND ($1::pg_catalog.oid[] = '{}' OR c.oid = ANY ($1::pg_catalog.oid[]))
ORDER BY n.nspname, c.relname)sql";

// table oid, attnum, attname, atttypid, atttypmod, attnotnull, attgenerated ('', 's' stored, 'v' virtual),
// attidentity ('', 'a' always, 'd' by default), default (of a generated column: its expression) or NULL; of
// each table in attnum order
inline constexpr const char* columns_query = R"sql(
SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attgenerated, a.attidentity,
       pg_catalog.pg_get_expr(d.adbin, d.adrelid)
FROM pg_catalog.pg_attribute a
LEFT JOIN pg_catalog.pg_attrdef d ON a.atthasdef AND d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = ANY ($1::pg_catalog.oid[]) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum)sql";

// What of a table is published, from PostgreSQL 15 on; takes the OIDs of publications as a second parameter.
// A table has at least one row for each publication that it is in by name, with every column that is left
// out. table oid, publication oid, row filter or NULL, attname or NULL
inline constexpr const char* published_query = R"sql(
SELECT r.prrelid, r.prpubid, pg_catalog.pg_get_expr(r.prqual, r.prrelid), a.attname
FROM pg_catalog.pg_publication_rel r
LEFT JOIN pg_catalog.pg_attribute a ON r.prattrs IS NOT NULL AND a.attrelid = r.prrelid AND a.attnum > 0
  AND NOT a.attisdropped AND NOT a.attnum = ANY (r.prattrs::pg_catalog.int2[])
WHERE r.prrelid = ANY ($1::pg_catalog.oid[]) AND r.prpubid = ANY ($2::pg_catalog.oid[])
ORDER BY r.prrelid, r.prpubid)sql";

// One row, which changes when a table is made, dropped or renamed, or its key changes: then the tables are
// looked at again. The other column changes with the labels of enumerations.
inline constexpr const char* changes_of_catalog = R"sql(
(SELECT count(*) || ':' || coalesce(sum(c.oid::pg_catalog.int8), 0) || ':' ||
        coalesce(sum(pg_catalog.hashtext(c.relname)::pg_catalog.int8 + c.relnamespace::pg_catalog.int8 +
                     pg_catalog.ascii(c.relreplident::pg_catalog.text) + c.relispartition::int), 0)
 FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'p') AND c.relpersistence = 'p') ||
(SELECT '/' || count(*) || ':' || coalesce(sum(i.indexrelid::pg_catalog.int8), 0)
 FROM pg_catalog.pg_index i WHERE i.indisprimary OR i.indisreplident),
(SELECT count(*) || ':' || coalesce(max(e.oid::pg_catalog.int8), 0) FROM pg_catalog.pg_enum e))sql";

// The primary key, the index that REPLICA IDENTITY USING INDEX names, and unique indexes of columns that are
// NOT NULL. A deferrable primary key (indimmediate false) is no replica identity under REPLICA IDENTITY
// DEFAULT. table oid, indisprimary, indisreplident, indimmediate, attnum, index oid; of each index in key
// order, unique ones by name
inline constexpr const char* keys_query = R"sql(
SELECT i.indrelid, i.indisprimary, i.indisreplident, i.indimmediate, k.attnum, i.indexrelid
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
CROSS JOIN LATERAL unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY AS k(attnum, place)
WHERE i.indrelid = ANY ($1::pg_catalog.oid[]) AND i.indislive AND i.indisvalid AND k.place <= i.indnkeyatts
  AND (i.indisprimary OR i.indisreplident
       OR i.indisunique AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
          AND NOT EXISTS (SELECT 1 FROM unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY AS u(attnum, place)
                          JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.attnum
                          WHERE u.place <= i.indnkeyatts AND NOT a.attnotnull))
ORDER BY i.indrelid, c.relname, i.indexrelid, k.place)sql";

// An expression: the state of a table's file and columns, as text. A rewrite and TRUNCATE give it a new file.
#define LEAT_STORAGE_VERSION(oid)                                                                          \
    "(SELECT coalesce(pg_catalog.pg_relation_filenode(" oid                                                \
    "), 0) || ':' || coalesce(string_agg(a.attname || ' ' || a.atttypid || ' ' || a.atttypmod, ',' ORDER " \
    "BY "                                                                                                  \
    "a.attnum), '') FROM pg_catalog.pg_attribute a WHERE a.attrelid = " oid                                \
    " AND a.attnum > 0 AND NOT a.attisdropped)"

}  // namespace leat::pg
