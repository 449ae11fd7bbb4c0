// PostgresSource: what the rows of the signal table ask for.
#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/logging.h"
#include "source/postgres/postgres_source.h"

namespace leat::pg {

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

Status PostgresSource::carry_out(const Signal& signal, const std::string& id) {
    auto tell = [&](const std::string& what) {
        log_event(LogLevel::info, options_.name, fmt::format("signal {}: {}", id, what));
    };
    switch (signal.kind) {
        case Signal::Kind::log:
            tell(signal.message);
            return {};
        case Signal::Kind::pause:
        case Signal::Kind::resume:
            incremental_paused_ = signal.kind == Signal::Kind::pause;
            if (incremental_) incremental_->set_paused(incremental_paused_);
            tell(incremental_paused_ ? "incremental snapshots are paused" : "incremental snapshots go on");
            return {};
        default:
            break;
    }
    if (!sql_->alive()) LEAT_TRY(connect_sql(stop_));
    LEAT_ASSIGN(auto tables, catalog_->tables(options_.tables, options_.publish_via_partition_root, stop_));
    std::vector<std::string> names;
    for (const TableInfo& table : tables) {
        auto matches = signal.collections.empty() ? Result<bool>(true)
                                                  : matches_any(signal.collections, table.qualified_name());
        auto status = matches ? Status{} : fail(std::move(matches.error()));
        bool done = false;
        if (matches && *matches) {
            if (signal.kind == Signal::Kind::stop) {
                done = incremental_ && incremental_->watches(table.oid);
                if (done) incremental_->remove(table.oid);
            } else {
                status = read_again(signal, table);
                done = status.has_value();
            }
        }
        if (!status)
            log_error(LogLevel::error, options_.name,
                      fmt::format("signal {}: {} is not read", id, table.qualified_name()), status.error());
        if (done) names.push_back(table.qualified_name());
    }
    std::string list = names.empty() ? "no table" : fmt::format("{}", fmt::join(names, ", "));
    tell(signal.kind == Signal::Kind::stop ? fmt::format("the snapshot of {} is stopped", list)
                                           : fmt::format("an incremental snapshot of {}", list));
    if (incremental_)
        if (auto progress = incremental_->changed_progress()) decoder_->set_unfinished(std::move(*progress));
    return {};
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
    for (const Signal::Condition& condition : signal.conditions) {
        LEAT_ASSIGN(bool matches, matches_any({condition.collection}, table.qualified_name()));
        if (!matches) continue;
        progress.condition += (progress.condition.empty() ? "" : ") AND (") + condition.filter;
    }
    if (progress.condition.find(") AND (") != std::string::npos)
        progress.condition = "(" + progress.condition + ")";
    if (!incremental_) make_incremental({});
    bool is_new = incremental_->done();
    incremental_->add(std::move(progress));
    if (is_new) LEAT_TRY(incremental_->begin());
    return {};
}

}  // namespace leat::pg
