#include "store/audit_log.h"

#include "base/clock.h"

namespace leat::db {

Status AuditLog::add(AuditEntry entry) {
    return write(*database_, [&](Transaction& within) -> Status {
        LEAT_TRY(
            within.run("INSERT INTO audit (time_us, actor, address, action, target, status, code) "
                       "VALUES (?, ?, ?, ?, ?, ?, ?)",
                       wall_time_us(), entry.actor, entry.address, entry.action, entry.target, entry.status,
                       entry.code));
        LEAT_TRY(within.run("DELETE FROM audit WHERE id <= ?",
                            static_cast<int64_t>(within.last_id()) - static_cast<int64_t>(entries_max_)));
        return {};
    });
}

Result<std::vector<AuditEntry>> AuditLog::list(uint64_t before, size_t limit) const {
    return read(*database_, [&](Transaction& within) -> Result<std::vector<AuditEntry>> {
        LEAT_ASSIGN(auto rows,
                    within.query("SELECT id, time_us, actor, address, action, target, status, code "
                                 "FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?",
                                 before ? static_cast<int64_t>(before) : INT64_MAX, uint64_t{limit}));
        std::vector<AuditEntry> all;
        while (true) {
            LEAT_ASSIGN(bool more, rows.next());
            if (!more) return all;
            all.push_back({rows.number(0), rows.integer(1), rows.text(2), rows.text(3), rows.text(4),
                           rows.text(5), static_cast<int>(rows.integer(6)), rows.text(7)});
        }
    });
}

}  // namespace leat::db
