// What a slot may cost its server, and what is done about it. Pure; belongs to one thread.
#pragma once

#include <cstdint>
#include <optional>

namespace leat::pg {

// slot.wal.budget.policy: what happens when the slot holds more WAL than slot.wal.budget.bytes.
enum class WalPolicy : uint8_t {
    warn,               // it is told
    fail,               // the source stops; the slot stays
    drop,               // the slot is dropped, and the source stops
    drop_and_snapshot,  // the slot is dropped, and a new snapshot taken
};

class WalBudget {
  public:
    enum class Verdict : uint8_t {
        quiet,
        tell,  // over the budget: for the first time, or by half as much again as was told last
        back,  // within it again, after it was told
        act,   // over it for as long as the policy waits
    };

    WalBudget(uint64_t bytes, WalPolicy policy) : bytes_(bytes), policy_(policy) {}

    // One look at what the slot holds. A source that catches up is left alone: the policy acts only after
    // looks_max looks in a row over the budget, none of which has seen less than the one before.
    Verdict look(uint64_t held_bytes);

    static constexpr int looks_max = 3;

  private:
    uint64_t bytes_;
    WalPolicy policy_;
    uint64_t last_ = 0, told_ = 0;
    int looks_ = 0;  // over the budget in a row, without shrinking
};

// Whether a slot under max_slot_wal_keep_size is about to be given up by the server. safe_bytes:
// safe_wal_size, none: there is no such limit.
inline bool slot_at_risk(bool unreserved, std::optional<uint64_t> safe_bytes, uint64_t held_bytes) {
    return unreserved || (safe_bytes && *safe_bytes < (*safe_bytes + held_bytes) / 5);
}

// Whether the stream stands still although WAL is written: by position at the last look and now, and the
// WAL's end. Then it is helped on by a message in the WAL.
inline bool slot_is_stuck(uint64_t position_before, uint64_t position, uint64_t wal_end) {
    constexpr uint64_t unmoved_bytes = 16 << 20;
    return position == position_before && wal_end > position && wal_end - position > unmoved_bytes;
}

}  // namespace leat::pg
