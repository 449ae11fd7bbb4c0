#include "source/postgres/snapshot/copy_format.h"

#include <fmt/core.h>

#include <algorithm>

#include "source/postgres/values/binary_value.h"
#include "source/postgres/values/well_known_types.h"
#include "source/postgres/wire/connection.h"

namespace leat::pg {

namespace {

void add(std::string& list, const std::string& column) {
    if (!list.empty()) list += ", ";
    list += column;
}

// Under a name of its own: ORDER BY a column's name means the column then, not its text.
void add_text(std::string& list, const std::string& column, size_t number) {
    add(list, fmt::format("{}::pg_catalog.text AS leat_text_{}", column, number));
}

bool make_binary(const TableSchema& schema, const OddTextCasts& odd_casts, const ColumnRules& rules,
                 CopyFormat& format) {
    format.binary = true;
    for (size_t i = 0; i < schema.columns.size(); ++i) {
        const Column& column = schema.columns[i];
        // Masks take text.
        bool masked = column.is_changed();
        if (masked && column.type.native_id == 0) return false;
        std::string name = Connection::quote_identifier(column.name);
        if (auto decoder = masked ? std::nullopt : make_binary_column_decoder(column.type)) {
            add(format.columns, name);
            format.decoders.push_back(*decoder);
            continue;
        }
        if (odd_casts.contains(column.type.native_id)) return false;
        add_text(format.columns, name, i);
        format.plain = false;
        format.decoders.push_back(make_column_decoder(schema, i, rules));
    }
    return !schema.columns.empty();
}

// text, varchar, char, name: what they are in binary is their text.
bool is_text_in_binary(const Type& type) {
    constexpr uint64_t oids[] = {oid::text, oid::varchar, oid::bpchar, oid::name};
    return std::ranges::find(oids, type.native_id) != std::end(oids);
}

// The key's text, where it does not stand in the row anyway, behind the columns of a binary one.
bool add_keys(const TableSchema& schema, const OddTextCasts& odd_casts, CopyFormat& format) {
    for (uint32_t index : schema.key) {
        const Column& column = schema.columns[index];
        if (is_text_in_binary(column.type)) {
            format.keys.push_back(index);
            continue;
        }
        if (column.type.native_id == 0 || odd_casts.contains(column.type.native_id)) return false;
        format.keys.push_back(format.row_columns++);
        add_text(format.columns, Connection::quote_identifier(column.name), format.keys.back());
    }
    return true;
}

}  // namespace

CopyFormat make_copy_format(const TableSchema& schema, const OddTextCasts& odd_casts,
                            const ColumnRules& rules, KeyTexts keys) {
    CopyFormat format;
    bool with_keys = keys == KeyTexts::as_text;
    format.row_columns = schema.columns.size();
    if (make_binary(schema, odd_casts, rules, format) && (!with_keys || add_keys(schema, odd_casts, format)))
        return format;
    format = {};
    format.row_columns = schema.columns.size();
    for (size_t i = 0; i < schema.columns.size(); ++i) {
        add(format.columns, Connection::quote_identifier(schema.columns[i].name));
        format.decoders.push_back(make_column_decoder(schema, i, rules));
    }
    if (with_keys) format.keys.assign(schema.key.begin(), schema.key.end());
    return format;
}

}  // namespace leat::pg
