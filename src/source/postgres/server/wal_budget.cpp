#include "source/postgres/server/wal_budget.h"

namespace leat::pg {

WalBudget::Verdict WalBudget::look(uint64_t held_bytes) {
    uint64_t before = last_;
    last_ = held_bytes;
    if (held_bytes <= bytes_) {
        looks_ = 0;
        // Told again only after it was well within, not with every wave around the limit.
        if (told_ == 0 || held_bytes > bytes_ - bytes_ / 10) return Verdict::quiet;
        told_ = 0;
        return Verdict::back;
    }
    looks_ = held_bytes < before ? 1 : looks_ + 1;
    if (policy_ != WalPolicy::warn && looks_ >= looks_max) return Verdict::act;
    if (told_ != 0 && held_bytes - told_ < told_ / 2) return Verdict::quiet;
    if (held_bytes < told_) return Verdict::quiet;
    told_ = held_bytes;
    return Verdict::tell;
}

}  // namespace leat::pg
