#include "store/cursor_store.h"

#include "base/clock.h"

namespace leat::db {

namespace {
Cursor read_cursor(const Rows& rows) {
    return {rows.text(0), rows.text(1), Seq(rows.number(2)), rows.integer(3)};
}
}  // namespace

Result<std::vector<Cursor>> CursorStore::list() const {
    return read(*database_, [&](Transaction& within) -> Result<std::vector<Cursor>> {
        LEAT_ASSIGN(auto rows,
                    within.query("SELECT consumer, log, seq, changed_us FROM cursors ORDER BY consumer"));
        std::vector<Cursor> all;
        while (true) {
            LEAT_ASSIGN(bool more, rows.next());
            if (!more) return all;
            all.push_back(read_cursor(rows));
        }
    });
}

Result<std::optional<Cursor>> CursorStore::find(const std::string& consumer) const {
    return read(*database_, [&](Transaction& within) -> Result<std::optional<Cursor>> {
        LEAT_ASSIGN(auto rows, within.query("SELECT consumer, log, seq, changed_us FROM cursors "
                                            "WHERE consumer = ?",
                                            consumer));
        LEAT_ASSIGN(bool found, rows.next());
        if (!found) return std::nullopt;
        return read_cursor(rows);
    });
}

Status CursorStore::set(std::span<const Cursor> cursors) {
    if (cursors.empty()) return {};
    return write(*database_, [&](Transaction& within) -> Status {
        int64_t now = wall_time_us();
        for (const Cursor& cursor : cursors)
            LEAT_TRY(within.run("INSERT OR REPLACE INTO cursors VALUES (?, ?, ?, ?)", cursor.consumer,
                                cursor.log, cursor.seq.value, now));
        return {};
    });
}

Status CursorStore::remove(const std::string& consumer) {
    return write(*database_, [&](Transaction& within) -> Status {
        LEAT_TRY(within.run("DELETE FROM cursors WHERE consumer = ?", consumer));
        return {};
    });
}

}  // namespace leat::db
