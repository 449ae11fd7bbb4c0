// PostgresSource: what signals ask for, from the signal table and from within the process.
#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/logging.h"
#include "source/postgres/postgres_source.h"

namespace leat::pg {

// Those that are for the table, joined.
Result<std::string> condition_of(const Signal& signal, const TableInfo& table) {
    std::vector<std::string> conditions;
    for (const Signal::Condition& condition : signal.conditions) {
        LEAT_ASSIGN(bool matches, matches_any({condition.collection}, table.qualified_name()));
        if (matches) conditions.push_back(condition.filter);
    }
    if (conditions.empty()) return std::string();
    if (conditions.size() == 1) return conditions[0];
    return fmt::format("({})", fmt::join(conditions, ") AND ("));
}

// Between transactions: what is noted here stands in the position of the unit that has the signals.
Status PostgresSource::carry_out_signals() {
    for (const SignalTable::Row& row : signals_->take()) {
        auto signal = parse_signal(row.type, row.data);
        if (!signal) {
            log_error(LogLevel::error, options_.name, fmt::format("signal {}", row.id), signal.error());
            continue;
        }
        LEAT_TRY(carry_out(*signal, row.id));
    }
    return {};
}

bool PostgresSource::inner_signals_wait() const {
    return inner_signals_ && inner_signals_->waiting() && !decoder_->in_transaction();
}

Status PostgresSource::carry_out_inner_signals() {
    while (auto entry = inner_signals_->take()) {
        auto outcome = carry_out(entry->signal, entry->id);
        Status status = outcome ? Status{} : fail(Error(outcome.error()));
        inner_signals_->carried_out(std::move(outcome));
        LEAT_TRY(status);
    }
    return {};
}

// Errors of tables are in the outcome; another one ends the stream.
Result<SignalOutcome> PostgresSource::carry_out(const Signal& signal, const std::string& id) {
    auto tell = [&](const std::string& what) {
        log_event(LogLevel::info, options_.name, fmt::format("signal {}: {}", id, what));
    };
    switch (signal.kind) {
        case Signal::Kind::log:
            tell(signal.message);
            return SignalOutcome{};
        case Signal::Kind::pause:
        case Signal::Kind::resume:
            incremental_paused_ = signal.kind == Signal::Kind::pause;
            if (incremental_) incremental_->set_paused(incremental_paused_);
            tell(incremental_paused_ ? "incremental snapshots are paused" : "incremental snapshots go on");
            return SignalOutcome{};
        default:
            break;
    }
    if (!sql_->alive()) LEAT_TRY(connect_sql(stop_));
    LEAT_ASSIGN(auto tables, catalog_->tables(options_.tables, options_.publish_via_partition_root, stop_));
    SignalOutcome outcome = carry_out_of(signal, tables);
    for (const SignalOutcome::Refused& refused : outcome.refused)
        log_error(LogLevel::error, options_.name, fmt::format("signal {}: {} is not read", id, refused.table),
                  refused.error);
    std::string list =
        outcome.tables.empty() ? "no table" : fmt::format("{}", fmt::join(outcome.tables, ", "));
    tell(signal.kind == Signal::Kind::stop
             ? fmt::format("the snapshot of {} is stopped", list)
             : fmt::format("{} snapshot of {}", signal.blocking ? "a blocking" : "an incremental", list));
    if (incremental_)
        if (auto progress = incremental_->changed_progress()) decoder_->set_unfinished(std::move(*progress));
    return outcome;
}

SignalOutcome PostgresSource::carry_out_of(const Signal& signal, const std::vector<TableInfo>& tables) {
    SignalOutcome outcome;
    for (const TableInfo& table : tables) {
        const std::string name = table.qualified_name();
        auto matches =
            signal.collections.empty() ? Result<bool>(true) : matches_any(signal.collections, name);
        if (matches && !*matches) continue;
        Status status = matches ? Status{} : fail(std::move(matches.error()));
        if (status && signal.kind == Signal::Kind::stop) {
            if (!incremental_ || !incremental_->watches(table.oid)) continue;
            incremental_->remove(table.oid);
        } else if (status) {
            status = signal.blocking ? ask_for(signal, table) : read_again(signal, table);
        }
        if (status)
            outcome.tables.push_back(name);
        else
            outcome.refused.push_back({name, std::move(status.error())});
    }
    return outcome;
}

// Only an error of the table is returned.
Status PostgresSource::read_again(const Signal& signal, const TableInfo& table) {
    if (!can_be_read_by_key(table))
        return fail(
            ErrorCode::PG_NO_KEY,
            "the table has no key that the stream has too: nothing would tell which rows it has newer",
            fmt::format("ALTER TABLE {} ADD PRIMARY KEY (...);", table.quoted_name()));
    TableProgress progress;
    progress.table = table.oid;
    LEAT_ASSIGN(progress.condition, condition_of(signal, table));
    if (!incremental_) make_incremental({});
    bool is_new = incremental_->done();
    incremental_->add(std::move(progress));
    if (is_new) LEAT_TRY(incremental_->begin());
    return {};
}

}  // namespace leat::pg
