// SQL that reads a table in the order of its key. Pure.
//
// Values of keys stand in it as untyped literals: the server gives them the type of the column they are
// compared with, so that any type, order and collation is the server's own.
#pragma once

#include "model/schema.h"
#include "source/postgres/server/snapshot_progress.h"

namespace leat::pg {

// Whether the stream tells by this key which row was changed: each of its columns is part of the replica
// identity. None is masked, since keys stand in positions, on disk (invariant 10).
bool has_usable_key(const TableSchema& schema);

// "a", "b"
std::string key_columns(const TableSchema& schema);
// Conditions over a table's rows; "" where there is none.
std::string in_range(const TableSchema& schema, const KeyRange& range);
std::string is_one_of(const TableSchema& schema, const std::vector<KeyText>& keys);
// What the pages that were read before do not have: other pages, and rows that were written since. A superset
// of it, where transaction ids have wrapped.
std::string not_in_pages(const TableProgress& progress);
// Joins those that are not empty by AND, with WHERE before them.
std::string where(std::initializer_list<std::string> conditions);

// The last key of the table; the key of the row `rows` after the beginning of a range, none if it ends
// before.
std::string last_key_sql(const TableSchema& schema, const std::string& from);
std::string bound_sql(const TableSchema& schema, const std::string& from, const KeyRange& range,
                      uint64_t rows);

}  // namespace leat::pg
