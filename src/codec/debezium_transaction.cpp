// Transaction metadata (provide.transaction.metadata): the `transaction` block of each change, and the BEGIN
// and END records on a topic of their own.

#include "codec/debezium_encoder.h"
#include "json/json_text.h"

namespace leat {

// Debezium's name of messages where tables are counted.
static constexpr std::string_view message_collection = "LOGICAL_DECODING_MESSAGE";

void DebeziumJsonEncoder::start_transaction(const Transaction& transaction, uint64_t index) {
    transaction_ = transaction.id;
    ++transaction_serial_;
    total_order_ = index;  // more than 0 where reading starts inside of a transaction
    message_order_ = 0;
    touched_.clear();
}

void DebeziumJsonEncoder::put_transaction(const Context& context, const DebeziumTable* table) {
    const Change& change = context.change;
    bool none = !options_.transaction_metadata || context.transaction.snapshot ||
                (change.op == Op::message && !change.transactional);
    if (none) return value_.put_text(",\"transaction\":null");
    uint64_t order = 0;
    if (!table) {
        order = ++message_order_;
    } else {
        if (table->transaction_serial != transaction_serial_) {
            table->transaction_serial = transaction_serial_;
            table->order_in_transaction = 0;
            touched_.push_back(table);
        }
        order = ++table->order_in_transaction;
    }
    value_.put_text(",\"transaction\":{\"id\":");
    source_->write_transaction_id(context.transaction, value_);
    value_.put_text(",\"total_order\":");
    json::put_uint(value_, ++total_order_);
    value_.put_text(",\"data_collection_order\":");
    json::put_uint(value_, order);
    value_.put_char('}');
}

Status DebeziumJsonEncoder::begin(const Transaction& transaction, RecordSink& out) {
    if (!options_.transaction_metadata || transaction.snapshot) return {};
    start_transaction(transaction, 0);
    transaction_record(transaction, false, transaction.commit_time_us, out);
    return {};
}

Status DebeziumJsonEncoder::commit(const Transaction& transaction, uint64_t, int64_t, RecordSink& out) {
    if (!options_.transaction_metadata || transaction.snapshot) return {};
    transaction_record(transaction, true, transaction.commit_time_us, out);
    return {};
}

void DebeziumJsonEncoder::transaction_record(const Transaction& transaction, bool end, int64_t time_us,
                                             RecordSink& out) {
    key_.clear();
    key_.put_text(transaction_key_head_);
    key_.put_text("{\"id\":");
    source_->write_transaction_id(transaction, key_);
    key_.put_char('}');
    value_.clear();
    value_.put_text(transaction_value_head_);
    value_.put_text(end ? "{\"status\":\"END\",\"id\":" : "{\"status\":\"BEGIN\",\"id\":");
    source_->write_transaction_id(transaction, value_);
    if (end) {
        value_.put_text(",\"event_count\":");
        json::put_uint(value_, total_order_);
        value_.put_text(",\"data_collections\":[");
        auto put_count = [&, first = true](std::string_view name, uint64_t count) mutable {
            value_.put_text(first ? "{\"data_collection\":" : ",{\"data_collection\":");
            first = false;
            json::put_string(value_, name);
            value_.put_text(",\"event_count\":");
            json::put_uint(value_, count);
            value_.put_char('}');
        };
        for (auto* table : touched_) put_count(table->collection(), table->order_in_transaction);
        if (message_order_) put_count(message_collection, message_order_);
        value_.put_char(']');
    } else {
        value_.put_text(",\"event_count\":null,\"data_collections\":null");
    }
    value_.put_text(",\"ts_ms\":");
    json::put_int(value_, time_us / 1000);
    value_.put_char('}');
    if (options_.key_schemas) key_.put_char('}');
    if (options_.schemas_enable) value_.put_char('}');
    record_.headers.clear();
    record_.topic = transaction_topic_;
    record_.key = key_.text();
    record_.value = value_.text();
    out.write(record_);
}

}  // namespace leat
