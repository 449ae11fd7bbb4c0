#include "source/postgres/stream/transaction_assembler.h"

#include <fmt/core.h>

namespace leat::pg {

namespace {
// A record: u64 place, u32 transaction, then the message from its type on, without its transaction. The place
// is that in the WAL; of a relation its number, which is what counts of it.
constexpr size_t place_bytes = 8, head_bytes = 12;

constexpr int records_at_once = 50000;         // before replay() returns, so that the server hears of us
constexpr size_t aborted_bytes_max = 8 << 20;  // of rolled back subtransactions' ids
}  // namespace

TransactionAssembler::TransactionAssembler(StreamDecoder& decoder, Spill& spill)
    : decoder_(decoder),
      spill_(spill),
      log_end_(decoder.resume().lsn),
      log_prepared_(decoder.resume().prepared) {}

Status TransactionAssembler::out_of_order(Bytes message, std::string_view what) const {
    return fail(ErrorCode::PG_PROTOCOL,
                fmt::format("message '{}' is out of order: {}", message_type(message), what));
}

Status TransactionAssembler::take(const WalData& wal) {
    LEAT_ASSERT(!replay_);
    if (!past_log_end_ && wal.start >= log_end_) {
        past_log_end_ = true;
        prepared_changed();
    }
    switch (message_type(wal.message)) {
        case 'S':
            return stream_start(wal.message);
        case 'E':
            return stream_stop(wal.message);
        case 'c':
            return stream_commit(wal.message);
        case 'A':
            return stream_abort(wal.message);
        case 'b':
            return begin_prepare(wal.message);
        case 'P':
            return prepare(wal.message);
        case 'p':
            return stream_prepare(wal.message);
        case 'K':
            return commit_prepared(wal.message);
        case 'r':
            return rollback_prepared(wal.message);
        default:
            return open_ ? keep(wal) : decoder_.decode(wal);
    }
}

void TransactionAssembler::reached(Lsn wal_end) {
    if (open_or_decoding()) return;
    if (!past_log_end_ && wal_end >= log_end_) {
        past_log_end_ = true;
        prepared_changed();
    }
    decoder_.reached(wal_end);
}

Result<TransactionAssembler::Transactions::iterator> TransactionAssembler::find(uint32_t xid, char type) {
    auto found = transactions_.find(xid);
    if (found == transactions_.end())
        return fail(ErrorCode::PG_PROTOCOL,
                    fmt::format("message '{}' is of transaction {}, of which nothing was sent", type, xid));
    return found;
}

// ---- transactions in progress ----

Status TransactionAssembler::stream_start(Bytes message) {
    LEAT_ASSIGN(auto start, decode_stream_start(message));
    if (open_or_decoding()) return out_of_order(message, "another transaction is open");
    auto& kept = transactions_[start.xid];
    if (start.first != (kept == nullptr) || (kept && kept->prepared.value))
        return out_of_order(message, start.first ? "the transaction has begun before" : "it has not begun");
    if (!kept) kept = std::make_unique<Kept>(spill_);
    open_ = kept.get();
    open_xid_ = start.xid;
    open_is_streamed_ = true;
    return {};
}

Status TransactionAssembler::stream_stop(Bytes message) {
    LEAT_TRY(decode_stream_stop(message));
    if (!open_ || !open_is_streamed_) return out_of_order(message, "no stream was started");
    open_ = nullptr;
    return {};
}

Status TransactionAssembler::stream_commit(Bytes message) {
    LEAT_ASSIGN(auto commit, decode_stream_commit(message));
    if (open_or_decoding()) return out_of_order(message, "another transaction is open");
    LEAT_ASSIGN(auto found, find(commit.xid, 'c'));
    if (found->second->prepared.value) return out_of_order(message, "the transaction is prepared");
    return start_replay(found, commit.commit);
}

Status TransactionAssembler::stream_abort(Bytes message) {
    LEAT_ASSIGN(auto abort, decode_stream_abort(message));
    if (open_or_decoding()) return out_of_order(message, "another transaction is open");
    // The server may find out that a transaction was rolled back before it has sent anything of it, and still
    // tell its end.
    auto found = transactions_.find(abort.xid);
    if (found == transactions_.end()) return {};
    Kept& kept = *found->second;
    if (kept.prepared.value) return out_of_order(message, "the transaction is prepared");
    if (abort.aborted != abort.xid) return abort_subtransaction(kept, abort.aborted);
    aborted_bytes_ -= kept.aborted.bytes();
    transactions_.erase(found);
    return {};
}

Status TransactionAssembler::abort_subtransaction(Kept& kept, uint32_t xid) {
    // The server gives every such message the top-level transaction, whatever subtransaction it is of.
    if (kept.has_messages)
        return fail(ErrorCode::PG_STREAMED_MESSAGE,
                    "a part of a streamed transaction was rolled back, and the server does not say whether a "
                    "message of pg_logical_emit_message in it was");
    aborted_bytes_ -= kept.aborted.bytes();
    kept.aborted.insert(xid);
    aborted_bytes_ += kept.aborted.bytes();
    if (aborted_bytes_ <= aborted_bytes_max) return {};
    return fail(ErrorCode::SPILL_FULL, "too many subtransactions of streamed transactions were rolled back");
}

// ---- two-phase commit ----

Status TransactionAssembler::begin_prepare(Bytes message) {
    LEAT_ASSIGN(auto prepare, decode_prepare(message));
    if (open_or_decoding()) return out_of_order(message, "another transaction is open");
    auto& kept = transactions_[prepare.xid];
    if (kept) return out_of_order(message, "the transaction has begun before");
    kept = std::make_unique<Kept>(spill_);
    kept->prepared = prepare.prepare_lsn;
    open_ = kept.get();
    open_xid_ = prepare.xid;
    open_is_streamed_ = false;
    open_relations_.clear();
    prepared_changed();
    return {};
}

Status TransactionAssembler::prepare(Bytes message) {
    LEAT_ASSIGN(auto prepare, decode_prepare(message));
    if (!open_ || open_is_streamed_ || open_xid_ != prepare.xid)
        return out_of_order(message, "the transaction has not begun");
    open_ = nullptr;
    return {};
}

Status TransactionAssembler::stream_prepare(Bytes message) {
    LEAT_ASSIGN(auto prepare, decode_prepare(message));
    if (open_or_decoding()) return out_of_order(message, "another transaction is open");
    LEAT_ASSIGN(auto found, find(prepare.xid, 'p'));
    if (found->second->prepared.value) return out_of_order(message, "the transaction is prepared already");
    found->second->prepared = prepare.prepare_lsn;
    prepared_changed();
    return {};
}

Status TransactionAssembler::commit_prepared(Bytes message) {
    LEAT_ASSIGN(auto prepared, decode_commit_prepared(message));
    if (open_or_decoding()) return out_of_order(message, "another transaction is open");
    auto found = transactions_.find(prepared.xid);
    if (found == transactions_.end() || !found->second->prepared.value) {
        // One that was prepared and committed before the place where the log ends.
        if (prepared.commit.commit_lsn < decoder_.position()) return {};
        return fail(
            ErrorCode::PG_PREPARED_LOST,
            fmt::format("the prepared transaction {} was committed at {}, but the server did not send "
                        "what it changed",
                        prepared.xid, format_lsn(prepared.commit.commit_lsn)),
            "Drop the slot (SELECT pg_drop_replication_slot('SLOT')), and start once with snapshot.mode: "
            "when_needed: a new snapshot is taken. The changes that were captured stay in the log.");
    }
    return start_replay(found, prepared.commit);
}

Status TransactionAssembler::rollback_prepared(Bytes message) {
    LEAT_ASSIGN(auto rollback, decode_rollback_prepared(message));
    if (open_or_decoding()) return out_of_order(message, "another transaction is open");
    // Also sent of one that was prepared before the stream began.
    auto found = transactions_.find(rollback.xid);
    if (found == transactions_.end()) return {};
    aborted_bytes_ -= found->second->aborted.bytes();
    transactions_.erase(found);
    prepared_changed();
    return {};
}

// The server must not be told of more than the oldest one's PREPARE: it would not send it again.
void TransactionAssembler::prepared_changed() {
    Lsn oldest = past_log_end_ ? Lsn() : log_prepared_;
    for (auto& [xid, kept] : transactions_)
        if (kept->prepared.value && (!oldest.value || kept->prepared < oldest)) oldest = kept->prepared;
    decoder_.keep_prepared(oldest);
}

// ---- what is kept ----

Status TransactionAssembler::keep(const WalData& wal) {
    switch (message_type(wal.message)) {
        case 'I':
        case 'U':
        case 'D':
        case 'T':
        case 'R':
        case 'M':
        case 'Y':
            return open_is_streamed_ ? keep_streamed(wal) : keep_prepared(wal);
        case 'O':  // the one that has no transaction
            LEAT_TRY(decode_origin(wal.message));
            return {};
        case 'B':
        case 'C':
            return out_of_order(wal.message, "another transaction is open");
        default:
            return decoder_.decode(wal);  // which has a name for it
    }
}

// The server sends the relations anew for each of these transactions.
Status TransactionAssembler::keep_streamed(const WalData& wal) {
    LEAT_ASSIGN(auto message, split_streamed(wal.message));
    if (message.type == 'M') open_->has_messages = true;
    uint64_t place = message.type == 'R' ? decoder_.number_relation() : wal.start.value;
    return append(place, message.xid, message.type, message.body);
}

// The server does not repeat the relations that it has sent before, nor afterwards those that it sends now.
// So they count at once, and each that is used is kept as it is known now.
Status TransactionAssembler::keep_prepared(const WalData& wal) {
    char type = message_type(wal.message);
    Bytes body = wal.message.subspan(1);
    if (type == 'R') {
        LEAT_ASSIGN(auto announced, decode_relation(wal.message));
        LEAT_TRY(decoder_.relation(wal.message, decoder_.number_relation()));
        open_relations_.erase(announced.relation);
        return {};
    }
    if (type == 'T') {
        LEAT_ASSIGN(auto truncate, decode_truncate(wal.message));
        for (uint32_t oid : truncate.relations) LEAT_TRY(keep_relation_of(oid));
    } else if (type != 'M' && type != 'Y') {
        LEAT_TRY(keep_relation_of(NetworkCursor(body).u32()));
    }
    return append(wal.start.value, open_xid_, type, body);
}

Status TransactionAssembler::keep_relation_of(uint32_t oid) {
    if (!open_relations_.insert(oid).second) return {};
    auto known = decoder_.known_relation(oid);
    if (!known) return {};  // the row will be refused
    return append(known->number, open_xid_, 'R', known->message.subspan(1));
}

Status TransactionAssembler::append(uint64_t place, uint32_t xid, char type, Bytes body) {
    uint8_t head[head_bytes + 1];
    store(head, place);
    store(head + place_bytes, xid);
    head[head_bytes] = static_cast<uint8_t>(type);
    return open_->records.append({head, body});
}

Status TransactionAssembler::start_replay(Transactions::iterator found, const CommitMessage& commit) {
    uint32_t xid = found->first;
    replay_ = std::move(found->second);
    replay_->commit = commit;
    transactions_.erase(found);
    return decoder_.begin({commit.commit_lsn, commit.commit_time_us, xid}, StreamDecoder::Order::kept);
}

Status TransactionAssembler::replay() {
    for (int i = 0; i < records_at_once && !decoder_.block_is_full(); ++i) {
        LEAT_ASSIGN(auto record, replay_->records.next());
        if (record) {
            LEAT_TRY(replay_record(*record));
            continue;
        }
        auto done = std::move(replay_);
        aborted_bytes_ -= done->aborted.bytes();
        if (done->prepared.value) prepared_changed();
        return decoder_.commit(done->commit);
    }
    return {};
}

Status TransactionAssembler::replay_record(Bytes record) {
    if (record.size() <= head_bytes) return fail(ErrorCode::SPILL_FAILED, "a spilled message is too short");
    if (replay_->aborted.contains(load<uint32_t>(record.data() + place_bytes))) return {};
    Lsn place(load<uint64_t>(record.data()));
    Bytes message = record.subspan(head_bytes);
    if (message_type(message) == 'R') return decoder_.relation(message, place.value);
    return decoder_.decode({place, place, message});
}

}  // namespace leat::pg
