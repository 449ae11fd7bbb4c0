#include "source/postgres/server/checks.h"

#include <fmt/core.h>

#include "source/postgres/server/publication.h"
#include "source/postgres/wire/start_replication.h"

namespace leat::pg {

namespace {

using Level = Finding::Level;

struct Facts {
    std::string version, wal_level, role, database, encoding;
    int version_number = 0;
    bool standby_feedback = false;
    bool in_recovery = false, replication_role = false, may_create = false, sees_sessions = false;
    int slots_max = 0, slots_used = 0, senders_max = 0, senders_used = 0;
};

Result<Facts> read_facts(Connection& sql, std::stop_token stop) {
    LEAT_ASSIGN(
        auto rows,
        sql.query("SELECT current_setting('server_version'), current_setting('wal_level'), current_user, "
                  "current_database(), pg_is_in_recovery(), "
                  "(SELECT rolreplication OR rolsuper FROM pg_roles WHERE rolname = current_user), "
                  "has_database_privilege(current_database(), 'CREATE'), "
                  "current_setting('max_replication_slots'), (SELECT count(*) FROM pg_replication_slots), "
                  "current_setting('max_wal_senders'), (SELECT count(*) FROM pg_stat_replication), "
                  "current_setting('server_encoding'), current_setting('hot_standby_feedback'), "
                  "pg_has_role('pg_read_all_stats', 'USAGE')",
                  stop));
    Facts facts;
    facts.version = rows.text(0, 0);
    facts.version_number = sql.server_version();
    facts.wal_level = rows.text(0, 1);
    facts.role = rows.text(0, 2);
    facts.database = rows.text(0, 3);
    facts.in_recovery = rows.text(0, 4) == "t";
    facts.replication_role = rows.text(0, 5) == "t";
    facts.may_create = rows.text(0, 6) == "t";
    facts.slots_max = rows.number<int>(0, 7);
    facts.slots_used = rows.number<int>(0, 8);
    facts.senders_max = rows.number<int>(0, 9);
    facts.senders_used = rows.number<int>(0, 10);
    facts.encoding = rows.text(0, 11);
    facts.standby_feedback = rows.text(0, 12) == "on";
    facts.sees_sessions = rows.text(0, 13) == "t";
    return facts;
}

class Findings {
  public:
    void ok(std::string subject, std::string message) {
        list_.push_back({Level::ok, ErrorCode::INTERNAL, std::move(subject), std::move(message), {}});
    }
    void error(ErrorCode code, std::string subject, std::string message, std::string action) {
        list_.push_back({Level::error, code, std::move(subject), std::move(message), std::move(action)});
    }
    void warning(ErrorCode code, std::string subject, std::string message, std::string action) {
        list_.push_back({Level::warning, code, std::move(subject), std::move(message), std::move(action)});
    }
    std::vector<Finding> take() { return std::move(list_); }

  private:
    std::vector<Finding> list_;
};

constexpr int failover_version = 170000, standby_version = 160000;

// A standby has what the primary has, and can be read from 16 on. Publications and failover slots are the
// primary's.
void check_standby(Findings& to, const Facts& facts, const Options& options) {
    if (facts.version_number < standby_version || options.temporary)
        return to.error(ErrorCode::PG_STANDBY, "standby",
                        facts.version_number < standby_version
                            ? "the server is a standby: PostgreSQL can be read from one from 16 on"
                            : "the server is a standby: leat tail cannot make its publication there",
                        "Connect to the primary.");
    if (options.failover)
        return to.error(ErrorCode::PG_STANDBY, "slot.failover",
                        "the server is a standby: a slot that outlives a failover is made on the primary",
                        "Connect to the primary, or remove slot.failover.");
    to.ok("standby", "the server is a standby, which PostgreSQL can be read from");
    if (!facts.standby_feedback)
        to.warning(ErrorCode::PG_STANDBY, "hot_standby_feedback",
                   "hot_standby_feedback is off: the primary may remove rows that the slot needs, and the "
                   "server then gives the slot up",
                   "ALTER SYSTEM SET hot_standby_feedback = on;\nSELECT pg_reload_conf();");
}

void check_server(Findings& to, const Facts& facts, const Options& options, bool needs_slot) {
    to.ok("version", "PostgreSQL " + facts.version);
    if (options.two_phase && facts.version_number < two_phase_version)
        to.error(ErrorCode::PG_VERSION, "two.phase",
                 "the server sends prepared transactions from PostgreSQL 15 on",
                 "Remove two.phase: prepared transactions are then received at their commit.");
    if (facts.encoding == "SQL_ASCII")
        to.warning(ErrorCode::PG_ENCODING, "encoding",
                   "the database's encoding is SQL_ASCII: the server does not convert its text, and what is "
                   "not UTF-8 "
                   "makes records that JSON parsers refuse",
                   "Move the data into a database with ENCODING 'UTF8' if it holds more than ASCII.");
    if (facts.in_recovery)
        check_standby(to, facts, options);
    else if (options.failover && facts.version_number < failover_version)
        to.error(ErrorCode::PG_VERSION, "slot.failover",
                 "standbys keep copies of slots from PostgreSQL 17 on", "Remove slot.failover.");
    if (facts.wal_level != "logical")
        to.error(ErrorCode::PG_WAL_LEVEL, "wal_level",
                 fmt::format("wal_level is {}: the WAL does not hold what row changes need", facts.wal_level),
                 "ALTER SYSTEM SET wal_level = logical;\n-- then restart the server");
    else
        to.ok("wal_level", "logical");
    if (!facts.replication_role)
        to.error(ErrorCode::PG_PRIVILEGE, "role", fmt::format("role {} may not use replication", facts.role),
                 fmt::format("ALTER ROLE {} REPLICATION;", Connection::quote_identifier(facts.role)));
    else
        to.ok("role", fmt::format("{} may use replication", facts.role));
    if (!needs_slot) return;
    if (facts.slots_used >= facts.slots_max)
        to.error(ErrorCode::PG_NO_FREE_SLOT, "replication slots",
                 fmt::format("all {} replication slots are taken (max_replication_slots)", facts.slots_max),
                 fmt::format("ALTER SYSTEM SET max_replication_slots = {};\n-- then restart the server, or "
                             "drop a slot that is no "
                             "longer used:\nSELECT slot_name, active FROM pg_replication_slots;",
                             facts.slots_max + 5));
    else
        to.ok("replication slots",
              fmt::format("{} of {} free", facts.slots_max - facts.slots_used, facts.slots_max));
    if (facts.senders_used >= facts.senders_max)
        to.error(ErrorCode::PG_NO_FREE_SLOT, "WAL senders",
                 fmt::format("all {} WAL senders are taken (max_wal_senders)", facts.senders_max),
                 fmt::format("ALTER SYSTEM SET max_wal_senders = {};\n-- then restart the server",
                             facts.senders_max + 5));
}

std::string listed(const std::vector<std::string>& names) {
    std::string list;
    for (size_t i = 0; i < names.size() && i < 5; ++i) list += (i ? ", " : "") + names[i];
    if (names.size() > 5) list += fmt::format(" and {} more", names.size() - 5);
    return list;
}

void check_tables(Findings& to, const Options& options, const std::vector<TableInfo>& tables) {
    std::vector<std::string> names, unreadable, keyless;
    std::string grants, identities;
    for (const TableInfo& table : tables) {
        names.push_back(table.qualified_name());
        if (!table.readable) {
            unreadable.push_back(table.qualified_name());
            grants += fmt::format(
                "GRANT USAGE ON SCHEMA {} TO CURRENT_ROLE_NAME;\nGRANT SELECT ON {} TO CURRENT_ROLE_NAME;\n",
                Connection::quote_identifier(table.schema), table.quoted_name());
        }
        if (!table.has_identity()) {
            keyless.push_back(table.qualified_name());
            identities += fmt::format("ALTER TABLE {} REPLICA IDENTITY FULL;\n", table.quoted_name());
        }
    }
    for (const std::string& glob : options.tables.unmatched_globs(names)) {
        bool pattern = glob.find_first_of("*?") != std::string::npos && !glob.starts_with("*.");
        std::string message = fmt::format("\"{}\" matches no table of the database", glob);
        std::string action =
            "Check the name: schema and table as the database spells them, for example public.orders.";
        if (pattern && !tables.empty())
            to.warning(ErrorCode::PG_NO_TABLES, "tables", message, action);
        else
            to.error(ErrorCode::PG_NO_TABLES, "tables", message, action);
    }
    if (options.tables_max > 0 && tables.size() > options.tables_max) {
        std::string message =
            fmt::format("{} tables would be captured, more than guardrail.collections.max, {}", tables.size(),
                        options.tables_max);
        std::string action = "Select fewer tables, or raise guardrail.collections.max.";
        if (options.too_many_tables_fail)
            to.error(ErrorCode::PG_TOO_MANY_TABLES, "tables", message, action);
        else
            to.warning(ErrorCode::PG_TOO_MANY_TABLES, "tables", message, action);
    }
    // A mask that matches nothing is most likely misspelt, and what it was meant for is not masked.
    std::vector<std::string> columns;
    if (!options.columns.empty())
        for (const TableInfo& table : tables)
            for (const ColumnInfo& column : table.columns)
                columns.push_back(table.qualified_name() + "." + column.name);
    for (const std::string& pattern : options.columns.unmatched(columns))
        to.warning(
            ErrorCode::CONFIG_INVALID, "columns",
            fmt::format("\"{}\" matches no column of the captured tables", pattern),
            "Check the name: a regular expression that matches all of schema.table.column, for example "
            "public\\.customers\\.email");
    if (tables.empty()) {
        if (options.tables.selects_all())
            to.error(ErrorCode::PG_NO_TABLES, "tables", "the database has no tables",
                     "Check the database name at the end of the URL, or make a table first.");
        return;
    }
    to.ok("tables", fmt::format("{}: {}", tables.size(), listed(names)));
    if (!unreadable.empty() && options.snapshot_mode != SnapshotMode::no_data)
        to.error(ErrorCode::PG_PRIVILEGE, "SELECT", "the role may not read " + listed(unreadable), grants);
    if (!keyless.empty())
        to.warning(
            ErrorCode::PG_NO_KEY, "replica identity",
            fmt::format(
                "{} {} neither primary key nor replica identity: inserts and truncates are captured, updates "
                "and deletes are not",
                listed(keyless), keyless.size() == 1 ? "has" : "have"),
            identities);
}

// Whether ensure_publications() will succeed.
Status check_publication(Findings& to, Connection& sql, const Options& options,
                         const std::vector<TableInfo>& tables, const Facts& facts, std::stop_token stop) {
    LEAT_ASSIGN(auto main, find_publication(sql, options.publication_name, stop));
    LEAT_ASSIGN(auto inserts, find_publication(sql, insert_publication_name(options), stop));
    if (main.exists && !main.publishes_updates)
        to.warning(ErrorCode::PG_PUBLICATION, "publication",
                   fmt::format("publication {} leaves out updates or deletes: they are not captured",
                               options.publication_name),
                   fmt::format("ALTER PUBLICATION {} SET (publish = 'insert, update, delete, truncate');",
                               Connection::quote_identifier(options.publication_name)));
    if (main.all_tables) {
        to.ok("publication", options.publication_name + " publishes all tables");
        return {};
    }
    std::vector<uint32_t> missing;
    for (const TableInfo& table : tables) {
        const auto& members = table.has_identity() ? main.tables : inserts.tables;
        if (std::find(members.begin(), members.end(), table.oid) == members.end())
            missing.push_back(table.oid);
    }
    if (missing.empty() && main.exists) {
        to.ok("publication", options.publication_name + " has all tables");
        return {};
    }
    std::string statements;
    for (auto& statement : publication_sql(options, tables)) statements += statement + ";\n";
    if (options.publication_mode == PublicationMode::disabled || facts.in_recovery) {
        to.error(ErrorCode::PG_PUBLICATION, "publication",
                 fmt::format("publication {} {}, and {}", options.publication_name,
                             main.exists ? "lacks tables" : "does not exist",
                             facts.in_recovery ? "on a standby nothing can be made"
                                               : "publication.autocreate.mode is disabled"),
                 (facts.in_recovery ? "-- on the primary:\n" : "") + statements);
        return {};
    }
    if (!main.exists && !facts.may_create)
        to.error(
            ErrorCode::PG_PRIVILEGE, "publication",
            fmt::format("role {} may not create a publication in database {}", facts.role, facts.database),
            fmt::format("GRANT CREATE ON DATABASE {} TO {};", Connection::quote_identifier(facts.database),
                        Connection::quote_identifier(facts.role)));
    LEAT_ASSIGN(
        auto rows,
        sql.query("SELECT format('%I.%I', n.nspname, c.relname), format('%I', r.rolname) FROM pg_class c "
                  "JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = c.relowner "
                  "WHERE c.oid = ANY ($1::oid[]) AND NOT pg_has_role(c.relowner, 'USAGE') ORDER BY 1",
                  {oid_array(missing)}, stop));
    std::vector<std::string> foreign;
    for (int i = 0; i < rows.count(); ++i) foreign.push_back(rows.text(i, 0));
    if (!foreign.empty())
        to.error(
            ErrorCode::PG_PRIVILEGE, "publication",
            fmt::format("role {} does not own {}: only an owner can publish a table", facts.role,
                        listed(foreign)),
            options.temporary
                ? "Name tables that the role owns with --table, or connect as their owner or as a superuser."
                : "-- as their owner or as a superuser:\n" + statements);
    else if (main.exists || facts.may_create)
        to.ok("publication", fmt::format("role {} may publish the tables", facts.role));
    return {};
}

}  // namespace

Result<std::vector<Finding>> check_prerequisites(Connection& sql, const Options& options,
                                                 const std::vector<TableInfo>& tables, bool needs_slot,
                                                 std::stop_token stop) {
    LEAT_ASSIGN(auto facts, read_facts(sql, stop));
    Findings findings;
    check_server(findings, facts, options, needs_slot);
    check_tables(findings, options, tables);
    if (options.incremental_sessions_max && !facts.sees_sessions)
        findings.error(
            ErrorCode::PG_PRIVILEGE, "sessions",
            fmt::format("incremental.snapshot.sessions.max is set, and role {} may not see what other "
                        "sessions do",
                        facts.role),
            "GRANT pg_read_all_stats TO CURRENT_ROLE_NAME;");
    LEAT_TRY(check_publication(findings, sql, options, tables, facts, stop));
    auto list = findings.take();
    for (Finding& finding : list) {
        // The statements name the role that was checked.
        for (size_t at; (at = finding.action.find("CURRENT_ROLE_NAME")) != std::string::npos;)
            finding.action.replace(at, 17, Connection::quote_identifier(facts.role));
        while (finding.action.ends_with('\n')) finding.action.pop_back();
    }
    return list;
}

}  // namespace leat::pg
