#include "store/dead_letter_store.h"

#include "base/clock.h"

namespace leat::db {

namespace {

DeadLetter read_letter(const Rows& rows) {
    return {Seq(rows.number(0)), rows.number(1), rows.number(2), rows.integer(3) != 0, rows.number(4),
            rows.text(5),        rows.text(6),   rows.text(7),   rows.text(8),         rows.integer(9)};
}

}  // namespace

Status DeadLetterStore::put(const std::string& consumer, const DeadLetter& letter) {
    return write(*database_, [&](Transaction& within) -> Status {
        LEAT_TRY(within.run(
            "INSERT INTO dead_letters (consumer, seq, key_hash, other_key_hash, held, attempts, code, "
            "message, content_type, bytes, created_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (consumer, seq) DO UPDATE SET held = excluded.held, attempts = excluded.attempts, "
            "code = excluded.code, message = excluded.message",
            consumer, letter.seq.value, letter.key_hash, letter.other_key_hash, letter.held, letter.attempts,
            letter.code, letter.message, letter.content_type, as_bytes(letter.bytes), wall_time_us()));
        return {};
    });
}

Result<uint64_t> DeadLetterStore::count(const std::string& consumer) const {
    return read(*database_, [&](Transaction& within) -> Result<uint64_t> {
        LEAT_ASSIGN(auto rows,
                    within.query("SELECT count(*) FROM dead_letters WHERE consumer = ?", consumer));
        LEAT_TRY(rows.next());
        return rows.number(0);
    });
}

Result<std::vector<DeadLetter>> DeadLetterStore::list(const std::string& consumer, Seq after,
                                                      size_t limit) const {
    return read(*database_, [&](Transaction& within) -> Result<std::vector<DeadLetter>> {
        LEAT_ASSIGN(auto rows,
                    within.query("SELECT seq, key_hash, other_key_hash, held, attempts, code, message, "
                                 "content_type, '', created_us FROM dead_letters "
                                 "WHERE consumer = ? AND seq > ? ORDER BY seq LIMIT ?",
                                 consumer, after.value, uint64_t{limit}));
        std::vector<DeadLetter> letters;
        while (true) {
            LEAT_ASSIGN(bool more, rows.next());
            if (!more) return letters;
            letters.push_back(read_letter(rows));
        }
    });
}

Result<std::optional<DeadLetter>> DeadLetterStore::find(const std::string& consumer, Seq seq) const {
    return read(*database_, [&](Transaction& within) -> Result<std::optional<DeadLetter>> {
        LEAT_ASSIGN(auto rows,
                    within.query("SELECT seq, key_hash, other_key_hash, held, attempts, code, message, "
                                 "content_type, bytes, created_us FROM dead_letters "
                                 "WHERE consumer = ? AND seq = ?",
                                 consumer, seq.value));
        LEAT_ASSIGN(bool found, rows.next());
        if (!found) return std::nullopt;
        return read_letter(rows);
    });
}

Result<uint64_t> DeadLetterStore::remove(const std::string& consumer, std::span<const Seq> seqs) {
    return write(*database_, [&](Transaction& within) -> Result<uint64_t> {
        if (seqs.empty()) return within.run("DELETE FROM dead_letters WHERE consumer = ?", consumer);
        uint64_t removed = 0;
        for (Seq seq : seqs) {
            LEAT_ASSIGN(uint64_t one, within.run("DELETE FROM dead_letters WHERE consumer = ? AND seq = ?",
                                                 consumer, seq.value));
            removed += one;
        }
        return removed;
    });
}

}  // namespace leat::db
