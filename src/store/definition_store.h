// Sources and consumers that were made by REST, and what of them (and of those in the file) is to run.
// Any thread. Every function: STORE_… of Database::open.
#pragma once

#include <vector>

#include "store/database.h"

namespace leat::db {

enum class DefinitionKind : uint8_t { source, consumer };
std::string_view name(DefinitionKind kind);  // "source"

enum class DesiredState : uint8_t { running, paused, stopped };
std::string_view name(DesiredState state);  // "running"

struct Definition {
    DefinitionKind kind = DefinitionKind::source;
    std::string name;
    std::string json;       // as it was checked; refers to secrets, and holds none
    uint64_t revision = 0;  // for ETags: another one with each update, and never one that was there before
    int64_t created_us = 0, changed_us = 0;
};

class DefinitionStore {
  public:
    explicit DefinitionStore(std::shared_ptr<Database> database) : database_(std::move(database)) {}

    Result<std::vector<Definition>> list(DefinitionKind kind) const;  // by name
    Result<std::optional<Definition>> find(DefinitionKind kind, const std::string& name) const;
    // STORE_EXISTS if there is one of that name.
    Result<Definition> insert(DefinitionKind kind, const std::string& name, const std::string& json,
                              DesiredState desired = DesiredState::running);
    // STORE_NOT_FOUND; STORE_CHANGED if `revision` is given and is not its revision any more.
    Result<Definition> update(DefinitionKind kind, const std::string& name, const std::string& json,
                              std::optional<uint64_t> revision = {});
    // With its desired state, and of a consumer its cursor and dead letters. Likewise.
    Status remove(DefinitionKind kind, const std::string& name, std::optional<uint64_t> revision = {});

    // Running unless it was set; also of what the file defines.
    Result<DesiredState> desired(DefinitionKind kind, const std::string& name) const;
    Status set_desired(DefinitionKind kind, const std::string& name, DesiredState state);

  private:
    const std::shared_ptr<Database> database_;
};

}  // namespace leat::db
