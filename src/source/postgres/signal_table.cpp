#include "source/postgres/signal_table.h"

#include <algorithm>

namespace leat::pg {

namespace {
constexpr size_t rows_max = 1000;  // of one transaction
}

void SignalTable::row(Op op, uint32_t xid, const TableSchema& schema, const RowMessage& row) {
    if (next_ && next_->watches(row.relation)) next_->row(op, xid, schema, row);
    // Its columns are id, type and data, whatever they are called.
    if (row.relation != table_ || op != Op::create || row.new_tuple.size() < 3 || open_.size() >= rows_max)
        return;
    auto text = [&](size_t column) { return std::string(row.new_tuple[column].text); };
    open_.push_back({text(0), text(1), text(2)});
}

void SignalTable::truncate(uint32_t xid, const TableSchema& schema) {
    if (next_ && next_->watches(static_cast<uint32_t>(schema.table.value))) next_->truncate(xid, schema);
}

void SignalTable::committed(uint32_t xid, Lsn end) {
    if (next_) next_->committed(xid, end);
    std::ranges::move(open_, std::back_inserter(committed_));
    open_.clear();
}

}  // namespace leat::pg
