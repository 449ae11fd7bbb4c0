// Changes as Debezium's JSON envelope: topic, key and value of each record as a Debezium connector with
// JsonConverter gives them. The reference of the output and the deliberate differences: docs/debezium.md.
// Belongs to one thread; keeps what it compiled per table schema for its lifetime.
#pragma once

#include <memory>

#include "codec/column_projection.h"
#include "codec/debezium_table.h"
#include "codec/encoder.h"
#include "codec/table_cache.h"

namespace leat {

class MessageFilter;

class DebeziumJsonEncoder : public Encoder {
  public:
    // Without a source writer: PostgreSQL's.
    explicit DebeziumJsonEncoder(DebeziumOptions options, ColumnProjection columns = {},
                                 std::unique_ptr<SourceInfoWriter> source = nullptr);
    ~DebeziumJsonEncoder() override;

    Status begin(const Transaction& transaction, RecordSink& out) override;
    Status encode(const Change& change, const Transaction& transaction, int64_t captured_at_us,
                  RecordSink& out) override;
    Status commit(const Transaction& transaction, uint64_t change_count, int64_t captured_at_us,
                  RecordSink& out) override;

    void end_unit(int64_t captured_at_us, RecordSink& out) override;

    const DebeziumOptions& options() const { return options_; }

  private:
    struct Context {  // of the change that is being encoded
        const Change& change;
        const Transaction& transaction;
        int64_t captured_at_us;
        RecordSink& out;
    };

    const DebeziumTable& table_of(const TableSchema& schema);
    Status encode_row(const Context& context, const DebeziumTable& table);
    Status encode_key_update(const Context& context, const DebeziumTable& table);
    void encode_truncate(const Context& context, const DebeziumTable& table);
    void encode_message(const Context& context);

    // Fills key_ (and old_key_); false: the record has a null key.
    Result<bool> make_key(const DebeziumTable& table, const TupleView& row, const TupleView* old,
                          ByteBuffer& to);
    Status make_value(const Context& context, const DebeziumTable& table, char op, const TupleView* before,
                      const TupleView* after);
    void put_tail(const Context& context, char op);
    void put_transaction(const Context& context, const DebeziumTable* table);
    void emit(const Context& context, const std::string& topic, bool has_key, bool has_value);
    void tombstone(const Context& context, const std::string& topic);
    void add_context_header(std::string_view name, std::string_view value);
    void add_header(std::string name, std::string_view value);
    void put_context_headers();
    void put_key_header(std::string_view name, const DebeziumTable& table, const ByteBuffer& key);
    void transaction_record(const Transaction& transaction, bool end, int64_t time_us, RecordSink& out);
    void start_transaction(const Transaction& transaction, uint64_t index);

    const DebeziumOptions options_;
    const ColumnProjection projection_;
    const std::unique_ptr<SourceInfoWriter> source_;
    std::vector<std::pair<std::string, std::string>>
        headers_;  // of every row: name and JSON; a replay's last
    const std::unique_ptr<MessageFilter> message_filter_;
    TableCache<DebeziumTable> tables_;

    ByteBuffer key_, old_key_, value_, header_;
    ByteBuffer times_;  // how an envelope ends: the same for all changes of a block
    int64_t times_us_ = 0;
    Record record_;

    const std::string message_topic_, transaction_topic_, heartbeat_topic_;
    int64_t heartbeat_us_ = 0;  // when there was one, or the first unit
    std::string message_key_head_, message_value_head_, transaction_key_head_, transaction_value_head_;
    std::string message_database_;
    std::vector<std::string> message_pieces_;

    // Transaction metadata.
    TransactionId transaction_;
    uint64_t transaction_serial_ = 0;
    uint64_t total_order_ = 0, message_order_ = 0;
    std::vector<const DebeziumTable*> touched_;
};

}  // namespace leat
