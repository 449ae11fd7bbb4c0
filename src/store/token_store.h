// Tokens of the API: who holds one, as what, and its SHA-256. The token itself is nowhere. Any thread. Every
// function: STORE_… of Database::open.
#pragma once

#include <vector>

#include "store/database.h"

namespace leat::db {

struct Token {
    uint64_t id = 0;
    std::string name, role;
    std::string hash;  // 32 bytes
    int64_t created_us = 0;
    std::optional<int64_t> expires_us, revoked_us;
};

class TokenStore {
  public:
    explicit TokenStore(std::shared_ptr<Database> database) : database_(std::move(database)) {}

    // By their age; those that were revoked too, the last hundred of them.
    Result<std::vector<Token>> list() const;
    // name, role, hash and expires_us are taken. STORE_EXISTS: one of this name is not revoked; STORE_LIMIT.
    Result<Token> insert(Token token);
    // STORE_NOT_FOUND
    Status revoke(const std::string& name);

  private:
    const std::shared_ptr<Database> database_;
};

}  // namespace leat::db
