// Writes change blocks: a decoder puts each value straight where it stays. Format: docs/format/block.md.
// One builder belongs to one thread. Calls out of order are programming errors and are asserted.
//
//     builder.begin_transaction(transaction, 0);
//     builder.begin_row(Op::create, schema, offset);
//     builder.begin_after(schema);
//     builder.set_fixed<int32_t>(0, 42);
//     builder.set_bytes(1, text);
//     builder.end_tuple();
//     builder.end_row();
//     builder.end_transaction(1, end);
//     Block block = builder.finish(BlockFlag::unit_begin | BlockFlag::unit_end, position);
#pragma once

#include "model/block.h"
#include "model/change.h"

namespace leat {

class BlockBuilder {
  public:
    // Blocks start with room for about this many bytes and grow as needed.
    explicit BlockBuilder(size_t expected_bytes = 64 << 10);

    void add_schema(const TableSchema& schema);
    // next_index > 0 continues a transaction that another block began.
    void begin_transaction(const Transaction& transaction, uint64_t next_index);
    void end_transaction(uint64_t change_count, SourceOffset end);

    void begin_row(Op op, const TableSchema& schema, SourceOffset offset,
                   SnapshotPlace place = SnapshotPlace::none);
    void begin_before(bool key_only);
    void begin_after();
    // A tuple as TupleView::raw() gives it, of the same schema; there is nothing to begin or end.
    void copy_after(Bytes tuple);
    void end_row();
    // Takes back the row that is being written, as if it had not begun.
    void abort_row();
    void add_truncate(const TableSchema& schema, SourceOffset offset, bool cascade, bool restart_identity);
    void add_message(SourceOffset offset, bool transactional, std::string_view prefix, Bytes content);

    // The columns of the open tuple, in ascending order; one that is left out is absent.
    void set_state(size_t column, ValueState state);
    template <class T>
    void set_fixed(size_t column, T value) {
        store(set_fixed_slot(column, sizeof(T)), value);
    }
    // The slot of a fixed-width column, to write its value into before the next call.
    uint8_t* set_fixed_slot(size_t column, size_t width);
    void set_bytes(size_t column, Bytes value);
    void set_text(size_t column, std::string_view value) { set_bytes(column, as_bytes(value)); }
    // A variable value written piece by piece: append to the buffer, then close it.
    ByteBuffer& begin_value(size_t column);
    void end_value();
    void end_tuple();

    size_t bytes() const { return buffer_.size(); }
    uint32_t change_count() const { return change_count_; }
    bool empty() const { return buffer_.size() == block_header_bytes; }
    bool in_transaction() const { return in_transaction_; }

    // The block so far; the builder starts a new one. position only with unit_end.
    Block finish(BlockFlags flags, std::string_view position = {});

  private:
    void start();
    size_t begin_record(uint8_t type, uint8_t flags, uint16_t op);
    void end_record(size_t start);
    void begin_tuple();
    void close_variables_before(size_t column);

    size_t expected_bytes_;
    ByteBuffer buffer_;
    uint32_t change_count_ = 0;
    int64_t commit_time_us_max_ = 0;
    BlockFlags flags_ = 0;
    bool in_transaction_ = false;

    BlockTally tally_;

    const TableSchema* row_schema_ = nullptr;  // of the open row
    Op row_op_ = Op::create;
    size_t row_start_ = 0;
    size_t tuple_start_ = 0;  // 0: no tuple is open
    size_t slots_start_ = 0, data_start_ = 0;
    size_t next_column_ = 0;  // of the open tuple
    size_t value_column_ = SIZE_MAX;
};

}  // namespace leat
