// The order in which blocks may follow one another in a log: what the writer asserts and readers check.
#pragma once

#include "model/block.h"

namespace leat {

struct UnitOrder {
    uint64_t next_seq = 1;
    uint64_t last_unit = 0;  // the open one or else the last complete one
    bool in_unit = false;

    // The unit that a block here belongs to.
    uint64_t expected_unit() const { return in_unit ? last_unit : last_unit + 1; }
    // Why the block cannot stand here; null: it can. Not for catalog blocks, which change nothing.
    const char* refuses(const BlockHeader& block) const {
        if (block.first_seq != next_seq) return "its sequence does not follow";
        if (block.unit != expected_unit()) return "its unit does not follow";
        if (block.has(BlockFlag::unit_begin) == in_unit) return "it does not continue its unit";
        if (block.position_length && !block.has(BlockFlag::unit_end))
            return "it has a position inside a unit";
        return nullptr;
    }
    void take(const BlockHeader& block) {
        next_seq = block.end_seq();
        last_unit = block.unit;
        in_unit = !block.has(BlockFlag::unit_end);
    }
};

}  // namespace leat
