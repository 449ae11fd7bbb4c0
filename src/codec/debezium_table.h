// What the Debezium encoder knows of one table schema: compiled once, then only read per row.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "codec/debezium_value.h"
#include "codec/source_info.h"
#include "model/change.h"

namespace leat {

// Topic names keep letters, digits, '.', '_' and '-'; anything else becomes '_', as in Debezium.
std::string sanitized_topic(std::string_view name);

class DebeziumTable {
  public:
    DebeziumTable(std::shared_ptr<const TableSchema> schema, const DebeziumOptions& options,
                  const SourceInfoWriter& source);

    const TableSchema& schema() const { return *schema_; }
    const std::string& topic() const { return topic_; }
    const std::string& collection() const { return collection_; }
    const std::vector<std::string>& source_pieces() const { return source_pieces_; }
    // `{"schema":…,"payload":` where schemas are on, else empty. A "}" closes what is not empty.
    const std::string& key_head() const { return key_head_; }
    const std::string& header_head() const { return header_head_; }  // of a key in a header
    const std::string& value_head() const { return value_head_; }

    // `{"id":1,…}`. With `old`, values of `row` that are unchanged come from there.
    Status write_row(const TupleView& row, const TupleView* old, ByteBuffer& to) const;
    // The key's object, without key_head. False if the table has no key or the row lacks a part of it.
    Result<bool> write_key(const TupleView& row, const TupleView* old, ByteBuffer& to) const;
    // Whether the key's columns have the same bytes in both.
    bool same_key(const TupleView& before, const TupleView& after) const;

    // Whether an update has changed nothing that is captured. Both are whole rows.
    bool same_row(const TupleView& before, const TupleView& after) const;

    // Place among the changes of the transaction that is being encoded, for transaction metadata.
    mutable uint64_t order_in_transaction = 0;
    mutable uint64_t transaction_serial = 0;

  private:
    struct ColumnWriter {
        std::string head;      // `"name":`, with a comma before all but the first; empty: only in the key
        std::string key_head;  // the same in the key
        ValueWriter value;
        std::string null_json, absent_json;
    };

    std::unexpected<Error> value_error(size_t column, Written result) const;

    std::shared_ptr<const TableSchema> schema_;
    std::string topic_, collection_;
    std::vector<std::string> source_pieces_;
    std::string key_head_, header_head_, value_head_;
    std::vector<uint32_t> key_;  // columns of the records' key
    std::vector<ColumnWriter> columns_;
};

}  // namespace leat
