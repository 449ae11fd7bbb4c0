// The sparse index beside a segment: where to begin reading, and where its schemas stand.
// Format and why it is never trusted: docs/format/segment.md, "Index".
#pragma once

#include <string>
#include <vector>

#include "base/byte_buffer.h"
#include "base/file.h"
#include "model/ids.h"

namespace leat {

struct IndexEntry {
    enum Kind : uint32_t { place = 1, schemas = 2 };
    uint64_t offset = 0;
    uint64_t seq = 0;
    uint64_t unit = 0;
    int64_t commit_time_us_max = 0;  // in the segment before the place
    uint32_t kind = place;

    bool operator==(const IndexEntry&) const = default;
};

inline constexpr size_t index_entry_bytes = 40;
inline constexpr uint64_t index_spacing_bytes = 1 << 20;

std::vector<IndexEntry> decode_index(Bytes bytes);  // up to the first entry that does not check
// Empty if there is none that can be read.
std::vector<IndexEntry> load_index(const std::string& path);

// Writes the index of the active segment. A failure ends the index there and is no error: entries after a
// hole must never be written, since a place vouches for all schemas before it.
class IndexWriter {
  public:
    IndexWriter() = default;
    // Starts over with these entries.
    IndexWriter(const std::string& path, const std::vector<IndexEntry>& entries);
    void add(const std::vector<IndexEntry>& entries);

  private:
    FileDescriptor file_;
    uint64_t bytes_ = 0;
};

}  // namespace leat
