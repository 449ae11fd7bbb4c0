// The header of a segment file. Format: docs/format/segment.md.
#pragma once

#include <string>

#include "base/byte_buffer.h"
#include "base/error.h"
#include "model/block.h"

namespace leat {

inline constexpr uint32_t segment_magic = 0x3147534C;
inline constexpr uint16_t segment_version = 1;
inline constexpr size_t segment_header_bytes_min = 64;
inline constexpr size_t segment_header_bytes_max = 16 << 20;

struct SegmentHeader {
    uint32_t length = 0;  // of the header: where the blocks begin
    Seq first_seq{1};
    UnitId first_unit{1};
    bool has_catalog = false;  // a catalog block follows
    int64_t created_at_us = 0;
    int64_t previous_commit_time_us_max = 0;
    std::string source;
    Position position;

    void encode(ByteBuffer& to) const;
    // Bytes that are no whole header are BLOCK_MALFORMED, a version above ours LOG_NEWER_VERSION.
    static Result<SegmentHeader> decode(Bytes bytes);
    static Result<SegmentHeader> read(int fd);
};

}  // namespace leat
