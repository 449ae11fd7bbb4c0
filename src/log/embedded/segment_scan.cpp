#include "log/embedded/segment_scan.h"

#include <fmt/core.h>

#include "base/crc32c.h"

namespace leat {

namespace {

std::unexpected<Error> malformed(std::string_view what) {
    return fail(ErrorCode::BLOCK_MALFORMED, std::string(what));
}

// A header of a version above ours counts as such only if its checksum is right: else it is damage.
Result<BlockHeader> read_header(FileWindow& file, uint64_t offset, uint64_t limit) {
    LEAT_ASSIGN(Bytes head, file.view(offset, block_header_bytes, limit));
    auto header = BlockHeader::parse(head);
    if (!header && header.error().code == ErrorCode::LOG_NEWER_VERSION) {
        auto raw = load<BlockHeader>(head.data());
        if (raw.length < block_header_bytes || raw.length > limit - offset)
            return malformed("block is cut off");
        LEAT_ASSIGN(Bytes bytes, file.view(offset, raw.length, limit));
        if (bytes.size() < raw.length || crc32c(bytes.subspan(12)) != raw.crc)
            return malformed("block checksum does not match");
    }
    if (header && header->length > limit - offset) return malformed("block is cut off");
    return header;
}

// Whether a valid block that satisfies the predicate begins at or after offset.
template <class Predicate>
Result<bool> find_block(int fd, uint64_t offset, uint64_t limit, Predicate wanted) {
    constexpr char magic[] = {'L', 'B', 'K', '1'};
    FileWindow search(fd), check(fd);
    while (limit > block_header_bytes && offset <= limit - block_header_bytes) {
        LEAT_ASSIGN(Bytes bytes, search.view(offset, FileWindow::gulp_bytes, limit));
        if (bytes.size() < block_header_bytes) break;
        const void* found = ::memmem(bytes.data(), bytes.size(), magic, sizeof magic);
        if (!found) {
            offset += bytes.size() - (sizeof magic - 1);
            continue;
        }
        offset += static_cast<uint64_t>(static_cast<const uint8_t*>(found) - bytes.data());
        LEAT_ASSIGN(Bytes head, check.view(offset, block_header_bytes, limit));
        auto header = BlockHeader::parse(head);
        // Rows may hold the magic by chance: only what could prove something is worth a checksum.
        if (header && wanted(*header)) {
            auto block = read_any_block(check, offset, limit);
            if (block) return true;
            if (block.error().code != ErrorCode::BLOCK_MALFORMED) return fail(block.error());
        }
        ++offset;
    }
    return false;
}

}  // namespace

Result<Block> read_any_block(FileWindow& file, uint64_t offset, uint64_t limit) {
    LEAT_ASSIGN(auto header, read_header(file, offset, limit));
    LEAT_ASSIGN(auto bytes, file.copy(offset, header.length, limit));
    return Block::parse(std::move(bytes));
}

Result<Block> read_block(FileWindow& file, uint64_t offset, uint64_t limit, const UnitOrder& order,
                         bool catalog) {
    LEAT_ASSIGN(auto block, read_any_block(file, offset, limit));
    if (block.header().has(BlockFlag::catalog) != catalog) {
        return malformed(catalog ? "the segment's catalog is missing" : "a catalog stands inside a segment");
    } else if (catalog) {
        return block;
    } else if (const char* reason = order.refuses(block.header())) {
        return malformed(fmt::format("the block does not belong here: {}", reason));
    }
    return block;
}

Result<ScanEnd> scan_segment(int fd, SegmentTracker& tracker, UnitId unit_max) {
    ScanEnd end;
    LEAT_ASSIGN(end.file_bytes, file_size(fd));
    FileWindow file(fd);
    while (true) {
        end.offset = tracker.current().offset;
        if (end.offset >= end.file_bytes) return end;
        auto block =
            read_block(file, end.offset, end.file_bytes, tracker.current().order, tracker.expects_catalog());
        Status taken;
        if (block && block->header().has(BlockFlag::catalog))
            taken = tracker.take_catalog(*block);
        else if (block && block->header().unit > unit_max.value)
            taken = malformed("the block was not durable when an fdatasync failed");
        else if (block)
            taken = tracker.take(*block);
        else
            taken = fail(block.error());
        if (!taken && taken.error().code != ErrorCode::BLOCK_MALFORMED) return fail(taken.error());
        if (!taken) {
            end.damage = taken.error().message;
            return end;
        }
    }
}

Status check_torn(int fd, const std::string& path, const SegmentTracker& tracker, const ScanEnd& end,
                  UnitId synced_unit) {
    uint64_t cut_unit = tracker.complete().order.last_unit + 1;
    uint64_t expected_seq = tracker.current().order.next_seq;
    std::string_view reason = end.damage;
    if (reason.empty()) reason = "the file ends here, and more was durable";
    if (synced_unit.value >= cut_unit) return corrupt(path, end.offset, expected_seq, reason);
    if (end.damage.empty()) return {};
    auto proves = [&](const BlockHeader& b) { return b.durable_unit >= cut_unit && b.unit > b.durable_unit; };
    LEAT_ASSIGN(bool was_durable, find_block(fd, end.offset + 1, end.file_bytes, proves));
    if (was_durable) return corrupt(path, end.offset, expected_seq, reason);
    return {};
}

Result<bool> holds_blocks(int fd) {
    LEAT_ASSIGN(uint64_t bytes, file_size(fd));
    return find_block(fd, 0, bytes, [](const BlockHeader& b) { return !b.has(BlockFlag::catalog); });
}

std::unexpected<Error> corrupt(const std::string& path, uint64_t offset, uint64_t expected_seq,
                               std::string_view reason) {
    size_t slash = path.rfind('/');
    std::string directory = slash == std::string::npos ? "." : path.substr(0, slash);
    return fail(
        ErrorCode::LOG_CORRUPT,
        fmt::format("{} is damaged at byte {}, where sequence {} was expected: {}. Nothing was changed", path,
                    offset, expected_seq, reason),
        fmt::format("Restore the file from a backup. To go on without what it held from sequence {} on: "
                    "stop the server, remove later segments, then\n"
                    "truncate -s {} {} && rm -f {}/tail\n"
                    "The source checks when it starts whether it can send the rest again.",
                    expected_seq, offset, path, directory));
}

}  // namespace leat
