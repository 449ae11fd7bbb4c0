#include "store/answer_store.h"

#include "base/clock.h"

namespace leat::db {

namespace {
constexpr int64_t kept_us = int64_t{24} * 3600 * 1'000'000;
constexpr int answers_max = 10'000;
}  // namespace

Result<std::optional<KeptAnswer>> AnswerStore::find(const std::string& actor, const std::string& key) const {
    return read(*database_, [&](Transaction& within) -> Result<std::optional<KeptAnswer>> {
        LEAT_ASSIGN(auto rows, within.query("SELECT request_hash, status, headers, body FROM answers "
                                            "WHERE actor = ? AND key = ? AND created_us > ?",
                                            actor, key, wall_time_us() - kept_us));
        LEAT_ASSIGN(bool found, rows.next());
        if (!found) return std::nullopt;
        return KeptAnswer{rows.text(0), static_cast<int>(rows.integer(1)), rows.text(2), rows.text(3)};
    });
}

Status AnswerStore::put(const std::string& actor, const std::string& key, const std::string& route,
                        const KeptAnswer& answer) {
    return write(*database_, [&](Transaction& within) -> Status {
        int64_t now = wall_time_us();
        LEAT_TRY(within.run("DELETE FROM answers WHERE created_us <= ?", now - kept_us));
        LEAT_TRY(
            within.run("DELETE FROM answers WHERE created_us < "
                       "(SELECT created_us FROM answers ORDER BY created_us DESC LIMIT 1 OFFSET ?)",
                       answers_max));
        LEAT_TRY(within.run("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?)", actor, key,
                            route, as_bytes(answer.request_hash), answer.status, answer.headers, answer.body,
                            now));
        return {};
    });
}

}  // namespace leat::db
