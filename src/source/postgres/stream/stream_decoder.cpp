#include "source/postgres/stream/stream_decoder.h"

#include <fmt/core.h>

#include "source/postgres/server/server_watch.h"

namespace leat::pg {

StreamDecoder::StreamDecoder(ResumeState resume,
                             const std::vector<std::shared_ptr<const TableSchema>>& in_log,
                             DescribeTable describe, size_t block_bytes, const ColumnRules& columns)
    : resume_(std::move(resume)),
      describe_(std::move(describe)),
      block_bytes_(block_bytes),
      columns_(columns),
      builder_(std::min<size_t>(block_bytes, 64 << 10)),
      position_taken_(resume_.lsn) {
    for (auto& schema : in_log) in_log_.insert(schema->id);
}

Status StreamDecoder::out_of_order(char type) const {
    return fail(ErrorCode::PG_PROTOCOL, fmt::format("message '{}' {} a transaction", type,
                                                    in_transaction_ ? "inside of" : "outside of"));
}

Status StreamDecoder::decode(const WalData& wal) {
    char type = message_type(wal.message);
    switch (type) {
        case 'I':
        case 'U':
        case 'D':
            return row(type, wal);
        case 'B': {
            LEAT_ASSIGN(auto message, decode_begin(wal.message));
            return begin(message);
        }
        case 'C': {
            LEAT_ASSIGN(auto message, decode_commit(wal.message));
            return commit(message);
        }
        case 'R':
            return relation(wal.message, number_relation());
        case 'T':
            return truncate(wal);
        case 'M':
            return logical_message(wal);
        case 'Y':
            LEAT_TRY(decode_type(wal.message));
            return {};
        case 'O':
            LEAT_TRY(decode_origin(wal.message));
            return {};
        default:
            return fail(ErrorCode::PG_MESSAGE_MALFORMED,
                        fmt::format("unknown message type {:#04x} at {}", static_cast<uint8_t>(type),
                                    format_lsn(wal.start)),
                        "Nothing was skipped. Report it with the server's version.");
    }
}

Status StreamDecoder::begin(const BeginMessage& message, Order order) {
    if (in_transaction_) return out_of_order('B');
    in_transaction_ = true;
    order_ = order;
    in_log_already_ = message.final_lsn < resume_.lsn;
    transaction_ = {TransactionId(message.xid), message.final_lsn, message.commit_time_us, resume_.committed,
                    false};
    changes_ = 0;
    shown_.clear();
    for (const Visibility& snapshot : resume_.snapshots) shown_.push_back(snapshot.shows(message.xid));
    return {};
}

Status StreamDecoder::commit(const CommitMessage& message) {
    if (!in_transaction_) return out_of_order('C');
    if (!in_log_already_ && message.end_lsn < resume_.lsn)
        return fail(
            ErrorCode::PG_PROTOCOL,
            fmt::format("a transaction ends at {}, which is before the one that was committed earlier",
                        format_lsn(message.end_lsn)));
    // A transaction none of whose changes are captured leaves no trace but the position. One whose last
    // change filled a block is continued in the next to be ended there.
    if (changes_ > 0) {
        open_transaction();
        builder_.end_transaction(changes_, message.end_lsn);
    }
    in_transaction_ = false;
    if (order_ == Order::kept) keep_relations();
    if (in_log_already_) return {};
    resume_.lsn = resume_.committed = message.end_lsn;
    if (!resume_.tables.empty()) refresh_snapshots();
    if (observer_) observer_->committed(xid(), resume_.lsn);
    return {};
}

void StreamDecoder::refresh_snapshots() {
    size_t before = resume_.tables.size();
    resume_.drop_passed();
    if (resume_.tables.size() == before) return;
    for (auto& [oid, relation] : relations_) relation.snapshot = snapshot_of(oid);
}

int StreamDecoder::snapshot_of(uint32_t oid) const {
    int snapshot = -1;
    for (const TableVisibility& table : resume_.tables)
        if (table.table == oid) snapshot = static_cast<int>(table.snapshot);
    return snapshot;
}

void StreamDecoder::reached(Lsn wal_end) {
    if (in_transaction_ || wal_end <= resume_.lsn) return;
    resume_.lsn = wal_end;
    if (!resume_.tables.empty()) refresh_snapshots();
}

// ---- relations ----

Status StreamDecoder::relation(Bytes message, uint64_t number) {
    LEAT_ASSIGN(auto announced, decode_relation(message));
    Relation relation;
    relation.message.put_bytes(message);
    relation.number = number;
    relation.snapshot = snapshot_of(announced.relation);
    last_relation_ = nullptr;
    if (!in_transaction_ || order_ == Order::as_received) {
        relations_.insert_or_assign(announced.relation, std::move(relation));
        return {};
    }
    auto known = relations_.find(announced.relation);
    if (known != relations_.end() && known->second.number == number)
        kept_relations_.erase(announced.relation);
    else
        kept_relations_.insert_or_assign(announced.relation, std::move(relation));
    return {};
}

std::optional<StreamDecoder::KnownRelation> StreamDecoder::known_relation(uint32_t oid) const {
    auto known = relations_.find(oid);
    if (known == relations_.end()) return std::nullopt;
    return KnownRelation{known->second.message.view(), known->second.number};
}

// From here on the server takes them as known, except those that it announced anew meanwhile.
void StreamDecoder::keep_relations() {
    for (auto& [oid, relation] : kept_relations_) {
        Relation& known = relations_[oid];
        if (known.number < relation.number) known = std::move(relation);
    }
    kept_relations_.clear();
    last_relation_ = nullptr;
}

Status StreamDecoder::describe(Relation& relation) {
    LEAT_ASSIGN(auto announced, decode_relation(relation.message.view()));
    LEAT_ASSIGN(auto schema, describe_(announced));
    if (schema) {
        relation.schema = schema;
        LEAT_TRY(set_columns(relation, announced));
    }
    relation.schema = std::move(schema);
    relation.described = true;
    return {};
}

Status StreamDecoder::set_columns(Relation& relation, const RelationMessage& announced) {
    const TableSchema& schema = *relation.schema;
    relation.streamed_columns = announced.columns.size();
    for (uint32_t i = 0; i < announced.columns.size(); ++i) {
        size_t next = relation.captured.size();
        if (next == schema.column_count() || schema.columns[next].name != announced.columns[i].name) continue;
        relation.captured.push_back(i);
        relation.columns.push_back(make_column_decoder(schema, next, columns_));
    }
    bool all = columns_.empty();
    if (relation.captured.size() != schema.column_count() ||
        (all && schema.column_count() != relation.streamed_columns))
        return fail(ErrorCode::INTERNAL, "a described table has other columns than the server announced");
    if (schema.column_count() == relation.streamed_columns) relation.captured.clear();
    return {};
}

namespace {

// What is left of a tuple whose table is captured without some of its columns.
Status keep_captured(const std::vector<uint32_t>& captured, size_t streamed_columns, Tuple& tuple) {
    if (tuple.size() != streamed_columns)
        return fail(
            ErrorCode::PG_MESSAGE_MALFORMED,
            fmt::format("a row has {} columns where its table has {}", tuple.size(), streamed_columns));
    for (size_t i = 0; i < captured.size(); ++i) tuple[i] = tuple[captured[i]];
    tuple.resize(captured.size());
    return {};
}

}  // namespace

Result<StreamDecoder::Relation*> StreamDecoder::find(uint32_t oid) {
    if (last_relation_ && last_oid_ == oid) return last_relation_;
    auto found = kept_relations_.find(oid);
    if (found == kept_relations_.end()) found = relations_.find(oid);
    if (found == relations_.end())
        return fail(ErrorCode::PG_PROTOCOL,
                    fmt::format("a row of relation {} came before its description", oid));
    last_oid_ = oid;
    last_relation_ = &found->second;
    return last_relation_;
}

// Null if the table is not captured, or what the open transaction did to it is in the log.
Result<StreamDecoder::Relation*> StreamDecoder::find_captured(uint32_t oid) {
    LEAT_ASSIGN(Relation * relation, find(oid));
    if (in_log_already_ || (relation->snapshot >= 0 && shown_[static_cast<size_t>(relation->snapshot)]))
        return nullptr;
    if (!relation->described) [[unlikely]]
        LEAT_TRY(describe(*relation));
    return relation->schema ? relation : nullptr;
}

// The transaction's record is written with its first change, and again in each further block.
void StreamDecoder::open_transaction() {
    if (!builder_.in_transaction()) builder_.begin_transaction(transaction_, changes_);
}

void StreamDecoder::announce(Relation& relation) {
    if (relation.in_log) return;
    relation.in_log = true;
    if (in_log_.insert(relation.schema->id).second) builder_.add_schema(*relation.schema);
}

void StreamDecoder::set_in_log(const TableSchema& schema) { in_log_.insert(schema.id); }

Result<Op> StreamDecoder::operation(char type) const {
    if (!in_transaction_) return fail(std::move(out_of_order(type).error()));
    return type == 'I' ? Op::create : type == 'U' ? Op::update : Op::remove;
}

Status StreamDecoder::row(char type, const WalData& wal) {
    LEAT_ASSIGN(Op op, operation(type));
    LEAT_TRY(decode_row(wal.message, row_));
    LEAT_ASSIGN(Relation * relation, find_captured(row_.relation));
    if (!relation) return {};
    if (relation->columns.size() != relation->streamed_columns) {
        const auto& captured = relation->captured;
        if (row_.old_kind) LEAT_TRY(keep_captured(captured, relation->streamed_columns, row_.old_tuple));
        if (row_.has_new) LEAT_TRY(keep_captured(captured, relation->streamed_columns, row_.new_tuple));
    }
    announce(*relation);
    open_transaction();
    builder_.begin_row(op, *relation->schema, wal.start);
    Status status;
    if (row_.old_kind) {
        bool key_only = row_.old_kind == 'K';
        builder_.begin_before(key_only);
        status = put_tuple(*relation, row_.old_tuple, nullptr, key_only);
    }
    if (status && row_.has_new) {
        builder_.begin_after();
        // Under FULL the old row has the TOASTed values that the update left alone.
        status =
            put_tuple(*relation, row_.new_tuple, row_.old_kind == 'O' ? &row_.old_tuple : nullptr, false);
    }
    if (!status) {
        builder_.abort_row();
        status.error().message +=
            fmt::format(" (table {}, at {})", relation->schema->qualified_name(), format_lsn(wal.start));
        return status;
    }
    builder_.end_row();
    ++changes_;
    if (observer_ && observer_->watches(row_.relation)) observer_->row(op, xid(), *relation->schema, row_);
    return {};
}

Status StreamDecoder::put_tuple(const Relation& relation, const Tuple& tuple, const Tuple* old,
                                bool key_only) {
    size_t columns = relation.columns.size();
    if (tuple.size() != columns || (old && old->size() != columns))
        return fail(ErrorCode::PG_MESSAGE_MALFORMED,
                    fmt::format("a row has {} columns where its table has {}", tuple.size(), columns));
    for (size_t i = 0; i < columns; ++i) {
        if (key_only && !relation.schema->columns[i].identity) {
            builder_.set_state(i, ValueState::absent);  // the server fills the others with nulls
            continue;
        }
        bool from_old = tuple[i].kind == TupleValue::Kind::unchanged && old;
        LEAT_TRY(put_value(relation, i, from_old ? (*old)[i] : tuple[i]));
    }
    builder_.end_tuple();
    return {};
}

Status StreamDecoder::put_value(const Relation& relation, size_t column, const TupleValue& value) {
    switch (value.kind) {
        case TupleValue::Kind::text: {
            auto status = relation.columns[column](value.text, column, builder_);
            if (!status)
                status.error().message += fmt::format(" (column {})", relation.schema->columns[column].name);
            return status;
        }
        case TupleValue::Kind::null:
            relation.columns[column].put_state(ValueState::null, column, builder_);
            return {};
        case TupleValue::Kind::unchanged:
            relation.columns[column].put_state(ValueState::unchanged, column, builder_);
            return {};
    }
    return {};
}

Status StreamDecoder::truncate(const WalData& wal) {
    if (!in_transaction_) return out_of_order('T');
    LEAT_ASSIGN(auto message, decode_truncate(wal.message));
    for (uint32_t oid : message.relations) {
        LEAT_ASSIGN(Relation * relation, find_captured(oid));
        if (!relation) continue;
        announce(*relation);
        open_transaction();
        builder_.add_truncate(*relation->schema, wal.start, message.cascade, message.restart_identity);
        ++changes_;
        if (observer_ && observer_->watches(oid)) observer_->truncate(xid(), *relation->schema);
    }
    return {};
}

Status StreamDecoder::logical_message(const WalData& wal) {
    LEAT_ASSIGN(auto message, decode_logical_message(wal.message));
    if (message.transactional) {
        if (!in_transaction_) return out_of_order('M');
        if (in_log_already_) return {};
        open_transaction();
        builder_.add_message(message.lsn, true, message.prefix, message.content);
        ++changes_;
        return {};
    }
    if (in_transaction_) return out_of_order('M');
    // Its place is the end of its record, where the next one may begin, a commit: the position is not a byte
    // further. At the position or before, it was sent again, as transactions are that are in the log already.
    if (message.lsn <= resume_.lsn) return {};
    if (message.prefix != heartbeat_prefix)
        builder_.add_message(message.lsn, false, message.prefix, message.content);
    resume_.lsn = message.lsn;
    return {};
}

Block StreamDecoder::take() {
    bool ends = !in_transaction_;
    BlockFlags flags = 0;
    if (!unit_open_) flags = flags | BlockFlag::unit_begin;
    unit_open_ = !ends;
    if (!ends) return builder_.finish(flags);
    position_taken_ = resume_.lsn;
    return builder_.finish(flags | BlockFlag::unit_end, resume_.encode().bytes);
}

}  // namespace leat::pg
