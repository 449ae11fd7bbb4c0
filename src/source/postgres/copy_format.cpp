#include "source/postgres/copy_format.h"

#include "source/postgres/binary_value.h"
#include "source/postgres/connection.h"

namespace leat::pg {

namespace {

void add(std::string& list, const std::string& column) {
    if (!list.empty()) list += ", ";
    list += column;
}

bool make_binary(const TableSchema& schema, const OddTextCasts& odd_casts, CopyFormat& format) {
    format.binary = true;
    for (const Column& column : schema.columns) {
        std::string name = Connection::quote_identifier(column.name);
        if (auto decoder = make_binary_column_decoder(column.type)) {
            add(format.columns, name);
            format.decoders.push_back(*decoder);
            continue;
        }
        if (odd_casts.contains(column.type.native_id)) return false;
        add(format.columns, name + "::pg_catalog.text");
        format.plain = false;
        format.decoders.push_back(make_column_decoder(column.type));
    }
    return !schema.columns.empty();
}

}  // namespace

CopyFormat make_copy_format(const TableSchema& schema, const OddTextCasts& odd_casts) {
    CopyFormat format;
    if (make_binary(schema, odd_casts, format)) return format;
    format = {};
    for (const Column& column : schema.columns) {
        add(format.columns, Connection::quote_identifier(column.name));
        format.decoders.push_back(make_column_decoder(column.type));
    }
    return format;
}

}  // namespace leat::pg
