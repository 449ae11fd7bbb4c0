#include "source/postgres/server/publication.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <random>

#include "base/logging.h"

namespace leat::pg {

namespace {

constexpr std::string_view temporary_prefix = "leat_tail_";
constexpr int advisory_class = 0x4C454154;  // "LEAT"

std::string table_list(const std::vector<const TableInfo*>& tables) {
    std::string list;
    for (const TableInfo* table : tables) {
        if (!list.empty()) list += ", ";
        list += (table->kind == 'r' ? "ONLY " : "") + table->quoted_name();
    }
    return list;
}

// PostgreSQL's own limit on a statement is far away; this keeps a statement readable in the server's log.
constexpr size_t tables_per_statement = 500;

std::string with_options(bool inserts_only, bool via_root) {
    std::string options =
        inserts_only ? "publish = 'insert, truncate'" : "publish = 'insert, update, delete, truncate'";
    if (via_root) options += ", publish_via_partition_root = true";
    return " WITH (" + options + ")";
}

// ALTER or CREATE statements that put exactly these tables into a publication.
std::vector<std::string> statements(const std::string& name, const PublicationState& now,
                                    const std::vector<const TableInfo*>& wanted, bool inserts_only,
                                    bool via_root) {
    std::vector<std::string> sql;
    std::string quoted = Connection::quote_identifier(name);
    std::vector<const TableInfo*> missing;
    for (const TableInfo* table : wanted)
        if (std::find(now.tables.begin(), now.tables.end(), table->oid) == now.tables.end())
            missing.push_back(table);
    bool exists = now.exists;
    if (exists && now.via_root != via_root)
        sql.push_back(
            fmt::format("ALTER PUBLICATION {} SET (publish_via_partition_root = {})", quoted, via_root));
    for (size_t at = 0; at < missing.size(); at += tables_per_statement) {
        std::vector<const TableInfo*> part(
            missing.begin() + static_cast<ptrdiff_t>(at),
            missing.begin() + static_cast<ptrdiff_t>(std::min(at + tables_per_statement, missing.size())));
        if (exists)
            sql.push_back(fmt::format("ALTER PUBLICATION {} ADD TABLE {}", quoted, table_list(part)));
        else
            sql.push_back(fmt::format("CREATE PUBLICATION {} FOR TABLE {}{}", quoted, table_list(part),
                                      with_options(inserts_only, via_root)));
        exists = true;
    }
    if (!exists)
        sql.push_back(fmt::format("CREATE PUBLICATION {}{}", quoted, with_options(inserts_only, via_root)));
    return sql;
}

void split_by_identity(const std::vector<TableInfo>& tables, std::vector<const TableInfo*>& with,
                       std::vector<const TableInfo*>& without) {
    for (const TableInfo& table : tables) (table.has_identity() ? with : without).push_back(&table);
}

Status run(Connection& sql, const std::vector<std::string>& statements, std::stop_token stop) {
    for (const std::string& statement : statements) {
        auto status = sql.execute(statement, stop);
        if (status || status.error().code == ErrorCode::STOPPED || !sql.alive()) {
            LEAT_TRY(status);
            continue;
        }
        status.error().message = "the publication cannot be made: " + status.error().message;
        if (status.error().code == ErrorCode::PG_PRIVILEGE)
            status.error().action = "Have an owner of the tables (or a superuser) run:\n" + statement + ";";
        return status;
    }
    return {};
}

bool covers(const PublicationState& state, const std::vector<const TableInfo*>& wanted) {
    return state.all_tables || std::all_of(wanted.begin(), wanted.end(), [&](const TableInfo* table) {
               return std::find(state.tables.begin(), state.tables.end(), table->oid) != state.tables.end();
           });
}

// Tables that are no longer selected, or have moved to the other publication. Dropped ones would only cost
// traffic; a table that has lost its identity would make the server refuse the application's updates.
Status remove_others(Connection& sql, const std::string& name, const PublicationState& state,
                     const std::vector<const TableInfo*>& wanted, std::stop_token stop) {
    for (uint32_t oid : state.listed) {
        if (std::any_of(wanted.begin(), wanted.end(),
                        [&](const TableInfo* table) { return table->oid == oid; }))
            continue;
        LEAT_ASSIGN(auto rows, sql.query("SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c "
                                         "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1",
                                         {std::to_string(oid)}, stop));
        if (rows.count() == 0) continue;
        LEAT_TRY(run(sql,
                     {fmt::format("ALTER PUBLICATION {} DROP TABLE ONLY {}",
                                  Connection::quote_identifier(name), rows.text(0, 0))},
                     stop));
    }
    return {};
}

Status require_existing(const std::string& name, const PublicationState& state,
                        const std::vector<const TableInfo*>& wanted, const Options& options,
                        const std::vector<TableInfo>& tables) {
    if (state.exists && covers(state, wanted)) return {};
    std::string action = options.standby ? "Have an owner of the tables run on the primary:"
                                         : "Have an owner of the tables run:";
    for (auto& statement : publication_sql(options, tables)) action += "\n" + statement + ";";
    return fail(ErrorCode::PG_PUBLICATION,
                state.exists ? fmt::format("publication {} lacks tables that are to be captured", name)
                             : fmt::format("publication {} does not exist, and {}", name,
                                           options.standby ? "on a standby it cannot be made"
                                                           : "publication.autocreate.mode is disabled"),
                action);
}

}  // namespace

Result<PublicationState> find_publication(Connection& sql, const std::string& name, std::stop_token stop) {
    PublicationState state;
    LEAT_ASSIGN(auto rows,
                sql.query("SELECT oid, puballtables, pubviaroot, pubupdate, pubdelete FROM pg_publication "
                          "WHERE pubname = $1",
                          {name}, stop));
    if (rows.count() == 0) return state;
    state.exists = true;
    std::string oid = rows.text(0, 0);
    std::from_chars(oid.data(), oid.data() + oid.size(), state.oid);
    state.all_tables = rows.text(0, 1) == "t";
    state.via_root = rows.text(0, 2) == "t";
    state.publishes_updates = rows.text(0, 3) == "t" && rows.text(0, 4) == "t";
    std::string members = "SELECT prrelid, true FROM pg_publication_rel WHERE prpubid = $1";
    if (sql.server_version() >= 150000)  // FOR TABLES IN SCHEMA
        members +=
            " UNION SELECT c.oid, false FROM pg_publication_namespace p JOIN pg_class c ON c.relnamespace = "
            "p.pnnspid "
            "WHERE p.pnpubid = $1 AND c.relkind IN ('r', 'p')";
    LEAT_ASSIGN(auto tables, sql.query(members, {oid}, stop));
    for (int i = 0; i < tables.count(); ++i) {
        auto text = tables.text(i, 0);
        uint32_t table = 0;
        std::from_chars(text.data(), text.data() + text.size(), table);
        state.tables.push_back(table);
        if (tables.text(i, 1) == "t") state.listed.push_back(table);
    }
    return state;
}

std::vector<std::string> publication_sql(const Options& options, const std::vector<TableInfo>& tables) {
    std::vector<const TableInfo*> with, without;
    split_by_identity(tables, with, without);
    auto sql = statements(options.publication_name, {}, with, false, options.publish_via_partition_root);
    if (!without.empty())
        for (auto& statement : statements(insert_publication_name(options), {}, without, true,
                                          options.publish_via_partition_root))
            sql.push_back(statement);
    return sql;
}

namespace {

// Those that somebody else has made.
Result<std::vector<std::string>> existing(const PublicationState& main, const PublicationState& inserts,
                                          const Options& options, const std::vector<TableInfo>& tables) {
    std::vector<const TableInfo*> with, without;
    split_by_identity(tables, with, without);
    LEAT_TRY(require_existing(options.publication_name, main, with, options, tables));
    std::string inserts_name = insert_publication_name(options);
    if (!without.empty() && !covers(main, without))
        LEAT_TRY(require_existing(inserts_name, inserts, without, options, tables));
    std::vector<std::string> names = {options.publication_name};
    if (inserts.exists) names.push_back(inserts_name);
    return names;
}

// Makes what is missing, and returns the names.
Result<std::vector<std::string>> ensure_named(Connection& sql, const Options& options,
                                              const std::vector<TableInfo>& tables, std::stop_token stop) {
    const std::string &main_name = options.publication_name, inserts_name = insert_publication_name(options);
    LEAT_ASSIGN(auto main, find_publication(sql, main_name, stop));
    std::vector<std::string> names = {main_name};
    if (main.exists && main.all_tables) return names;
    if (options.standby) {
        LEAT_ASSIGN(auto inserts, find_publication(sql, inserts_name, stop));
        return existing(main, inserts, options, tables);
    }
    if (options.publication_mode == PublicationMode::all_tables) {
        if (main.exists)
            return fail(
                ErrorCode::PG_PUBLICATION,
                fmt::format("publication {} is not FOR ALL TABLES, as publication.autocreate.mode asks",
                            main_name),
                fmt::format("DROP PUBLICATION {};", Connection::quote_identifier(main_name)));
        LEAT_TRY(run(
            sql,
            {fmt::format("CREATE PUBLICATION {} FOR ALL TABLES{}", Connection::quote_identifier(main_name),
                         with_options(false, options.publish_via_partition_root))},
            stop));
        return names;
    }
    LEAT_ASSIGN(auto inserts, find_publication(sql, inserts_name, stop));
    std::vector<const TableInfo*> with, without;
    split_by_identity(tables, with, without);
    if (options.publication_mode == PublicationMode::disabled)
        return existing(main, inserts, options, tables);
    LEAT_TRY(remove_others(sql, main_name, main, with, stop));
    LEAT_TRY(run(sql, statements(main_name, main, with, false, options.publish_via_partition_root), stop));
    LEAT_TRY(remove_others(sql, inserts_name, inserts, without, stop));
    // Made with the first even where it stays empty: a server before 18 refuses to decode what was written
    // before a publication of the stream was made, and a table for it may come later.
    bool needs_inserts = !without.empty() || (!main.exists && !options.temporary);
    if (needs_inserts || inserts.exists)
        LEAT_TRY(run(
            sql, statements(inserts_name, inserts, without, true, options.publish_via_partition_root), stop));
    if (needs_inserts || inserts.exists) names.push_back(inserts_name);
    return names;
}

}  // namespace

Result<Publications> ensure_publications(Connection& sql, const Options& options,
                                         const std::vector<TableInfo>& tables, std::stop_token stop) {
    LEAT_ASSIGN(auto names, ensure_named(sql, options, tables, stop));
    LEAT_ASSIGN(auto made, find_publications(sql, options, stop));
    made.names = std::move(names);
    if (made.names.size() < 2) made.inserts = 0;
    return made;
}

Result<Publications> find_publications(Connection& sql, const Options& options, std::stop_token stop) {
    LEAT_ASSIGN(auto main, find_publication(sql, options.publication_name, stop));
    LEAT_ASSIGN(auto inserts, find_publication(sql, insert_publication_name(options), stop));
    Publications found{{}, main.oid, inserts.oid};
    if (main.exists) found.names.push_back(options.publication_name);
    if (inserts.exists) found.names.push_back(insert_publication_name(options));
    return found;
}

Status drop_publications(Connection& sql, const Options& options, std::stop_token stop) {
    LEAT_TRY(sql.execute(fmt::format("DROP PUBLICATION IF EXISTS {}, {}",
                                     Connection::quote_identifier(options.publication_name),
                                     Connection::quote_identifier(insert_publication_name(options))),
                         stop));
    return {};
}

Result<std::string> claim_temporary_publication(Connection& sql, std::stop_token stop) {
    LEAT_ASSIGN(auto rows,
                sql.query("SELECT pubname FROM pg_publication WHERE pubname LIKE 'leat\\_tail\\_%'", stop));
    for (int i = 0; i < rows.count(); ++i) {
        std::string pubname = rows.text(i, 0);
        std::string_view digits = std::string_view(pubname).substr(temporary_prefix.size());
        int key = 0;
        if (std::from_chars(digits.data(), digits.data() + digits.size(), key).ec != std::errc()) continue;
        LEAT_ASSIGN(auto lock,
                    sql.query(fmt::format("SELECT pg_try_advisory_lock({}, {})", advisory_class, key), stop));
        if (lock.text(0, 0) != "t") continue;  // its tail is alive
        // Another role's cannot be dropped, which is no reason to stop.
        auto dropped =
            sql.execute("DROP PUBLICATION IF EXISTS " + Connection::quote_identifier(pubname), stop);
        if (dropped)
            log_event(LogLevel::info, "",
                      fmt::format("dropped {}, which a killed leat tail had left behind", pubname));
        LEAT_TRY(sql.execute(fmt::format("SELECT pg_advisory_unlock({}, {})", advisory_class, key), stop));
    }
    std::random_device random;
    int key = static_cast<int>(random() & 0x7fffffff);
    LEAT_ASSIGN(auto lock,
                sql.query(fmt::format("SELECT pg_try_advisory_lock({}, {})", advisory_class, key), stop));
    if (lock.text(0, 0) != "t")
        return fail(ErrorCode::PG_QUERY, "no advisory lock could be taken; try again");
    return fmt::format("{}{}", temporary_prefix, key);
}

}  // namespace leat::pg
