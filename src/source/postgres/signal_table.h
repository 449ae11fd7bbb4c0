// Reads the rows that are inserted into Debezium's signal table from the stream. Belongs to one thread.
#pragma once

#include "snapshot/signal.h"
#include "source/postgres/stream/stream_decoder.h"

namespace leat::pg {

class SignalTable : public ChangeObserver {
  public:
    struct Row {
        std::string id, type, data;
    };

    // Of the tables that the stream announces, the one with the signal table's name.
    void set_table(uint32_t oid) { table_ = oid; }
    // Also sees what the stream brings; may be null.
    void set_next(ChangeObserver* next) { next_ = next; }
    // The rows of transactions that were committed, in their order.
    bool has_rows() const { return !committed_.empty(); }
    std::vector<Row> take() { return std::exchange(committed_, {}); }

    bool watches(uint32_t relation) const override {
        return relation == table_ || (next_ && next_->watches(relation));
    }
    void row(Op op, uint32_t xid, const TableSchema& schema, const RowMessage& row) override;
    void truncate(uint32_t xid, const TableSchema& schema) override;
    void committed(uint32_t xid, Lsn end) override;

  private:
    uint32_t table_ = 0;
    ChangeObserver* next_ = nullptr;
    std::vector<Row> open_, committed_;
};

}  // namespace leat::pg
