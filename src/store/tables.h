// The tables of leat.db, as the steps that lead to them: user_version says how many were taken. A step that
// was released is never changed. docs/format/store.md describes what they hold.
#pragma once

#include <array>

namespace leat::db {

inline constexpr std::array migrations{R"sql(
CREATE TABLE definitions (
    kind TEXT NOT NULL, name TEXT NOT NULL, json TEXT NOT NULL, revision INTEGER NOT NULL,
    created_us INTEGER NOT NULL, changed_us INTEGER NOT NULL,
    PRIMARY KEY (kind, name)) STRICT, WITHOUT ROWID;
CREATE TABLE desired_states (
    kind TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL,
    PRIMARY KEY (kind, name)) STRICT, WITHOUT ROWID;
CREATE TABLE counters (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE cursors (
    consumer TEXT NOT NULL PRIMARY KEY, log TEXT NOT NULL, seq INTEGER NOT NULL,
    changed_us INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT, consumer TEXT NOT NULL, seq INTEGER NOT NULL,
    key_hash INTEGER NOT NULL, other_key_hash INTEGER NOT NULL, held INTEGER NOT NULL, attempts INTEGER NOT NULL,
    code TEXT NOT NULL, message TEXT NOT NULL, content_type TEXT NOT NULL, bytes BLOB NOT NULL,
    created_us INTEGER NOT NULL, UNIQUE (consumer, seq)) STRICT;
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, subject TEXT NOT NULL, state TEXT NOT NULL,
    spec TEXT NOT NULL, progress TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL,
    created_us INTEGER NOT NULL, changed_us INTEGER NOT NULL) STRICT;
CREATE TABLE tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, role TEXT NOT NULL, hash BLOB NOT NULL UNIQUE,
    created_us INTEGER NOT NULL, expires_us INTEGER, revoked_us INTEGER) STRICT;
CREATE UNIQUE INDEX tokens_name ON tokens (name) WHERE revoked_us IS NULL;
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT, time_us INTEGER NOT NULL, actor TEXT NOT NULL,
    address TEXT NOT NULL, action TEXT NOT NULL, target TEXT NOT NULL, status INTEGER NOT NULL,
    code TEXT NOT NULL) STRICT;
CREATE TABLE answers (
    actor TEXT NOT NULL, key TEXT NOT NULL, route TEXT NOT NULL, request_hash BLOB NOT NULL,
    status INTEGER NOT NULL, headers TEXT NOT NULL, body TEXT NOT NULL, created_us INTEGER NOT NULL,
    PRIMARY KEY (actor, key)) STRICT, WITHOUT ROWID;
CREATE INDEX answers_age ON answers (created_us);
)sql"};

}  // namespace leat::db
