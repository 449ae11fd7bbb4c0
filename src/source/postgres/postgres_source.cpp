#include "source/postgres/postgres_source.h"

#include <fmt/core.h>

#include <algorithm>
#include <thread>

#include "base/logging.h"
#include "source/postgres/server/publication.h"
#include "source/postgres/wire/start_replication.h"

namespace leat::pg {

using namespace std::chrono_literals;

namespace {
constexpr int64_t late_us = 10000;        // since its commit: the source lags
constexpr auto status_delay = 200ms;      // between news of durability and telling the server
constexpr auto incremental_delay = 10ms;  // until it is noticed that a chunk was read
constexpr auto ask_delay = 50ms;          // between questions how far an idle server's stream is
constexpr int silent_intervals_max = 6;   // status intervals without a byte: the connection is dead
}  // namespace

PostgresSource::PostgresSource(Options options) : options_(std::move(options)) {
    if (!options_.spill) options_.spill = std::make_shared<SpillSpace>("", 0);
}

PostgresSource::~PostgresSource() {
    close();
    // A slot that it never read from may be somebody else's.
    bool made_something =
        options_.temporary ? !publications_.names.empty() : options_.drop_slot_on_stop && streamed_;
    if (!made_something || !sql_) return;
    if (!sql_->alive() && !connect_sql({})) return;
    auto drop_own_slot = [&]() -> Status {
        LEAT_TRY(wait_until_slot_is_free({}));  // our own reader may not be gone yet
        return drop_slot(*sql_, options_.slot_name, {});
    };
    auto status = options_.temporary ? drop_publications(*sql_, options_, {}) : drop_own_slot();
    if (!status) log_error(LogLevel::warning, options_.name, "cleaning up failed", status.error());
}

Status PostgresSource::connect_sql(std::stop_token stop) {
    LEAT_ASSIGN(auto connection,
                Connection::open(options_.keywords, Connection::Kind::sql, "leat " + options_.name, stop));
    sql_ = std::move(connection);
    if (stream_) sql_->set_patience(answer_deadline());
    catalog_.emplace(*sql_, PQdb(sql_->raw()), options_.columns);
    if (publications_.main != 0) catalog_->set_publications(publications_.main, publications_.inserts);
    return {};
}

Status PostgresSource::connect(std::stop_token stop) {
    // A temporary source's session holds its advisory lock: it is kept. Another's may have died unnoticed.
    if (!options_.temporary || !sql_ || !sql_->alive()) LEAT_TRY(connect_sql(stop));
    return {};
}

Result<ServerIdentity> PostgresSource::connect_replication(std::stop_token stop) {
    LEAT_ASSIGN(auto replication, Connection::open(options_.keywords, Connection::Kind::replication,
                                                   "leat " + options_.name, stop));
    replication_ = std::move(replication);
    return identify_system(*replication_, stop);
}

// ---- streaming ----

Status PostgresSource::start_streaming(std::stop_token stop) {
    StreamRequest request{replication_->server_version(),
                          options_.slot_name,
                          state_.start(),
                          publications_.names,
                          options_.streaming,
                          options_.two_phase};
    // Where transactions in progress could not be kept here, the server keeps them until the next connection.
    if (std::exchange(without_streaming_, false)) request.streaming = false;
    // A temporary slot does not survive the connection, so that there would be no way back.
    if (options_.temporary) request.streaming = false;
    streaming_ = request.streaming;
    stream_ =
        std::make_unique<FrameStream>(*replication_, options_.change_bytes_max,
                                      [this](const ServerMessage& notice) { return check_notice(notice); });
    Status started = stream_->start(start_replication_command(request), stop);
    if (!started) return fail(reopened(std::move(started.error())));
    decoder_ = std::make_unique<StreamDecoder>(
        state_, in_log_, [this](const RelationMessage& message) { return describe_relation(message); },
        options_.block_bytes, options_.columns);
    spill_ = std::make_unique<Spill>(options_.spill, options_.spill_memory_bytes);
    assembler_ = std::make_unique<TransactionAssembler>(*decoder_, *spill_);
    // What was told of the slot is remembered across reconnects; a temporary one does not outlive us anyway.
    if (!watch_ && !options_.temporary) watch_.emplace(options_);
    streamed_ = true;
    asked_.clear();  // they were read
    left_out_ = 0;
    stop_ = stop;
    status_sent_ = received_ = position_taken_ = SteadyClock::now();
    last_fill_ = 0;
    pace_.emplace(PQsocket(replication_->raw()));
    sql_->set_patience(answer_deadline());
    return start_incremental();
}

// The stream stands still while the reader thread asks something.
std::chrono::milliseconds PostgresSource::answer_deadline() const {
    return std::min<std::chrono::milliseconds>(options_.status_interval * silent_intervals_max, 30s);
}

Result<std::shared_ptr<const TableSchema>> PostgresSource::describe_relation(const RelationMessage& message) {
    if (!options_.tables.selects(message.schema, message.name)) return nullptr;
    if (signals_ && fmt::format("{}.{}", message.schema, message.name) == options_.signal_table)
        signals_->set_table(message.relation);
    if (!sql_->alive()) LEAT_TRY(connect_sql(stop_));
    LEAT_ASSIGN(auto info, catalog_->table(message.relation, stop_));
    LEAT_ASSIGN(auto definition, catalog_->define(message, info, stop_));
    return schemas_->assign(std::move(definition));
}

Result<std::optional<Block>> PostgresSource::read(std::chrono::milliseconds wait) {
    auto deadline = SteadyClock::now() + wait;
    while (true) {
        // A unit's blocks follow one another.
        if (!merged_.empty()) {
            Block block = std::move(merged_.front());
            merged_.pop_front();
            return block;
        }
        tell_completed();
        if (stops_for_snapshot_)
            return fail(ErrorCode::SNAPSHOT_REQUESTED,
                        "the stream stops while tables are read, as a signal asked for");
        while (!merge_is_due() && !inner_signals_wait()) {
            if (assembler_->replaying()) {
                LEAT_TRY(replay());
            } else {
                auto frame = stream_->next();
                if (!frame) return fail(server_error(std::move(frame.error())));
                if (!*frame) break;
                LEAT_TRY(take_message(**frame));
            }
            if (decoder_->block_is_full() || !to_ask_.empty()) return take_block();
        }
        if (inner_signals_wait()) {
            LEAT_TRY(carry_out_inner_signals());
            return take_block();
        }
        if (merge_is_due() && !decoder_->has_changes()) {
            LEAT_TRY(merge());
            continue;
        }
        if (stream_->ended()) return fail(ErrorCode::PG_CONNECTION_LOST, "the server ended the stream");
        LEAT_TRY(send_status_if_due());
        LEAT_TRY(watch());
        if ((decoder_->has_changes() && !decoder_->in_transaction()) || position_is_due()) {
            position_taken_ = SteadyClock::now();
            return take_block();
        }
        auto now = SteadyClock::now();
        if (now >= deadline) return std::nullopt;
        auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now);
        auto wait_max = incremental_ ? incremental_delay : status_delay;
        auto pause = pace_->pause(last_fill_, wall_time_us() - decoder_->commit_time_us() > late_us);
        if (pause > 0us) std::this_thread::sleep_for(pause);
        LEAT_ASSIGN(last_fill_, stream_->fill(std::min<std::chrono::milliseconds>(left, wait_max)));
        if (incremental_)
            incremental_->set_behind(last_fill_ > 0 && wall_time_us() - decoder_->commit_time_us() >
                                                           options_.incremental_lag_max.count() * 1000);
        if (last_fill_ > 0)
            received_ = SteadyClock::now();
        else
            LEAT_TRY(check_alive());
    }
}

Error PostgresSource::stream_error(Error error) const {
    error.message += fmt::format(" (in the WAL after {})", format_lsn(decoder_->position()));
    return reopened(std::move(error));
}

// An idle database: the position moves with other databases' WAL, and is appended now and then so that it can
// be confirmed. Where heartbeats are asked for, readers of the log see one in it.
bool PostgresSource::position_is_due() const {
    if (decoder_->in_transaction()) return false;
    auto since = SteadyClock::now() - position_taken_;
    bool heartbeat = options_.heartbeat_interval > 0ms && since >= options_.heartbeat_interval;
    return heartbeat || (decoder_->position_moved() && since >= options_.status_interval);
}

Status PostgresSource::keep_alive() {
    received_ = SteadyClock::now();  // who does not listen cannot call the other silent
    // The server is not read from meanwhile, so that its requests for a reply are not seen: it is told
    // unasked.
    if (stream_ && SteadyClock::now() - status_sent_ >=
                       std::min<std::chrono::milliseconds>(options_.status_interval, 1s))
        LEAT_TRY(send_status(false));
    return stream_ ? watch() : Status{};
}

Status PostgresSource::send_status_if_due() {
    auto since = SteadyClock::now() - status_sent_;
    bool news = durable_ != told_ && since >= status_delay;
    // An idle server tells only when it is asked that the stream has passed what a chunk waits for.
    if (incremental_ && incremental_->waits_beyond(decoder_->position()) && since >= ask_delay) {
        LEAT_TRY(move_idle_server());
        return send_status(true);
    }
    if (reply_requested_ || news || since >= options_.status_interval) return send_status(false);
    return {};
}

Status PostgresSource::send_status(bool reply_requested) {
    told_ = durable_;
    reply_requested_ = false;
    status_sent_ = SteadyClock::now();
    ByteBuffer frame;
    encode_status_update(Lsn(told_), reply_requested, frame);
    return stream_->send(frame.view());
}

// A connection that is cut without a word looks like an idle one: ask for an answer, and give up without one.
Status PostgresSource::check_alive() {
    auto silent = SteadyClock::now() - received_;
    if (silent >= options_.status_interval * silent_intervals_max)
        return fail(ErrorCode::PG_CONNECTION_LOST,
                    fmt::format("the server has not answered for {} ms",
                                std::chrono::duration_cast<std::chrono::milliseconds>(silent).count()));
    if (silent >= options_.status_interval &&
        SteadyClock::now() - status_sent_ >= options_.status_interval / 2)
        return send_status(true);
    return {};
}

void PostgresSource::confirm(const Position& durable) {
    auto state = ResumeState::decode(durable.bytes);
    if (state && state->phase == ResumeState::Phase::streaming) durable_ = state->start().value;
}

void PostgresSource::close() {
    // The last news of what is durable: a standby that was promoted while it was read knows by it that its
    // reader was its own (resume_check.cpp).
    if (stream_ && decoder_ && !stream_->ended() && durable_ != told_) static_cast<void>(send_status(false));
    incremental_.reset();
    merged_.clear();
    to_ask_.clear();
    stops_for_snapshot_ = false;
    stream_.reset();
    assembler_.reset();
    spill_.reset();
    decoder_.reset();
    replication_.reset();
}

std::string PostgresSource::describe(const Position& position) const {
    auto state = ResumeState::decode(position.bytes);
    return state ? format_lsn(state->lsn) : "unknown";
}

}  // namespace leat::pg
