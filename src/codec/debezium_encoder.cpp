#include "codec/debezium_encoder.h"

#include "codec/connect_schema.h"
#include "codec/debezium_heartbeat.h"
#include "codec/message_filter.h"
#include "json/json_text.h"

namespace leat {
namespace {
std::string schema_head(const std::string& schema) { return "{\"schema\":" + schema + ",\"payload\":"; }
}  // namespace

DebeziumJsonEncoder::DebeziumJsonEncoder(DebeziumOptions options, ColumnProjection columns,
                                         std::unique_ptr<SourceInfoWriter> source)
    : options_(std::move(options)),
      projection_(std::move(columns)),
      source_(source ? std::move(source) : make_postgres_source_info(options_)),
      message_filter_(
          std::make_unique<MessageFilter>(options_.message_prefix_include, options_.message_prefix_exclude)),
      message_topic_(sanitized_topic(options_.topic_prefix + ".message")),
      transaction_topic_(
          sanitized_topic(options_.topic_prefix + options_.topic_delimiter + options_.topic_transaction)),
      heartbeat_topic_(make_heartbeat_topic(options_)),
      message_database_(options_.database) {
    if (options_.context_headers) {
        add_context_header("connectorLogicalName", options_.topic_prefix);
        add_context_header("taskId", "0");
        add_context_header("connectorName", source_->connector());
    }
    if (!options_.replay.empty()) add_header("leat.replay", options_.replay);
    if (options_.key_schemas) {
        message_key_head_ = schema_head(message_key_schema());
        transaction_key_head_ = schema_head(transaction_key_schema());
    }
    if (options_.schemas_enable) {
        message_value_head_ = schema_head(message_schema(source_->connect_schema(), options_));
        transaction_value_head_ = schema_head(transaction_value_schema());
    }
}

DebeziumJsonEncoder::~DebeziumJsonEncoder() = default;

void DebeziumJsonEncoder::add_context_header(std::string_view name, std::string_view value) {
    add_header("__debezium.context." + std::string(name), value);
}

void DebeziumJsonEncoder::add_header(std::string name, std::string_view value) {
    std::string text = json::quoted(value);
    if (options_.header_schemas) text = schema_head(R"({"type":"string","optional":false})") + text + "}";
    headers_.emplace_back(std::move(name), std::move(text));
}

// Behind those that are the record's own.
void DebeziumJsonEncoder::put_context_headers() {
    for (auto& [name, value] : headers_) record_.headers.push_back({name, value});
}

const DebeziumTable& DebeziumJsonEncoder::table_of(const TableSchema& schema) {
    const DebeziumTable& table = tables_.get(schema, [&](const std::shared_ptr<const TableSchema>& kept) {
        return std::make_unique<DebeziumTable>(projection_.project(kept), options_, *source_);
    });
    if (message_database_.empty()) message_database_ = schema.database, message_pieces_.clear();
    return table;
}

Status DebeziumJsonEncoder::encode(const Change& change, const Transaction& transaction,
                                   int64_t captured_at_us, RecordSink& out) {
    if (options_.skipped_operations.find(static_cast<char>(change.op)) != std::string::npos) return {};
    record_.headers.clear();
    bool inside = !transaction.snapshot && (change.op != Op::message || change.transactional);
    if (options_.transaction_metadata && inside && transaction.id != transaction_)
        start_transaction(transaction, change.index);
    Context context{change, transaction, captured_at_us, out};
    if (change.op == Op::message) return encode_message(context), Status{};
    const DebeziumTable& table = table_of(*change.schema);
    if (change.op == Op::truncate) return encode_truncate(context, table), Status{};
    return encode_row(context, table);
}

Status DebeziumJsonEncoder::encode_row(const Context& context, const DebeziumTable& table) {
    const Change& change = context.change;
    const TupleView* before = change.has_before ? &change.before : nullptr;
    const TupleView* after = change.has_after ? &change.after : nullptr;
    if (change.op == Op::update && before && after && !table.same_key(*before, *after)) {
        // Other bytes may still be the same key (1.0 and 1.00), and the old row may not have the key at all.
        LEAT_ASSIGN(bool old_known, make_key(table, *before, nullptr, old_key_));
        LEAT_ASSIGN(bool known, make_key(table, *after, before, key_));
        if (old_known && known && old_key_.text() != key_.text()) return encode_key_update(context, table);
    }
    bool whole = before && after && !change.before_is_key;
    if (options_.skip_unchanged && change.op == Op::update && whole && table.same_row(*before, *after))
        return {};
    const TupleView* row = after ? after : before;
    if (!row) return fail(ErrorCode::BLOCK_MALFORMED, "a change has neither an old nor a new row");
    LEAT_ASSIGN(bool has_key, make_key(table, *row, after ? before : nullptr, key_));
    // A row that entered a selection by an update is new to whoever has the selection.
    bool entered = change.op == Op::create;
    LEAT_TRY(make_value(context, table, static_cast<char>(change.op), entered ? nullptr : before, after));
    put_context_headers();
    emit(context, table.topic(), has_key, true);
    if (change.op == Op::remove && has_key) tombstone(context, table.topic());
    return {};
}

// Consumers that know one key at a time see a delete of the old one and a new row.
Status DebeziumJsonEncoder::encode_key_update(const Context& context, const DebeziumTable& table) {
    const Change& change = context.change;
    put_key_header("__debezium.newkey", table, key_);
    std::swap(key_, old_key_);
    put_context_headers();
    LEAT_TRY(make_value(context, table, 'd', &change.before, nullptr));
    emit(context, table.topic(), true, true);
    tombstone(context, table.topic());

    record_.headers.clear();
    put_key_header("__debezium.oldkey", table, key_);
    std::swap(key_, old_key_);
    put_context_headers();
    LEAT_TRY(make_value(context, table, 'c', nullptr, &change.after));
    emit(context, table.topic(), true, true);
    return {};
}

// The key as it stands in a header, where it may have another form than as a key.
void DebeziumJsonEncoder::put_key_header(std::string_view name, const DebeziumTable& table,
                                         const ByteBuffer& key) {
    std::string_view object = key.text();
    if (size_t head = table.key_head().size()) object = object.substr(head, object.size() - head - 1);
    header_.clear();
    header_.put_text(table.header_head());
    header_.put_text(object);
    if (!table.header_head().empty()) header_.put_char('}');
    record_.headers.push_back({name, header_.text()});
}

void DebeziumJsonEncoder::encode_truncate(const Context& context, const DebeziumTable& table) {
    value_.clear();
    value_.put_text(table.value_head());
    value_.put_text("{\"before\":null,\"after\":null,");
    source_->write(table.source_pieces(), context.change, context.transaction, context.captured_at_us,
                   value_);
    put_transaction(context, &table);
    put_tail(context, 't');
    if (!table.value_head().empty()) value_.put_char('}');
    put_context_headers();
    emit(context, table.topic(), false, true);
}

void DebeziumJsonEncoder::encode_message(const Context& context) {
    const Change& change = context.change;
    if (!message_filter_->passes(change.message_prefix)) return;
    if (message_pieces_.empty()) message_pieces_ = source_->compile(nullptr, message_database_);
    key_.clear();
    key_.put_text(message_key_head_);
    key_.put_text("{\"prefix\":");
    json::put_string(key_, change.message_prefix);
    key_.put_char('}');
    value_.clear();
    value_.put_text(message_value_head_);
    value_.put_text("{\"op\":\"m\",\"ts_ms\":");
    json::put_int(value_, context.captured_at_us / 1000);
    value_.put_char(',');
    source_->write(message_pieces_, change, context.transaction, context.captured_at_us, value_);
    put_transaction(context, nullptr);
    value_.put_text(",\"message\":{\"prefix\":");
    json::put_string(value_, change.message_prefix);
    value_.put_text(",\"content\":");
    put_message_content(change, options_, value_);
    value_.put_text("}}");
    if (options_.key_schemas) key_.put_char('}');
    if (options_.schemas_enable) value_.put_char('}');
    if (!options_.replay.empty()) record_.headers.push_back({headers_.back().first, headers_.back().second});
    emit(context, message_topic_, true, true);
}

Result<bool> DebeziumJsonEncoder::make_key(const DebeziumTable& table, const TupleView& row,
                                           const TupleView* old, ByteBuffer& to) {
    to.clear();
    to.put_text(table.key_head());
    auto written = table.write_key(row, old, to);
    if (!table.key_head().empty()) to.put_char('}');
    return written;
}

Status DebeziumJsonEncoder::make_value(const Context& context, const DebeziumTable& table, char op,
                                       const TupleView* before, const TupleView* after) {
    value_.clear();
    value_.put_text(table.value_head());
    value_.put_text("{\"before\":");
    if (before)
        LEAT_TRY(table.write_row(*before, nullptr, value_));
    else
        value_.put_text("null");
    value_.put_text(",\"after\":");
    // What an update left alone stands in the old row, where the source sends that whole.
    const Change& change = context.change;
    const TupleView* old = change.has_before && !change.before_is_key ? &change.before : nullptr;
    if (after)
        LEAT_TRY(table.write_row(*after, old, value_));
    else
        value_.put_text("null");
    value_.put_char(',');
    source_->write(table.source_pieces(), context.change, context.transaction, context.captured_at_us,
                   value_);
    put_transaction(context, &table);
    put_tail(context, op);
    if (!table.value_head().empty()) value_.put_char('}');
    return {};
}

void DebeziumJsonEncoder::put_tail(const Context& context, char op) {
    if (context.captured_at_us != times_us_ || times_.empty()) {
        times_us_ = context.captured_at_us;
        times_.clear();
        times_.put_text("\",\"ts_ms\":");
        json::put_int(times_, times_us_ / 1000);
        times_.put_text(",\"ts_us\":");
        json::put_int(times_, times_us_);
        times_.put_text(",\"ts_ns\":");
        json::put_int(times_, times_us_);
        times_.put_text("000}");
    }
    value_.put_text(",\"op\":\"");
    value_.put_char(op);
    value_.put_text(times_.text());
}

void DebeziumJsonEncoder::emit(const Context& context, const std::string& topic, bool has_key,
                               bool has_value) {
    record_.topic = topic;
    record_.key = has_key ? std::optional(key_.text()) : std::nullopt;
    record_.value = has_value ? std::optional(value_.text()) : std::nullopt;
    context.out.write(record_);
}

// Has the headers of the delete before it.
void DebeziumJsonEncoder::tombstone(const Context& context, const std::string& topic) {
    if (options_.tombstones) emit(context, topic, true, false);
}

}  // namespace leat
