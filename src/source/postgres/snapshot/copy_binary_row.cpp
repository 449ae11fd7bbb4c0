#include "source/postgres/snapshot/copy_binary_row.h"

#include <fmt/core.h>

namespace leat::pg {

namespace {

constexpr std::string_view signature("PGCOPY\n\377\r\n\0", 11);
constexpr uint32_t has_oids = 1 << 16;  // servers before 12

std::unexpected<Error> malformed(size_t offset) {
    return fail(ErrorCode::PG_VALUE_MALFORMED,
                fmt::format("a row of a binary COPY is malformed at byte {}", offset));
}

bool pass_header(NetworkCursor& from) {
    if (from.text(signature.size()) != signature) return false;
    uint32_t flags = from.u32();
    from.bytes(from.u32());  // the header's extension, empty until today
    return from.ok() && (flags & has_oids) == 0;
}

}  // namespace

Result<bool> CopyBinaryRow::split(Bytes message, size_t columns) {
    NetworkCursor from(message);
    if (!header_passed_ && !pass_header(from)) return malformed(from.offset());
    header_passed_ = true;
    int16_t count = from.i16();
    if (from.ok() && count == -1 && from.at_end()) return false;
    if (!from.ok() || count < 0 || static_cast<size_t>(count) != columns) return malformed(from.offset());
    columns_.resize(columns);
    for (auto& column : columns_) {
        int32_t length = from.i32();
        if (length == -1) {
            column.reset();
            continue;
        }
        if (length < 0) return malformed(from.offset());
        column = from.text(static_cast<size_t>(length));
    }
    if (!from.ok() || !from.at_end()) return malformed(from.offset());
    return true;
}

}  // namespace leat::pg
