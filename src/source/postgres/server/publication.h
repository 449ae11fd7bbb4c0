// The publications that a source's slot is read through.
//
// Publishing updates and deletes of a table without a replica identity makes the server refuse them: the
// application would break. So tables without one go into a second publication of inserts and truncates only.
#pragma once

#include <vector>

#include "source/postgres/server/catalog.h"
#include "source/postgres/server/options.h"

namespace leat::pg {

struct PublicationState {
    bool exists = false;
    uint32_t oid = 0;
    bool all_tables = false;
    bool via_root = false;
    bool publishes_updates = false;  // and deletes
    std::vector<uint32_t> tables;    // OIDs
    std::vector<uint32_t> listed;    // those that are in it by name, not by their schema
};
Result<PublicationState> find_publication(Connection& sql, const std::string& name, std::stop_token stop);

// The publications of a stream.
struct Publications {
    std::vector<std::string> names;
    uint32_t main = 0, inserts = 0;  // OIDs; 0: there is none, or it is not used
};

// Those that are there, by the names of the options.
Result<Publications> find_publications(Connection& sql, const Options& options, std::stop_token stop);

// Makes both publications, or makes them fit the tables. A publication that someone else made and that covers
// the tables is used as it is. Errors: PG_PUBLICATION where publication.autocreate.mode forbids what is
// needed, PG_PRIVILEGE with the SQL for an owner.
Result<Publications> ensure_publications(Connection& sql, const Options& options,
                                         const std::vector<TableInfo>& tables, std::stop_token stop);

// Drops what ensure_publications made for a temporary source.
Status drop_publications(Connection& sql, const Options& options, std::stop_token stop);

// A temporary source's publications are named leat_tail_<key>, and its session holds an advisory lock of that
// key. Takes the lock for a new key, and drops the publications of keys whose lock is free: their sessions
// were killed.
Result<std::string> claim_temporary_publication(Connection& sql, std::stop_token stop);

// The statements that make the publications, for people.
std::vector<std::string> publication_sql(const Options& options, const std::vector<TableInfo>& tables);

}  // namespace leat::pg
