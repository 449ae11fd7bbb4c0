#include "model/block_builder.h"

#include "base/clock.h"
#include "model/record.h"

namespace leat {

BlockBuilder::BlockBuilder(size_t expected_bytes) : expected_bytes_(expected_bytes) { start(); }

void BlockBuilder::start() {
    buffer_ = ByteBuffer(expected_bytes_);
    buffer_.grow(block_header_bytes);
    change_count_ = 0;
    commit_time_us_max_ = 0;
    flags_ = 0;
}

size_t BlockBuilder::begin_record(uint8_t type, uint8_t flags, uint16_t op) {
    size_t at = buffer_.size();
    uint8_t* head = buffer_.grow(record_head_bytes);
    head[4] = type;
    head[5] = flags;
    store(head + 6, op);
    return at;
}

void BlockBuilder::end_record(size_t at) {
    store(buffer_.data() + at, static_cast<uint32_t>(buffer_.size() - at));
}

void BlockBuilder::add_schema(const TableSchema& schema) {
    LEAT_ASSERT(!row_schema_);
    size_t at = begin_record(record_schema, 0, 0);
    schema.encode(buffer_);
    end_record(at);
    flags_ = flags_ | BlockFlag::has_schemas;
}

void BlockBuilder::begin_transaction(const Transaction& transaction, uint64_t next_index) {
    LEAT_ASSERT(!in_transaction_);
    in_transaction_ = true;
    int flags = (next_index ? transaction_continued : 0) | (transaction.snapshot ? transaction_snapshot : 0);
    size_t at = begin_record(record_transaction, static_cast<uint8_t>(flags), 0);
    buffer_.put(transaction.id.value);
    buffer_.put(transaction.commit.value);
    buffer_.put(transaction.commit_time_us);
    buffer_.put(next_index);
    buffer_.put(transaction.previous_end.value);
    end_record(at);
    commit_time_us_max_ = std::max(commit_time_us_max_, transaction.commit_time_us);
}

void BlockBuilder::end_transaction(uint64_t change_count, SourceOffset end) {
    LEAT_ASSERT(in_transaction_);
    in_transaction_ = false;
    size_t at = begin_record(record_end, 0, 0);
    buffer_.put(change_count);
    buffer_.put(end.value);
    end_record(at);
}

void BlockBuilder::begin_row(Op op, const TableSchema& schema, SourceOffset offset, SnapshotPlace place) {
    LEAT_ASSERT(!row_schema_ && in_transaction_);
    row_schema_ = &schema;
    row_op_ = op;
    row_start_ = begin_record(record_row, static_cast<uint8_t>(static_cast<int>(place) << row_place_shift),
                              static_cast<uint16_t>(op));
    buffer_.put(schema.id.value);
    buffer_.put(offset.value);
}

void BlockBuilder::begin_before(bool key_only) {
    buffer_.data()[row_start_ + 5] |=
        static_cast<uint8_t>(row_has_before | (key_only ? row_before_is_key : 0));
    begin_tuple();
}

void BlockBuilder::begin_after() {
    buffer_.data()[row_start_ + 5] |= row_has_after;
    begin_tuple();
}

void BlockBuilder::copy_after(Bytes tuple) {
    LEAT_ASSERT(row_schema_ && !tuple_start_);
    buffer_.data()[row_start_ + 5] |= row_has_after;
    buffer_.put_bytes(tuple);
}

void BlockBuilder::begin_tuple() {
    LEAT_ASSERT(row_schema_ && !tuple_start_);
    tuple_start_ = buffer_.size();
    size_t states = row_schema_->states_bytes(), slots = row_schema_->slots_bytes();
    uint8_t* head = buffer_.grow(4 + states + slots);
    std::memset(head + 4, 0, states + slots);
    slots_start_ = tuple_start_ + 4 + states;
    data_start_ = slots_start_ + slots;
    next_column_ = 0;
}

// Gives the columns up to and without `column` that were not set the state absent.
void BlockBuilder::close_variables_before(size_t column) {
    LEAT_ASSERT(tuple_start_ && value_column_ == SIZE_MAX && column >= next_column_);
    while (next_column_ < column) set_state(next_column_, ValueState::absent);
}

void BlockBuilder::set_state(size_t column, ValueState state) {
    if (column != next_column_) close_variables_before(column);
    LEAT_ASSERT(column < row_schema_->column_count() && state != ValueState::value);
    buffer_.data()[tuple_start_ + 4 + column / 4] |=
        static_cast<uint8_t>(static_cast<unsigned>(state) << (2 * (column % 4)));
    const Slot& slot = row_schema_->slot(column);
    if (slot.width == 0)
        store(buffer_.data() + slots_start_ + slot.offset,
              static_cast<uint32_t>(buffer_.size() - data_start_));
    next_column_ = column + 1;
}

uint8_t* BlockBuilder::set_fixed_slot(size_t column, size_t width) {
    if (column != next_column_) close_variables_before(column);
    const Slot& slot = row_schema_->slot(column);
    LEAT_ASSERT(slot.width == width);
    next_column_ = column + 1;
    return buffer_.data() + slots_start_ + slot.offset;
}

void BlockBuilder::set_bytes(size_t column, Bytes value) {
    begin_value(column);
    buffer_.put_bytes(value);
    end_value();
}

ByteBuffer& BlockBuilder::begin_value(size_t column) {
    if (column != next_column_) close_variables_before(column);
    LEAT_ASSERT(value_column_ == SIZE_MAX && row_schema_->slot(column).width == 0);
    value_column_ = column;
    return buffer_;
}

void BlockBuilder::end_value() {
    const Slot& slot = row_schema_->slot(value_column_);
    store(buffer_.data() + slots_start_ + slot.offset, static_cast<uint32_t>(buffer_.size() - data_start_));
    next_column_ = value_column_ + 1;
    value_column_ = SIZE_MAX;
}

void BlockBuilder::end_tuple() {
    close_variables_before(row_schema_->column_count());
    store(buffer_.data() + tuple_start_, static_cast<uint32_t>(buffer_.size() - tuple_start_));
    tuple_start_ = 0;
}

void BlockBuilder::end_row() {
    LEAT_ASSERT(row_schema_ && !tuple_start_);
    end_record(row_start_);
    tally_.add(row_schema_->id, row_op_);
    row_schema_ = nullptr;
    ++change_count_;
}

void BlockBuilder::abort_row() {
    LEAT_ASSERT(row_schema_);
    buffer_.truncate(row_start_);
    row_schema_ = nullptr;
    tuple_start_ = 0;
    value_column_ = SIZE_MAX;
}

void BlockBuilder::add_truncate(const TableSchema& schema, SourceOffset offset, bool cascade,
                                bool restart_identity) {
    LEAT_ASSERT(!row_schema_ && in_transaction_);
    int flags = (cascade ? truncate_cascade : 0) | (restart_identity ? truncate_restart_identity : 0);
    size_t at =
        begin_record(record_truncate, static_cast<uint8_t>(flags), static_cast<uint16_t>(Op::truncate));
    buffer_.put(schema.id.value);
    buffer_.put(offset.value);
    end_record(at);
    tally_.add(schema.id, Op::truncate);
    ++change_count_;
}

void BlockBuilder::add_message(SourceOffset offset, bool transactional, std::string_view prefix,
                               Bytes content) {
    LEAT_ASSERT(!row_schema_ && in_transaction_ == transactional);
    size_t at = begin_record(record_message, transactional ? message_transactional : 0,
                             static_cast<uint16_t>(Op::message));
    buffer_.put(offset.value);
    buffer_.put_string(prefix);
    buffer_.put_string(as_text(content));
    end_record(at);
    tally_.add(SchemaId(), Op::message);
    ++change_count_;
}

Block BlockBuilder::finish(BlockFlags flags, std::string_view position) {
    LEAT_ASSERT(!row_schema_);
    BlockHeader header;
    header.flags = static_cast<BlockFlags>(flags_ | flags);
    LEAT_ASSERT(position.empty() || header.has(BlockFlag::unit_end));
    in_transaction_ = false;
    buffer_.put_text(position);
    header.length = static_cast<uint32_t>(buffer_.size());
    header.change_count = change_count_;
    header.position_length = static_cast<uint32_t>(position.size());
    header.commit_time_us_max = commit_time_us_max_;
    header.captured_at_us = wall_time_us();
    store(buffer_.data(), header);
    std::shared_ptr<const BlockTally> tally;
    if (change_count_) tally = std::make_shared<const BlockTally>(std::exchange(tally_, {}));
    Block block(std::move(buffer_), std::move(tally));
    start();
    return block;
}

}  // namespace leat
