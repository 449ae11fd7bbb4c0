// Formats of which each record is one JSON object that says everything itself: what they have in common.
// Values are those of the Debezium envelope with the same options; what is not known of a row is left out.
// Belongs to one thread; keeps what it compiled per table schema for its lifetime.
#pragma once

#include "codec/column_projection.h"
#include "codec/encoder.h"
#include "codec/row_table.h"
#include "codec/table_cache.h"

namespace leat {

class MessageFilter;

class ObjectEncoder : public Encoder {
  public:
    ~ObjectEncoder() override;

    Status begin(const Transaction&, RecordSink&) final { return {}; }
    Status encode(const Change& change, const Transaction& transaction, int64_t captured_at_us,
                  RecordSink& out) final;
    Status commit(const Transaction&, uint64_t, int64_t, RecordSink&) final { return {}; }
    bool values_alone() const override { return true; }

  protected:
    // Text between the values of a change that depends only on its table.
    using Pieces = std::vector<std::string>;
    struct Table {
        RowTable row;
        Pieces pieces;
    };
    // One record of a change.
    struct Told {
        const Change& change;
        const Transaction& transaction;
        const Table* table;  // null: a message
        char op;             // that is told, of c u d r t m
        const TupleView* before = nullptr;
        const TupleView* after = nullptr;
        const TupleView* old = nullptr;  // where what `after` has unchanged is looked for
        bool last = true;                // of the change's records
        bool outside = false;            // of any transaction
    };

    ObjectEncoder(DebeziumOptions options, ColumnProjection columns,
                  std::span<const std::string_view> taken = {}, bool parts_key_changes = false);

    // table: null for messages.
    virtual Pieces compile(const TableSchema* table) const = 0;
    // Fills value_, which is empty, and the record's headers, if the format has some.
    virtual Status put(const Told& told) = 0;

    // `null` or an object.
    Status put_row(const Told& told, const TupleView* row);
    // The commit time, or of what is outside of transactions the time it was taken.
    std::string_view time() const { return time_.text(); }
    // Unique of a change, and the same however often it is told: `source:sequence:offset`. The offset is
    // there because a log that is made anew counts from 1 again.
    void put_id(const Told& told, ByteBuffer& to) const;
    static void put_id_numbers(const Told& told, ByteBuffer& to);  // what follows the source's name
    // `"571"`, or null where there is no transaction.
    static void put_transaction_id(const Told& told, ByteBuffer& to);
    void put_message_members(const Change& change);  // `"prefix":…,"content":…`

    // `,"name":"the replay's"`; empty where there is none.
    std::string replay_member(std::string_view name) const;

    const DebeziumOptions options_;
    const std::string id_head_;  // the source's name and a colon, as in a JSON string
    ByteBuffer value_;
    Record record_;

  private:
    Status encode_row(Told told, RecordSink& out);
    Status encode_key_change(Told told, RecordSink& out);
    Status emit(const Told& told, std::optional<std::string_view> key, RecordSink& out);
    Result<bool> make_key(const Told& told, const TupleView& row, const TupleView* old, ByteBuffer& to);
    void set_time(int64_t time_us);

    const ColumnProjection projection_;
    const std::span<const std::string_view> taken_;
    const bool parts_key_changes_;
    const std::string message_topic_;
    const std::unique_ptr<MessageFilter> message_filter_;
    TableCache<Table> tables_;
    ByteBuffer key_, old_key_, time_;
    int64_t time_us_ = 0;
};

}  // namespace leat
