// A set of 32-bit transaction ids: small where they lie close together, as the subtransactions of one
// transaction do.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>

namespace leat::pg {

class XidSet {
  public:
    void insert(uint32_t xid) { words_[xid / ids][xid % ids / 64] |= uint64_t{1} << xid % 64; }
    bool contains(uint32_t xid) const {
        if (words_.empty()) return false;
        auto found = words_.find(xid / ids);
        return found != words_.end() && (found->second[xid % ids / 64] >> xid % 64 & 1);
    }
    // About what it takes.
    size_t bytes() const { return words_.size() * (sizeof(Words) + 32); }

  private:
    static constexpr uint32_t ids = 512;
    using Words = std::array<uint64_t, ids / 64>;
    std::unordered_map<uint32_t, Words> words_;
};

}  // namespace leat::pg
