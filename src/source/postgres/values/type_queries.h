// What Leat asks the system catalogs of types. Each works on PostgreSQL 13 to 18 and takes one parameter, an
// array of OIDs in text form. Columns of the results are named in order. PostgreSQL documentation, "System
// Catalogs".
#pragma once

#include <cstddef>

namespace leat::pg {

// The given types and all they consist of: elements, base types, attributes.
// oid, typname, typtype, element (0 unless a true array: int2vector and point have a typelem too), typdelim,
// typbasetype, typtypmod
inline constexpr size_t types_query_columns = 7;
inline constexpr const char* types_query = R"sql(
WITH RECURSIVE wanted(oid) AS (
    SELECT unnest($1::pg_catalog.oid[])
  UNION
    SELECT part.oid
    FROM wanted w
    JOIN pg_catalog.pg_type t ON t.oid = w.oid
    CROSS JOIN LATERAL (
        SELECT e.oid FROM pg_catalog.pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid
      UNION ALL
        SELECT t.typbasetype WHERE t.typtype = 'd'
      UNION ALL
        SELECT a.atttypid FROM pg_catalog.pg_attribute a
        WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    ) part
)
SELECT t.oid, t.typname, t.typtype, coalesce(e.oid, 0), t.typdelim, t.typbasetype, t.typtypmod
FROM wanted w
JOIN pg_catalog.pg_type t ON t.oid = w.oid
LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND e.typarray = t.oid
ORDER BY t.oid)sql";

// enumtypid, enumlabel; of each type in its order
inline constexpr const char* enum_labels_query = R"sql(
SELECT enumtypid, enumlabel
FROM pg_catalog.pg_enum
WHERE enumtypid = ANY ($1::pg_catalog.oid[])
ORDER BY enumtypid, enumsortorder)sql";

// type oid, attname, atttypid, atttypmod; of each composite type in its order
inline constexpr const char* attributes_query = R"sql(
SELECT t.oid, a.attname, a.atttypid, a.atttypmod
FROM pg_catalog.pg_type t
JOIN pg_catalog.pg_attribute a ON a.attrelid = t.typrelid
WHERE t.oid = ANY ($1::pg_catalog.oid[]) AND t.typtype = 'c' AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY t.oid, a.attnum)sql";

}  // namespace leat::pg
