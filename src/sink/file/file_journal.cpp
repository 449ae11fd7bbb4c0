#include "sink/file/file_journal.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>

#include "base/byte_cursor.h"
#include "base/crc32c.h"

namespace leat {

namespace {

constexpr uint32_t magic = 0x314A464C;  // "LFJ1"
constexpr size_t head_bytes = 12;       // magic, length, crc
constexpr size_t slot_bytes = 1 << 20;
constexpr size_t log_bytes_max = 256;
constexpr size_t change_bytes = 16;
static_assert(FileJournal::changes_max * change_bytes + log_bytes_max + 128 <= slot_bytes);

std::unexpected<Error> malformed(std::string_view what) {
    return fail(ErrorCode::BLOCK_MALFORMED, fmt::format("not a whole note of a file sink: {}", what));
}

}  // namespace

void FileIntent::encode(ByteBuffer& to) const {
    size_t start = to.size();
    to.put(magic);
    to.put(uint32_t{0});
    to.put(uint32_t{0});
    to.put(generation);
    to.put(device);
    to.put(inode);
    to.put(created_at_us);
    to.put(offset);
    to.put(after.value);
    to.put_string(std::string_view(log).substr(0, log_bytes_max));
    to.put(static_cast<uint32_t>(changes.size()));
    for (const Change& change : changes) {
        to.put(change.seq.value);
        to.put(change.bytes);
        to.put(change.crc);
    }
    auto length = static_cast<uint32_t>(to.size() - start);
    store(to.data() + start + 4, length);
    store(to.data() + start + 8, crc32c(to.view().subspan(start + head_bytes)));
}

Result<FileIntent> FileIntent::decode(Bytes bytes) {
    FormatCursor head(bytes);
    uint32_t found = head.u32(), length = head.u32(), crc = head.u32();
    if (!head.ok() || found != magic) return malformed("no magic");
    if (length < head_bytes || length > bytes.size()) return malformed("length");
    Bytes body = bytes.subspan(head_bytes, length - head_bytes);
    if (crc32c(body) != crc) return malformed("checksum");
    FormatCursor cursor(body);
    FileIntent intent;
    intent.generation = cursor.u64();
    intent.device = cursor.u64();
    intent.inode = cursor.u64();
    intent.created_at_us = cursor.i64();
    intent.offset = cursor.u64();
    intent.after = Seq(cursor.u64());
    intent.log = cursor.text(cursor.u32());
    uint32_t count = cursor.u32();
    if (!cursor.ok() || intent.log.size() > log_bytes_max || count > FileJournal::changes_max ||
        count * change_bytes != cursor.remaining())
        return malformed("count");
    intent.changes.reserve(count);
    for (uint32_t i = 0; i < count; ++i) {
        Change change;
        change.seq = Seq(cursor.u64());
        change.bytes = cursor.u32();
        change.crc = cursor.u32();
        intent.changes.push_back(change);
    }
    return intent;
}

Result<FileJournal> FileJournal::open(const std::string& path) {
    LEAT_ASSIGN(auto file, open_file(path, O_RDWR | O_CREAT));
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0)
        return fail(ErrorCode::SINK_FAILED, fmt::format("{} is in use by another consumer", path),
                    "Give each consumer a file.path of its own.");
    FileJournal journal(std::move(file));
    LEAT_TRY(journal.read(path));
    return journal;
}

Status FileJournal::read(const std::string& path) {
    LEAT_ASSIGN(uint64_t size, file_size(file_.get()));
    for (uint64_t slot = 0; slot < 2; ++slot) {
        buffer_.clear();
        LEAT_ASSIGN(size_t got,
                    read_at(file_.get(), buffer_.grow(slot_bytes), slot_bytes, slot * slot_bytes));
        buffer_.truncate(got);
        auto intent = FileIntent::decode(buffer_.view());
        if (intent && (!last_ || intent->generation > last_->generation)) last_ = std::move(*intent);
    }
    buffer_ = ByteBuffer();
    // The very first note may be torn; of two, one is always whole.
    if (last_ || size <= slot_bytes) return {};
    return fail(ErrorCode::SINK_FAILED, fmt::format("{} is damaged", path),
                "It says what is in the file beside it. Move both away, and start the consumer again.");
}

Status FileJournal::write(FileIntent intent) {
    intent.generation = last_ ? last_->generation + 1 : 1;
    buffer_.clear();
    intent.encode(buffer_);
    LEAT_TRY(write_all_at(file_.get(), buffer_.view(), (intent.generation + 1) % 2 * slot_bytes));
    last_ = std::move(intent);
    return {};
}

}  // namespace leat
