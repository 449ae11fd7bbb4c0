// Numbers of the block format that writer and reader share. docs/format/block.md, "Records".
#pragma once

#include <cstddef>
#include <cstdint>

namespace leat {

inline constexpr size_t record_head_bytes = 8;

enum RecordType : uint8_t {
    record_schema = 1,
    record_transaction = 2,
    record_end = 3,
    record_row = 4,
    record_truncate = 5,
    record_message = 6,
};

inline constexpr uint8_t transaction_continued = 1, transaction_snapshot = 2;
inline constexpr uint8_t row_has_before = 1, row_before_is_key = 2, row_has_after = 4;
inline constexpr int row_place_shift = 3;
inline constexpr uint8_t truncate_cascade = 1, truncate_restart_identity = 2;
inline constexpr uint8_t message_transactional = 1;

}  // namespace leat
