// What the Debezium encoder knows of one table schema: compiled once, then only read per row.
#pragma once

#include "codec/row_table.h"
#include "codec/source_info.h"

namespace leat {

class DebeziumTable : public RowTable {
  public:
    DebeziumTable(std::shared_ptr<const TableSchema> schema, const DebeziumOptions& options,
                  const SourceInfoWriter& source);

    const std::string& collection() const { return collection_; }
    const std::vector<std::string>& source_pieces() const { return source_pieces_; }
    // `{"schema":…,"payload":` where schemas are on, else empty. A "}" closes what is not empty.
    const std::string& key_head() const { return key_head_; }
    const std::string& header_head() const { return header_head_; }  // of a key in a header
    const std::string& value_head() const { return value_head_; }

    // `{"id":1,…}`, with every column that rows have. With `old`, values of `row` that are unchanged come
    // from there.
    Status write_row(const TupleView& row, const TupleView* old, ByteBuffer& to) const;

    // Place among the changes of the transaction that is being encoded, for transaction metadata.
    mutable uint64_t order_in_transaction = 0;
    mutable uint64_t transaction_serial = 0;

  private:
    std::string collection_;
    std::vector<std::string> source_pieces_;
    std::string key_head_, header_head_, value_head_;
};

}  // namespace leat
