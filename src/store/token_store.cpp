#include "store/token_store.h"

#include <fmt/core.h>

#include "base/clock.h"

namespace leat::db {

namespace {
constexpr uint64_t tokens_max = 1000;
}

Result<std::vector<Token>> TokenStore::list() const {
    return read(*database_, [&](Transaction& within) -> Result<std::vector<Token>> {
        LEAT_ASSIGN(auto rows, within.query("SELECT id, name, role, hash, created_us, expires_us, revoked_us "
                                            "FROM tokens ORDER BY id"));
        std::vector<Token> all;
        while (true) {
            LEAT_ASSIGN(bool more, rows.next());
            if (!more) return all;
            all.push_back({rows.number(0), rows.text(1), rows.text(2), rows.text(3), rows.integer(4),
                           rows.optional_integer(5), rows.optional_integer(6)});
        }
    });
}

Result<Token> TokenStore::insert(Token token) {
    return write(*database_, [&](Transaction& within) -> Result<Token> {
        uint64_t same = 0, all = 0;
        {
            LEAT_ASSIGN(auto rows,
                        within.query("SELECT count(*), count(*) FILTER (WHERE name = ?) FROM tokens "
                                     "WHERE revoked_us IS NULL",
                                     token.name));
            LEAT_TRY(rows.next());
            all = rows.number(0), same = rows.number(1);
        }
        if (same)
            return fail(ErrorCode::STORE_EXISTS, fmt::format("there is a token {} already", token.name),
                        "Choose another name, or revoke that one first.");
        if (all >= tokens_max)
            return fail(ErrorCode::STORE_LIMIT, fmt::format("there are {} tokens already", tokens_max),
                        "Revoke those that nobody uses.");
        token.created_us = wall_time_us();
        LEAT_TRY(
            within.run("INSERT INTO tokens (name, role, hash, created_us, expires_us) "
                       "VALUES (?, ?, ?, ?, ?)",
                       token.name, token.role, as_bytes(token.hash), token.created_us, token.expires_us));
        token.id = within.last_id();
        LEAT_TRY(
            within.run("DELETE FROM tokens WHERE revoked_us IS NOT NULL AND id NOT IN "
                       "(SELECT id FROM tokens WHERE revoked_us IS NOT NULL "
                       "ORDER BY revoked_us DESC LIMIT 100)"));
        return token;
    });
}

Status TokenStore::revoke(const std::string& name) {
    return write(*database_, [&](Transaction& within) -> Status {
        LEAT_ASSIGN(uint64_t changed, within.run("UPDATE tokens SET revoked_us = ? "
                                                 "WHERE name = ? AND revoked_us IS NULL",
                                                 wall_time_us(), name));
        if (changed) return {};
        return fail(ErrorCode::STORE_NOT_FOUND, fmt::format("there is no token {}", name),
                    "leat token list shows which there are.");
    });
}

}  // namespace leat::db
