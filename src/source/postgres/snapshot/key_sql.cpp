#include "source/postgres/snapshot/key_sql.h"

#include <fmt/core.h>

#include "source/postgres/wire/connection.h"

namespace leat::pg {

namespace {

std::string row_of(const std::string& list) { return "ROW(" + list + ")"; }

std::string literals(const KeyText& key) {
    std::string list;
    for (const std::string& value : key)
        list += (list.empty() ? "" : ", ") + Connection::quote_literal(value);
    return list;
}

std::string key_order(const TableSchema& schema, std::string_view direction) {
    std::string list;
    for (uint32_t column : schema.key)
        list += fmt::format("{}{}{}", list.empty() ? "" : ", ",
                            Connection::quote_identifier(schema.columns[column].name), direction);
    return list;
}

}  // namespace

bool has_usable_key(const TableSchema& schema) {
    for (uint32_t index : schema.key) {
        const Column& column = schema.columns[index];
        if (!column.identity || column.is_changed()) return false;
    }
    return !schema.key.empty();
}

std::string key_columns(const TableSchema& schema) { return key_order(schema, ""); }

std::string in_range(const TableSchema& schema, const KeyRange& range) {
    std::string columns = row_of(key_columns(schema)), text;
    if (!range.after.empty()) text = fmt::format("{} > {}", columns, row_of(literals(range.after)));
    if (!range.to.empty())
        text += fmt::format("{}{} <= {}", text.empty() ? "" : " AND ", columns, row_of(literals(range.to)));
    return text;
}

std::string is_one_of(const TableSchema& schema, const std::vector<KeyText>& keys) {
    std::string list;
    for (const KeyText& key : keys) list += (list.empty() ? "" : ", ") + row_of(literals(key));
    return fmt::format("{} IN ({})", row_of(key_columns(schema)), list);
}

std::string not_in_pages(const TableProgress& progress) {
    std::string runs;
    for (const PageRun& run : progress.pages) {
        runs += fmt::format("{}(tableoid = {} AND ctid >= '({},0)'", runs.empty() ? "" : " OR ", run.storage,
                            run.first);
        if (run.end) runs += fmt::format(" AND ctid < '({},0)'", run.end);
        runs += ')';
    }
    if (runs.empty()) return {};
    // age() counts from one moment for the whole transaction.
    auto xmin = static_cast<uint32_t>(progress.pages_xmin);
    return fmt::format("NOT (pg_catalog.age(xmin) > pg_catalog.age('{}'::pg_catalog.xid) AND ({}))", xmin,
                       runs);
}

std::string where(std::initializer_list<std::string> conditions) {
    std::string text;
    for (const std::string& condition : conditions)
        if (!condition.empty()) text += (text.empty() ? " WHERE " : " AND ") + condition;
    return text;
}

std::string last_key_sql(const TableSchema& schema, const std::string& from) {
    return fmt::format("SELECT {} FROM {} ORDER BY {} LIMIT 1", key_columns(schema), from,
                       key_order(schema, " DESC"));
}

std::string bound_sql(const TableSchema& schema, const std::string& from, const KeyRange& range,
                      uint64_t rows) {
    return fmt::format("SELECT {} FROM {}{} ORDER BY {} OFFSET {} LIMIT 1", key_columns(schema), from,
                       where({in_range(schema, range)}), key_order(schema, ""), rows ? rows - 1 : 0);
}

}  // namespace leat::pg
