#include "source/postgres/snapshot/copy_format.h"

#include "source/postgres/values/binary_value.h"
#include "source/postgres/wire/connection.h"

namespace leat::pg {

namespace {

void add(std::string& list, const std::string& column) {
    if (!list.empty()) list += ", ";
    list += column;
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
        add(format.columns, name + "::pg_catalog.text");
        format.plain = false;
        format.decoders.push_back(make_column_decoder(schema, i, rules));
    }
    return !schema.columns.empty();
}

}  // namespace

CopyFormat make_copy_format(const TableSchema& schema, const OddTextCasts& odd_casts,
                            const ColumnRules& rules) {
    CopyFormat format;
    if (make_binary(schema, odd_casts, rules, format)) return format;
    format = {};
    for (size_t i = 0; i < schema.columns.size(); ++i) {
        add(format.columns, Connection::quote_identifier(schema.columns[i].name));
        format.decoders.push_back(make_column_decoder(schema, i, rules));
    }
    return format;
}

}  // namespace leat::pg
