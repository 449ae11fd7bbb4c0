// The change block: what it is, what it says of itself, and its ownership. Format: docs/format/block.md.
#pragma once

#include <memory>
#include <vector>

#include "base/byte_buffer.h"
#include "base/error.h"
#include "model/change.h"

namespace leat {

enum class BlockFlag : uint16_t { unit_begin = 1, unit_end = 2, snapshot = 4, has_schemas = 8, catalog = 16 };
using BlockFlags = uint16_t;
constexpr BlockFlags operator|(BlockFlag a, BlockFlag b) {
    return static_cast<BlockFlags>(static_cast<BlockFlags>(a) | static_cast<BlockFlags>(b));
}
constexpr BlockFlags operator|(BlockFlags a, BlockFlag b) {
    return static_cast<BlockFlags>(a | static_cast<BlockFlags>(b));
}

inline constexpr uint32_t block_magic = 0x314B424C;
inline constexpr uint16_t block_version = 1;
inline constexpr size_t block_header_bytes = 64;

struct BlockHeader {
    uint32_t magic = block_magic;
    uint32_t length = 0;
    uint32_t crc = 0;
    uint16_t version = block_version;
    BlockFlags flags = 0;
    uint64_t first_seq = 0;
    uint64_t unit = 0;
    uint32_t change_count = 0;
    uint32_t position_length = 0;
    int64_t commit_time_us_max = 0;
    int64_t captured_at_us = 0;
    uint64_t durable_unit = 0;

    bool has(BlockFlag flag) const { return flags & static_cast<BlockFlags>(flag); }
    // The sequence after the last change of the block.
    uint64_t end_seq() const { return first_seq + change_count; }

    // Bytes that are no header are BLOCK_MALFORMED, a version above ours LOG_NEWER_VERSION. Does not check
    // the crc.
    static Result<BlockHeader> parse(Bytes bytes);
};
static_assert(sizeof(BlockHeader) == block_header_bytes);

// Where a source resumes: bytes that only the source reads. Empty: from nothing.
struct Position {
    std::string bytes;
    bool empty() const { return bytes.empty(); }
    bool operator==(const Position&) const = default;
};

// How many changes a block has, by table and operation, in the order they stand in it. For whoever counts:
// it is not part of the bytes, and only a block that was built here has it.
struct BlockTally {
    struct Run {
        SchemaId schema;  // 0: of no table (messages)
        Op op;
        uint32_t changes;
    };
    std::vector<Run> runs;

    void add(SchemaId schema, Op op) {
        if (runs.empty() || runs.back().schema != schema || runs.back().op != op)
            runs.push_back({schema, op, 0});
        ++runs.back().changes;
    }
};

// A finished block. Cheap to copy; the bytes are immutable and shared between consumers. The log, and only
// it, seals a block once before anyone else has seen it.
class Block {
  public:
    Block() = default;
    explicit Block(ByteBuffer bytes, std::shared_ptr<const BlockTally> tally = nullptr)
        : buffer_(std::make_shared<ByteBuffer>(std::move(bytes))), tally_(std::move(tally)) {}
    // Checks header, length and crc.
    static Result<Block> parse(ByteBuffer bytes);

    explicit operator bool() const { return buffer_ != nullptr; }
    Bytes bytes() const { return buffer_->view(); }
    size_t size() const { return buffer_ ? buffer_->size() : 0; }
    const BlockHeader& header() const { return *reinterpret_cast<const BlockHeader*>(buffer_->data()); }
    Bytes records() const {
        return bytes().subspan(block_header_bytes, size() - block_header_bytes - header().position_length);
    }
    const BlockTally* tally() const { return tally_.get(); }
    std::string_view position() const { return as_text(bytes().last(header().position_length)); }

    // Writes sequence, unit, the last unit durable by now and crc into the header. Only before the block is
    // shared.
    void seal(Seq first, UnitId unit, UnitId durable = UnitId(0));
    void set_flags(BlockFlags flags);
    // Of the block's first or last row. Likewise only before the block is shared.
    enum class Row : uint8_t { first, last };
    void set_snapshot_place(Row row, SnapshotPlace place);

  private:
    std::shared_ptr<ByteBuffer> buffer_;
    std::shared_ptr<const BlockTally> tally_;
};

}  // namespace leat
