// What every JSON format knows of one table schema: a writer per column and the key's columns. Compiled once,
// then only read per row.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "codec/debezium_value.h"
#include "model/change.h"

namespace leat {

// Topic names keep letters, digits, '.', '_' and '-'; anything else becomes '_', as in Debezium.
std::string sanitized_topic(std::string_view name);

class RowTable {
  public:
    // A column whose name is one of `taken` gets '_' before it, so that it cannot be confused with a member
    // of the format's own.
    RowTable(std::shared_ptr<const TableSchema> schema, const DebeziumOptions& options,
             std::span<const std::string_view> taken = {});

    const TableSchema& schema() const { return *schema_; }
    const std::string& topic() const { return topic_; }

    // `,"id":1,"name":"x"`: what is known of the row; what is unchanged comes from `old`, where that has it.
    // What is not known is left out (invariant 7).
    Status write_members(const TupleView& row, const TupleView* old, ByteBuffer& to) const;
    // The same as an object.
    Status write_known(const TupleView& row, const TupleView* old, ByteBuffer& to) const;

    // The key's object. False if the table has no key or the row lacks a part of it. With `old`, values of
    // `row` that are unchanged come from there.
    Result<bool> write_key(const TupleView& row, const TupleView* old, ByteBuffer& to) const;
    // Whether the key's columns have the same bytes in both.
    bool same_key(const TupleView& before, const TupleView& after) const;
    // Whether an update has changed nothing that is shown. Both are whole rows.
    bool same_row(const TupleView& before, const TupleView& after) const;

  protected:
    struct ColumnWriter {
        std::string head;  // `,"name":`; the first one's comma becomes the brace of its object
        ValueWriter value;
        std::string null_json, absent_json;
    };
    // Of what begins with such a comma, or is empty.
    static void make_object(ByteBuffer& to, size_t start);
    std::unexpected<Error> value_error(size_t column, Written result) const;

    std::shared_ptr<const TableSchema> schema_;
    std::string topic_;
    std::vector<uint32_t> key_;    // columns of the records' key
    std::vector<uint32_t> shown_;  // columns of rows
    std::vector<ColumnWriter> columns_;
};

}  // namespace leat
