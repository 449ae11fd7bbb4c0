#include "model/block.h"

#include <fmt/core.h>

#include "base/crc32c.h"
#include "model/record.h"

namespace leat {

Result<BlockHeader> BlockHeader::parse(Bytes bytes) {
    if (bytes.size() < block_header_bytes) return fail(ErrorCode::BLOCK_MALFORMED, "block header is cut off");
    auto header = load<BlockHeader>(bytes.data());
    if (header.magic != block_magic)
        return fail(ErrorCode::BLOCK_MALFORMED,
                    fmt::format("no block begins here (magic {:#010x})", header.magic));
    if (header.version > block_version)
        return fail(ErrorCode::LOG_NEWER_VERSION,
                    fmt::format("the block has format version {}, this Leat reads up to {}", header.version,
                                block_version),
                    "Read it with the newer version of Leat that wrote it.");
    if (header.length < block_header_bytes || header.position_length > header.length - block_header_bytes)
        return fail(ErrorCode::BLOCK_MALFORMED, "block lengths do not fit together");
    return header;
}

Result<Block> Block::parse(ByteBuffer bytes) {
    LEAT_ASSIGN(auto header, BlockHeader::parse(bytes.view()));
    if (header.length != bytes.size()) return fail(ErrorCode::BLOCK_MALFORMED, "block is cut off");
    if (crc32c(bytes.view().subspan(12)) != header.crc)
        return fail(ErrorCode::BLOCK_MALFORMED, "block checksum does not match");
    return Block(std::move(bytes));
}

void Block::set_flags(BlockFlags flags) { store(buffer_->data() + offsetof(BlockHeader, flags), flags); }

void Block::set_snapshot_place(Row which, SnapshotPlace place) {
    Bytes all = records();
    uint8_t* at = buffer_->data() + block_header_bytes;
    uint8_t* const end = at + all.size();
    uint8_t* row = nullptr;
    for (; at < end && !(row && which == Row::first); at += load<uint32_t>(at))
        if (at[4] == record_row) row = at;
    if (!row) return;
    constexpr int place_bits = 7 << row_place_shift;
    row[5] = static_cast<uint8_t>((row[5] & ~place_bits) | (static_cast<int>(place) << row_place_shift));
}

void Block::seal(Seq first, UnitId unit, UnitId durable) {
    uint8_t* header = buffer_->data();
    store(header + offsetof(BlockHeader, first_seq), first.value);
    store(header + offsetof(BlockHeader, unit), unit.value);
    store(header + offsetof(BlockHeader, durable_unit), durable.value);
    store(header + offsetof(BlockHeader, crc), crc32c(buffer_->view().subspan(12)));
}

}  // namespace leat
