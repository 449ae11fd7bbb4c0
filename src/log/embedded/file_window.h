// Reads a file forward in large gulps and gives views into what was read.
// One thread; a view is valid until the next call. The file descriptor outlives the window.
#pragma once

#include <algorithm>

#include "base/byte_buffer.h"
#include "base/file.h"

namespace leat {

class FileWindow {
  public:
    static constexpr size_t gulp_bytes = 1 << 20;

    explicit FileWindow(int fd) : fd_(fd) {}
    // Forgets what was read and goes on with another file.
    void reset(int fd) {
        fd_ = fd;
        buffer_.clear();
    }
    // Up to size bytes at offset; fewer at the end of the file and none at or after limit. Nothing after
    // limit is read: a writer may still be changing it.
    Result<Bytes> view(uint64_t offset, size_t size, uint64_t limit) {
        size = static_cast<size_t>(std::min<uint64_t>(size, limit > offset ? limit - offset : 0));
        if (size == 0) return Bytes{};
        if (!holds(offset, size)) LEAT_TRY(fill(offset, size, limit));
        if (offset - start_ >= buffer_.size()) return Bytes{};
        Bytes from = buffer_.view().subspan(static_cast<size_t>(offset - start_));
        return from.first(std::min(size, from.size()));
    }
    // The same as a buffer of its own. What is larger than a gulp is read straight into it.
    Result<ByteBuffer> copy(uint64_t offset, size_t size, uint64_t limit) {
        size = static_cast<size_t>(std::min<uint64_t>(size, limit > offset ? limit - offset : 0));
        ByteBuffer bytes(size);
        if (size > gulp_bytes) {
            LEAT_ASSIGN(size_t got, read_at(fd_, bytes.grow(size), size, offset));
            bytes.truncate(got);
        } else {
            LEAT_ASSIGN(Bytes seen, view(offset, size, limit));
            bytes.put_bytes(seen);
        }
        return bytes;
    }

  private:
    bool holds(uint64_t offset, size_t size) const {
        return offset >= start_ && offset - start_ <= buffer_.size() &&
               size <= buffer_.size() - (offset - start_);
    }
    Status fill(uint64_t offset, size_t size, uint64_t limit) {
        auto wanted = static_cast<size_t>(std::min<uint64_t>(std::max(size, gulp_bytes), limit - offset));
        // What one large block needed is given back with the next small one.
        if (buffer_.capacity() > gulp_bytes && wanted <= gulp_bytes) buffer_ = ByteBuffer(wanted);
        buffer_.clear();
        start_ = offset;
        LEAT_ASSIGN(size_t got, read_at(fd_, buffer_.grow(wanted), wanted, offset));
        buffer_.truncate(got);
        return {};
    }

    int fd_;
    uint64_t start_ = 0;
    ByteBuffer buffer_;
};

}  // namespace leat
