// PostgresSource: its end, with what it made on the server.
#include <fmt/core.h>

#include "source/postgres/postgres_source.h"

namespace leat::pg {

using namespace std::chrono_literals;

namespace {

std::string release_sql(const Options& options, bool publications) {
    std::string sql = fmt::format("SELECT pg_drop_replication_slot('{}');", options.slot_name);
    if (publications)
        sql += fmt::format("\nDROP PUBLICATION IF EXISTS {}, {};",
                           Connection::quote_identifier(options.publication_name),
                           Connection::quote_identifier(insert_publication_name(options)));
    return sql;
}

}  // namespace

// The publications only where their name is ours: one that somebody else made and named is theirs.
Status PostgresSource::release(std::stop_token stop) {
    close();
    const bool own_publications = options_.publication_mode != PublicationMode::disabled &&
                                  options_.publication_name == "leat_" + options_.name;
    auto drop = [&]() -> Status {
        LEAT_TRY(connect(stop));
        LEAT_ASSIGN(auto slot, find_slot(*sql_, options_.slot_name, stop));
        if (slot) {
            if (slot->plugin != "pgoutput" || slot->database != PQdb(sql_->raw()))
                return fail(ErrorCode::PG_SLOT_FOREIGN,
                            fmt::format("the slot {} is of database {} and plugin {}, and was not made here",
                                        options_.slot_name, slot->database, slot->plugin));
            // Our own reader may not be gone yet; somebody else's is not waited for long.
            options_.slot_retry_delay = 5s;
            options_.slot_retries_max = 1;
            LEAT_TRY(wait_until_slot_is_free(stop));
            LEAT_TRY(drop_slot(*sql_, options_.slot_name, stop));
        }
        return own_publications ? drop_publications(*sql_, options_, stop) : Status{};
    };
    auto status = drop();
    if (status || status.error().code == ErrorCode::STOPPED) return status;
    std::string& action = status.error().action;
    if (!action.empty()) action += "\n";
    action += "What it made can be removed by hand too:\n" + release_sql(options_, own_publications);
    return status;
}

}  // namespace leat::pg
