#include "store/definition_store.h"

#include <fmt/core.h>

#include "base/clock.h"

namespace leat::db {

namespace {

constexpr std::string_view kind_names[] = {"source", "consumer"};
constexpr std::string_view state_names[] = {"running", "paused", "stopped"};

Definition read_definition(DefinitionKind kind, const Rows& rows) {
    return {kind, rows.text(0), rows.text(1), rows.number(2), rows.integer(3), rows.integer(4)};
}

Result<std::optional<Definition>> find_in(Transaction& within, DefinitionKind kind, const std::string& name) {
    LEAT_ASSIGN(auto rows, within.query("SELECT name, json, revision, created_us, changed_us "
                                        "FROM definitions WHERE kind = ? AND name = ?",
                                        db::name(kind), name));
    LEAT_ASSIGN(bool found, rows.next());
    if (!found) return std::nullopt;
    return read_definition(kind, rows);
}

// One counter for all, so that something that was removed and made again has another revision than before.
Result<uint64_t> next_revision(Transaction& within) {
    LEAT_ASSIGN(auto rows,
                within.query("INSERT INTO counters VALUES ('revision', 1) "
                             "ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value"));
    LEAT_ASSIGN(bool found, rows.next());
    LEAT_ASSERT(found);
    return rows.number(0);
}

Result<Definition> find_unchanged(Transaction& within, DefinitionKind kind, const std::string& name,
                                  std::optional<uint64_t> revision) {
    LEAT_ASSIGN(auto found, find_in(within, kind, name));
    if (!found)
        return fail(ErrorCode::STORE_NOT_FOUND,
                    fmt::format("there is no {} {} that the API made", db::name(kind), name));
    if (revision && *revision != found->revision)
        return fail(ErrorCode::STORE_CHANGED,
                    fmt::format("the {} {} was changed in the meantime", db::name(kind), name),
                    "Read it again, and send the change with its new ETag.");
    return std::move(*found);
}

Status put_desired(Transaction& within, DefinitionKind kind, const std::string& name, DesiredState state) {
    auto written =
        state == DesiredState::running
            ? within.run("DELETE FROM desired_states WHERE kind = ? AND name = ?", db::name(kind), name)
            : within.run("INSERT OR REPLACE INTO desired_states VALUES (?, ?, ?)", db::name(kind), name,
                         db::name(state));
    if (!written) return fail(std::move(written.error()));
    return {};
}

}  // namespace

std::string_view name(DefinitionKind kind) { return kind_names[static_cast<size_t>(kind)]; }
std::string_view name(DesiredState state) { return state_names[static_cast<size_t>(state)]; }

Result<std::vector<Definition>> DefinitionStore::list(DefinitionKind kind) const {
    return read(*database_, [&](Transaction& within) -> Result<std::vector<Definition>> {
        LEAT_ASSIGN(auto rows, within.query("SELECT name, json, revision, created_us, changed_us "
                                            "FROM definitions WHERE kind = ? ORDER BY name",
                                            db::name(kind)));
        std::vector<Definition> all;
        while (true) {
            LEAT_ASSIGN(bool more, rows.next());
            if (!more) return all;
            all.push_back(read_definition(kind, rows));
        }
    });
}

Result<std::optional<Definition>> DefinitionStore::find(DefinitionKind kind, const std::string& name) const {
    return read(*database_, [&](Transaction& within) { return find_in(within, kind, name); });
}

Result<Definition> DefinitionStore::insert(DefinitionKind kind, const std::string& name,
                                           const std::string& json, DesiredState desired) {
    return write(*database_, [&](Transaction& within) -> Result<Definition> {
        LEAT_ASSIGN(auto found, find_in(within, kind, name));
        if (found)
            return fail(ErrorCode::STORE_EXISTS,
                        fmt::format("there is a {} {} already", db::name(kind), name),
                        "Choose another name, or change the one there is.");
        Definition made{kind, name, json, 0, wall_time_us(), 0};
        made.changed_us = made.created_us;
        LEAT_ASSIGN(made.revision, next_revision(within));
        LEAT_TRY(within.run("INSERT INTO definitions VALUES (?, ?, ?, ?, ?, ?)", db::name(kind), name, json,
                            made.revision, made.created_us, made.changed_us));
        LEAT_TRY(put_desired(within, kind, name, desired));
        return made;
    });
}

Result<Definition> DefinitionStore::update(DefinitionKind kind, const std::string& name,
                                           const std::string& json, std::optional<uint64_t> revision) {
    return write(*database_, [&](Transaction& within) -> Result<Definition> {
        LEAT_ASSIGN(auto now, find_unchanged(within, kind, name, revision));
        now.json = json;
        now.changed_us = wall_time_us();
        LEAT_ASSIGN(now.revision, next_revision(within));
        LEAT_TRY(
            within.run("UPDATE definitions SET json = ?, revision = ?, changed_us = ? "
                       "WHERE kind = ? AND name = ?",
                       json, now.revision, now.changed_us, db::name(kind), name));
        return now;
    });
}

Status DefinitionStore::remove(DefinitionKind kind, const std::string& name,
                               std::optional<uint64_t> revision) {
    return write(*database_, [&](Transaction& within) -> Status {
        LEAT_TRY(find_unchanged(within, kind, name, revision));
        LEAT_TRY(within.run("DELETE FROM definitions WHERE kind = ? AND name = ?", db::name(kind), name));
        LEAT_TRY(put_desired(within, kind, name, DesiredState::running));
        if (kind != DefinitionKind::consumer) return {};
        LEAT_TRY(within.run("DELETE FROM cursors WHERE consumer = ?", name));
        LEAT_TRY(within.run("DELETE FROM dead_letters WHERE consumer = ?", name));
        return {};
    });
}

Result<DesiredState> DefinitionStore::desired(DefinitionKind kind, const std::string& name) const {
    return read(*database_, [&](Transaction& within) -> Result<DesiredState> {
        LEAT_ASSIGN(auto rows, within.query("SELECT state FROM desired_states WHERE kind = ? AND name = ?",
                                            db::name(kind), name));
        LEAT_ASSIGN(bool found, rows.next());
        if (!found) return DesiredState::running;
        return rows.text(0) == state_names[1] ? DesiredState::paused : DesiredState::stopped;
    });
}

Status DefinitionStore::set_desired(DefinitionKind kind, const std::string& name, DesiredState state) {
    return write(*database_,
                 [&](Transaction& within) -> Status { return put_desired(within, kind, name, state); });
}

}  // namespace leat::db
