#include "log/embedded/segment_header.h"

#include <fmt/core.h>

#include "base/crc32c.h"
#include "base/file.h"

namespace leat {

namespace {
constexpr size_t crc_offset = 8, crc_begin = 12;
constexpr uint16_t flag_catalog = 1;

std::unexpected<Error> malformed(std::string_view what) {
    return fail(ErrorCode::BLOCK_MALFORMED, std::string(what));
}
}  // namespace

void SegmentHeader::encode(ByteBuffer& to) const {
    size_t start = to.size();
    to.put(segment_magic);
    to.put(uint32_t{0});
    to.put(uint32_t{0});
    to.put(segment_version);
    to.put(has_catalog ? flag_catalog : uint16_t{0});
    to.put(first_seq.value);
    to.put(first_unit.value);
    to.put(created_at_us);
    to.put(previous_commit_time_us_max);
    to.put(uint64_t{0});
    to.put_string(source);
    to.put_string(position.bytes);
    store(to.data() + start + 4, static_cast<uint32_t>(to.size() - start));
    store(to.data() + start + crc_offset, crc32c(to.view().subspan(start + crc_begin)));
}

Result<SegmentHeader> SegmentHeader::decode(Bytes bytes) {
    FormatCursor from(bytes);
    uint32_t magic = from.u32(), length = from.u32(), crc = from.u32();
    uint16_t version = from.u16(), flags = from.u16();
    if (!from.ok()) return malformed("the segment header is cut off");
    if (magic != segment_magic) return malformed("the file does not begin with a segment header");
    if (version > segment_version)
        return fail(ErrorCode::LOG_NEWER_VERSION,
                    fmt::format("the segment has format version {}, this Leat reads up to {}", version,
                                segment_version),
                    "Use the newer version of Leat that wrote it.");
    if (length < segment_header_bytes_min || length > bytes.size())
        return malformed("the segment header is cut off");
    if (crc32c(bytes.subspan(crc_begin, length - crc_begin)) != crc)
        return malformed("the checksum of the segment header does not match");
    SegmentHeader header;
    header.length = length;
    header.has_catalog = flags & flag_catalog;
    header.first_seq = Seq(from.u64());
    header.first_unit = UnitId(from.u64());
    header.created_at_us = from.i64();
    header.previous_commit_time_us_max = from.i64();
    from.u64();
    header.source = from.text(from.u32());
    header.position.bytes = from.text(from.u32());
    if (!from.ok() || from.offset() != length) return malformed("the segment header is malformed");
    return header;
}

Result<SegmentHeader> SegmentHeader::read(int fd) {
    ByteBuffer bytes;
    size_t wanted = 512;
    while (true) {
        bytes.clear();
        LEAT_ASSIGN(size_t got, read_at(fd, bytes.grow(wanted), wanted, 0));
        bytes.truncate(got);
        uint32_t length = got >= 8 ? load<uint32_t>(bytes.data() + 4) : 0;
        bool more = got == wanted && load<uint32_t>(bytes.data()) == segment_magic && length > wanted &&
                    length <= segment_header_bytes_max;
        if (!more) return decode(bytes.view());
        wanted = length;
    }
}

}  // namespace leat
