// PostgresSource: what the stream brings, and what becomes of transactions that cannot be kept here.
#include <fmt/core.h>

#include "source/postgres/postgres_source.h"

namespace leat::pg {

namespace {
constexpr uint32_t undecodable_max = 2;  // attempts without streaming, beside those with it
}

Status PostgresSource::take_message(Bytes copy_data) {
    pace_->count_message();
    LEAT_ASSIGN(auto message, decode_replication_message(copy_data));
    if (message.type == ReplicationMessage::Type::wal_data) {
        auto status = assembler_->take(message.wal);
        if (!status) return fail(assembly_error(std::move(status.error())));
        return signals_ && signals_->has_rows() ? carry_out_signals() : Status{};
    }
    assembler_->reached(message.keepalive.wal_end);
    reply_requested_ |= message.keepalive.reply_requested;
    return {};
}

// A part of a transaction that was kept until its commit. Nothing is read from the server meanwhile.
Status PostgresSource::replay() {
    LEAT_TRY(keep_alive());
    auto status = assembler_->replay();
    if (!status) return fail(assembly_error(std::move(status.error())));
    return signals_ && signals_->has_rows() ? carry_out_signals() : Status{};
}

// The server keeps large transactions too, if it is not asked to send them before their commit: nobody stops
// reading because there is no room here.
Error PostgresSource::assembly_error(Error error) {
    bool kept_there = error.code == ErrorCode::SPILL_FULL || error.code == ErrorCode::SPILL_FAILED ||
                      error.code == ErrorCode::PG_STREAMED_MESSAGE;
    return kept_there ? stop_streaming(std::move(error)) : error;
}

// Decoding a transaction before its end fails at times where decoding it afterwards does not (PostgreSQL 18:
// DDL in a subtransaction that was rolled back, and after it). It would fail again at each attempt.
Error PostgresSource::server_error(Error error) {
    bool internal = stream_->sqlstate().starts_with("XX");
    if (internal && streaming_) return stop_streaming(std::move(error));
    if (!internal) return stream_error(std::move(error));
    // Mistakes of the server that it makes each time: docs/adr/0007.
    error.action = fmt::format(
        "The server cannot decode a transaction. If it cannot at the next attempts either, begin anew with a "
        "snapshot: SELECT pg_drop_replication_slot('{}'); then start once with snapshot.mode: when_needed. "
        "The "
        "changes that were captured stay in the log.",
        options_.slot_name);
    bool again = ++undecodable_ >= undecodable_max && options_.snapshot_mode == SnapshotMode::when_needed;
    if (again) error.message += "; the slot is given up for a new one";
    error = stream_error(std::move(error));
    if (!again) return error;
    Status dropped = give_up_slot();
    if (!dropped) return std::move(dropped.error());
    undecodable_ = 0;
    return error;
}

Error PostgresSource::stop_streaming(Error error) {
    without_streaming_ = true;
    error.message += "; the server is asked to keep large transactions itself until the next connection";
    return stream_error(std::move(error));
}

}  // namespace leat::pg
