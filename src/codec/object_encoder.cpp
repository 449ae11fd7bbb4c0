#include "codec/object_encoder.h"

#include "codec/message_filter.h"
#include "codec/temporal.h"
#include "json/json_text.h"

namespace leat {

namespace {
std::string id_head(std::string_view source) {
    ByteBuffer text;
    json::put_escaped(text, source);
    text.put_char(':');
    return std::string(text.text());
}
}  // namespace

ObjectEncoder::ObjectEncoder(DebeziumOptions options, ColumnProjection columns,
                             std::span<const std::string_view> taken, bool parts_key_changes)
    : options_(std::move(options)),
      id_head_(id_head(options_.topic_prefix)),
      projection_(std::move(columns)),
      taken_(taken),
      parts_key_changes_(parts_key_changes),
      message_topic_(sanitized_topic(options_.topic_prefix + ".message")),
      message_filter_(std::make_unique<MessageFilter>(options_.message_prefix_include,
                                                      options_.message_prefix_exclude)) {}

ObjectEncoder::~ObjectEncoder() = default;

Status ObjectEncoder::encode(const Change& change, const Transaction& transaction, int64_t captured_at_us,
                             RecordSink& out) {
    char op = static_cast<char>(change.op);
    if (options_.skipped_operations.find(op) != std::string::npos) return {};
    bool outside = change.op == Op::message && !change.transactional;
    set_time(outside ? captured_at_us : transaction.commit_time_us);
    Told told{change, transaction, nullptr, op};
    told.outside = outside;
    if (change.op == Op::message) {
        if (!message_filter_->passes(change.message_prefix)) return {};
        key_.clear();
        key_.put_text("{\"prefix\":");
        json::put_string(key_, change.message_prefix);
        key_.put_char('}');
        record_.topic = message_topic_;
        return emit(told, key_.text(), out);
    }
    told.table = &tables_.get(*change.schema, [&](const std::shared_ptr<const TableSchema>& kept) {
        return std::make_unique<Table>(
            Table{RowTable(projection_.project(kept), options_, taken_), compile(kept.get())});
    });
    record_.topic = told.table->row.topic();
    return change.op == Op::truncate ? emit(told, std::nullopt, out) : encode_row(told, out);
}

Status ObjectEncoder::encode_row(Told told, RecordSink& out) {
    const Change& change = told.change;
    const RowTable& table = told.table->row;
    const TupleView* before = change.has_before ? &change.before : nullptr;
    told.after = change.has_after ? &change.after : nullptr;
    if (before && !change.before_is_key) told.old = before;
    if (change.op != Op::create) told.before = before;
    const TupleView* row = told.after ? told.after : before;
    if (!row) return fail(ErrorCode::BLOCK_MALFORMED, "a change has neither an old nor a new row");
    LEAT_ASSIGN(bool has_key, make_key(told, *row, told.after ? before : nullptr, key_));
    if (change.op == Op::update && before && told.after) {
        if (options_.skip_unchanged && told.old && table.same_row(*before, *told.after)) return {};
        if (has_key && !table.same_key(*before, *told.after)) {
            // Other bytes may still be the same key (1.0 and 1.00), and the old row may not have the key.
            LEAT_ASSIGN(bool had_key, make_key(told, *before, nullptr, old_key_));
            if (had_key && old_key_.text() != key_.text()) return encode_key_change(told, out);
        }
    }
    return emit(told, has_key ? std::optional(key_.text()) : std::nullopt, out);
}

// Who knows one row by its key, and has no old row in a record, sees the old one go and the new one come.
Status ObjectEncoder::encode_key_change(Told told, RecordSink& out) {
    if (!parts_key_changes_) {
        record_.old_key = old_key_.text();
        Status status = emit(told, key_.text(), out);
        record_.old_key.reset();
        return status;
    }
    Told gone = told, come = told;
    gone.op = 'd';
    gone.after = nullptr;
    gone.last = false;
    LEAT_TRY(emit(gone, old_key_.text(), out));
    come.op = 'c';
    come.before = nullptr;
    return emit(come, key_.text(), out);
}

Status ObjectEncoder::emit(const Told& told, std::optional<std::string_view> key, RecordSink& out) {
    value_.clear();
    record_.headers.clear();
    LEAT_TRY(put(told));
    record_.key = key;
    record_.value = value_.text();
    out.write(record_);
    return {};
}

Result<bool> ObjectEncoder::make_key(const Told& told, const TupleView& row, const TupleView* old,
                                     ByteBuffer& to) {
    to.clear();
    return told.table->row.write_key(row, old, to);
}

Status ObjectEncoder::put_row(const Told& told, const TupleView* row) {
    if (!row) return value_.put_text("null"), Status{};
    return told.table->row.write_known(*row, row == told.after ? told.old : nullptr, value_);
}

// All changes of a transaction have the same time: it is made into text once.
void ObjectEncoder::set_time(int64_t time_us) {
    if (time_us == time_us_ && !time_.empty()) return;
    time_us_ = time_us;
    time_.clear();
    put_iso_timestamp(time_, time_us, 6);
    time_.put_char('Z');
}

void ObjectEncoder::put_id(const Told& told, ByteBuffer& to) const {
    to.put_text(id_head_);
    put_id_numbers(told, to);
}

void ObjectEncoder::put_id_numbers(const Told& told, ByteBuffer& to) {
    uint64_t offset = told.change.offset.value ? told.change.offset.value : told.transaction.commit.value;
    json::put_uint(to, told.change.seq.value);
    to.put_char(':');
    json::put_uint(to, offset);
}

void ObjectEncoder::put_transaction_id(const Told& told, ByteBuffer& to) {
    const Transaction& transaction = told.transaction;
    if (told.outside || transaction.snapshot || !transaction.id.value) return to.put_text("null");
    to.put_char('"');
    json::put_uint(to, transaction.id.value);
    to.put_char('"');
}

std::string ObjectEncoder::replay_member(std::string_view name) const {
    if (options_.replay.empty()) return {};
    return "," + json::quoted(name) + ":" + json::quoted(options_.replay);
}

void ObjectEncoder::put_message_members(const Change& change) {
    value_.put_text("\"prefix\":");
    json::put_string(value_, change.message_prefix);
    value_.put_text(",\"content\":");
    put_message_content(change, options_, value_);
}

}  // namespace leat
