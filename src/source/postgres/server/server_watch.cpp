#include "source/postgres/server/server_watch.h"

#include <fmt/core.h>

#include "base/logging.h"
#include "base/text.h"
#include "source/postgres/server/catalog_queries.h"
#include "source/postgres/server/resume_check.h"

namespace leat::pg {

using namespace std::chrono_literals;

namespace {
constexpr auto told_again_after = 10min;
constexpr auto action_timeout = 10s;
}  // namespace

ServerWatch::ServerWatch(const Options& options)
    : options_(options),
      look_sql_(look_sql()),
      budget_(options.wal_budget_bytes, options.wal_policy),
      acted_(SteadyClock::now()) {}

// One row: the WAL's end, the slot (null: not found) and the publication's OID.
std::string ServerWatch::look_sql() const {
    return fmt::format(
        "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, "
        "pg_is_in_recovery(), s.slot_name, s.restart_lsn, s.wal_status, s.safe_wal_size, p.oid, {} "
        "FROM (SELECT) AS one LEFT JOIN pg_replication_slots s ON s.slot_name = {} "
        "LEFT JOIN pg_publication p ON p.pubname = {}",
        changes_of_catalog, Connection::quote_literal(options_.slot_name),
        Connection::quote_literal(options_.publication_name));
}

bool ServerWatch::due() const {
    if (asked_ != Asked::nothing || heartbeat_wanted_) return true;
    auto now = SteadyClock::now();
    if (!options_.heartbeat_query.empty() && now - acted_ >= options_.heartbeat_interval) return true;
    return now - looked_ >= options_.status_interval;
}

Status ServerWatch::tick(Connection& sql, const ResumeState& here) {
    if (asked_ != Asked::nothing) {
        auto answer = sql.answer();
        if (answer && !*answer && sql.waiting()) return {};
        Asked asked = std::exchange(asked_, Asked::nothing);
        if (answer && asked == Asked::look && *answer) return take(**answer, here);
        if (answer) return {};
        if (asked == Asked::heartbeat) heartbeat_refused_ = true;
        if (asked == Asked::action) answer_failed(answer.error());
        return {};  // a look that failed is repeated; a stream that is broken says so itself
    }
    auto now = SteadyClock::now();
    if (heartbeat_wanted_) {
        heartbeat_wanted_ = false;
        asked_ = Asked::heartbeat;
        static_cast<void>(
            sql.send(fmt::format("SELECT pg_logical_emit_message(false, '{}', '')", heartbeat_prefix)));
    } else if (!options_.heartbeat_query.empty() && now - acted_ >= options_.heartbeat_interval) {
        acted_ = now;
        asked_ = Asked::action;
        // With the role's own search_path, as the query's author sees it; a failure takes the settings back.
        static_cast<void>(sql.send(fmt::format(
            "SET search_path TO DEFAULT; SET statement_timeout = {}; {}; SET statement_timeout = 0; "
            "SET search_path = pg_catalog",
            std::chrono::milliseconds(action_timeout).count(), options_.heartbeat_query)));
    } else {
        looked_ = now;
        asked_ = Asked::look;
        static_cast<void>(sql.send(look_sql_));
    }
    return {};
}

void ServerWatch::answer_failed(const Error& error) {
    auto now = SteadyClock::now();
    if (action_failure_told_ != SteadyClock::time_point{} && now - action_failure_told_ < told_again_after)
        return;
    action_failure_told_ = now;
    log_error(LogLevel::warning, options_.name, "heartbeat.action.query failed", error);
}

Status ServerWatch::take(const Rows& rows, const ResumeState& here) {
    auto wal_end = rows.count() == 1 ? parse_lsn(rows.text(0, 0)) : std::nullopt;
    if (!wal_end) return {};
    bool standby = rows.text(0, 1) == "t";
    if (std::exchange(on_standby_, standby) && !standby)
        return fail(ErrorCode::PG_CONNECTION_LOST,
                    "the standby was promoted; its timeline is compared with the log again");
    if (!rows.cell(0, 2))
        return fail(
            ErrorCode::PG_CONNECTION_LOST,
            fmt::format("replication slot {} is not on the server that the SQL connection leads to; the "
                        "server is compared with the log again",
                        options_.slot_name));
    if (here.publication != 0 && rows.number(0, 6) != here.publication)
        LEAT_TRY(check_publications(here, {{}, rows.number<uint32_t>(0, 6), 0}, {}, options_, 0));
    std::string labels = rows.text(0, 8);
    if (!labels_.empty() && labels != labels_) {
        labels_.clear();
        return fail(ErrorCode::PG_CATALOG_CHANGED,
                    "labels of an enumeration were added; the tables are described again");
    }
    labels_ = std::move(labels);
    std::string tables = rows.text(0, 7);
    tables_changed_ = tables_changed_ || tables != tables_;
    tables_ = std::move(tables);
    auto restart = parse_lsn(rows.text(0, 3));
    if (!restart) return {};  // lost: the server has ended the stream, or will
    uint64_t held = wal_end->value > restart->value ? wal_end->value - restart->value : 0;
    look_ = Look{held, wal_end->value > here.lsn.value ? wal_end->value - here.lsn.value : 0};
    std::optional<uint64_t> safe;
    if (auto text = rows.cell(0, 5)) safe = text->starts_with('-') ? 0 : rows.number(0, 5);
    tell_risk(rows.text(0, 4), safe, held);
    // Keepalives move an idle slot. Where they do not, a message of our own in the WAL does.
    bool stuck = slot_is_stuck(last_position_.value, here.lsn.value, wal_end->value);
    last_position_ = here.lsn;
    heartbeat_wanted_ = stuck && !standby && !heartbeat_refused_;
    return weigh(held);
}

Error ServerWatch::over_budget(uint64_t held_bytes) const {
    return {ErrorCode::PG_WAL_BUDGET,
            fmt::format(
                "replication slot {} makes the server keep {} of WAL, more than slot.wal.budget.bytes ({})",
                options_.slot_name, human_bytes(held_bytes), human_bytes(options_.wal_budget_bytes)),
            "See what holds it: a full disk of the change log, a transaction that is open for long\n"
            "(SELECT pid, xact_start, query FROM pg_stat_activity WHERE backend_xid IS NOT NULL ORDER BY "
            "xact_start;),\n"
            "or a source that does not keep up."};
}

Status ServerWatch::weigh(uint64_t held_bytes) {
    switch (budget_.look(held_bytes)) {
        case WalBudget::Verdict::quiet:
            return {};
        case WalBudget::Verdict::tell:
            log_error(LogLevel::warning, options_.name, "slot", over_budget(held_bytes));
            return {};
        case WalBudget::Verdict::back:
            log_event(LogLevel::info, options_.name,
                      fmt::format("the slot is within its WAL budget again ({})", human_bytes(held_bytes)));
            return {};
        case WalBudget::Verdict::act:
            break;
    }
    Error error = over_budget(held_bytes);
    switch (options_.wal_policy) {
        case WalPolicy::drop_and_snapshot:
            error.code = ErrorCode::PG_SLOT_GIVEN_UP;
            error.message += "; it is dropped, and a new snapshot taken";
            error.action.clear();
            break;
        case WalPolicy::drop:
            error.message += "; it was dropped";
            error.action +=
                "\nTo take a new snapshot and go on from there, start once with snapshot.mode: when_needed.";
            break;
        default:
            error.action += fmt::format(
                "\nThe slot is still there, and keeps WAL. Start again to go on, or drop it:\nSELECT "
                "pg_drop_replication_slot({});",
                Connection::quote_literal(options_.slot_name));
    }
    return fail(std::move(error));
}

void ServerWatch::tell_risk(const std::string& wal_status, std::optional<uint64_t> safe_bytes,
                            uint64_t held_bytes) {
    if (!slot_at_risk(wal_status == "unreserved", safe_bytes, held_bytes)) {
        risk_told_ = {};
        return;
    }
    auto now = SteadyClock::now();
    if (risk_told_ != SteadyClock::time_point{} && now - risk_told_ < told_again_after) return;
    risk_told_ = now;
    log_error(
        LogLevel::warning, options_.name, "slot",
        {ErrorCode::PG_SLOT_AT_RISK,
         fmt::format("replication slot {} holds {} of WAL; the server gives it up after {} more "
                     "(max_slot_wal_keep_size; wal_status is {})",
                     options_.slot_name, human_bytes(held_bytes), human_bytes(safe_bytes.value_or(0)),
                     wal_status),
         "Give it room until the source has caught up:\nALTER SYSTEM SET max_slot_wal_keep_size = '...'; "
         "SELECT pg_reload_conf();"});
}

}  // namespace leat::pg
