// What a block's changes are in one format: bytes as they go out, and where each change ends in them.
// Immutable once made; shared by all who want the same.
#pragma once

#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

#include "base/byte_buffer.h"
#include "model/ids.h"

namespace leat {

struct EncodedBlock {
    // After the change's last record. A reader that was cut before it asks for the change again.
    struct End {
        Seq seq;
        size_t offset;
        // Changes that share one have to stay in their order: a hash of topic and key (record_key_hash). 0:
        // no key, in order with all others. Where an update changes the key there are two.
        uint64_t key_hash = 0;
        uint64_t other_key_hash = 0;
        int64_t commit_time_us = 0;
    };

    Seq first;  // the sequences it covers, wanted or not: first … next - 1
    Seq next;
    ByteBuffer bytes;
    std::vector<End> ends;  // of the changes that have records, in order

    // What follows the sequence `after`.
    std::string_view from(Seq after) const {
        auto done = std::ranges::partition_point(ends, [&](const End& end) { return end.seq <= after; });
        size_t begin = done == ends.begin() ? 0 : std::prev(done)->offset;
        return as_text(bytes.view()).substr(begin);
    }
};

}  // namespace leat
