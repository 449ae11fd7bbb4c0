#include "log/embedded/segment_index.h"

#include <fcntl.h>

#include "base/crc32c.h"

namespace leat {

namespace {

constexpr size_t checked_bytes = index_entry_bytes - 4;
constexpr size_t index_bytes_max = 64 << 20;

void encode(const IndexEntry& entry, ByteBuffer& to) {
    size_t start = to.size();
    to.put(entry.offset);
    to.put(entry.seq);
    to.put(entry.unit);
    to.put(entry.commit_time_us_max);
    to.put(entry.kind);
    to.put(crc32c(to.view().subspan(start, checked_bytes)));
}

}  // namespace

std::vector<IndexEntry> decode_index(Bytes bytes) {
    std::vector<IndexEntry> entries;
    FormatCursor from(bytes);
    while (from.remaining() >= index_entry_bytes) {
        uint32_t crc = crc32c(bytes.subspan(from.offset(), checked_bytes));
        IndexEntry entry;
        entry.offset = from.u64();
        entry.seq = from.u64();
        entry.unit = from.u64();
        entry.commit_time_us_max = from.i64();
        entry.kind = from.u32();
        bool in_order = entries.empty() || entry.offset >= entries.back().offset;
        if (from.u32() != crc || !in_order) break;
        entries.push_back(entry);
    }
    return entries;
}

std::vector<IndexEntry> load_index(const std::string& path) {
    auto text = read_text_file(path, index_bytes_max);
    return text ? decode_index(as_bytes(*text)) : std::vector<IndexEntry>{};
}

IndexWriter::IndexWriter(const std::string& path, const std::vector<IndexEntry>& entries) {
    auto file = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file) return;
    file_ = std::move(*file);
    add(entries);
}

void IndexWriter::add(const std::vector<IndexEntry>& entries) {
    if (!file_ || entries.empty()) return;
    ByteBuffer bytes(entries.size() * index_entry_bytes);
    for (const IndexEntry& entry : entries) encode(entry, bytes);
    if (write_all_at(file_.get(), bytes.view(), bytes_))
        bytes_ += bytes.size();
    else
        file_ = FileDescriptor();
}

}  // namespace leat
