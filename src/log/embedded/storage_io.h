// The calls by which the writer changes segments. Tests put their own in to fail at a chosen place.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"

namespace leat {

class StorageIo {
  public:
    virtual ~StorageIo() = default;
    virtual Status write(int fd, Bytes bytes, uint64_t offset) { return write_all_at(fd, bytes, offset); }
    virtual Status sync(int fd) { return sync_data(fd); }
    virtual Status truncate(int fd, uint64_t size) {
        if (::ftruncate(fd, static_cast<off_t>(size)) != 0) return fail(io_error("truncate", "file", errno));
        return {};
    }
    // Zeros that are really written: blocks that are only allocated (fallocate) would cost the file system's
    // journal a commit again when they are first used.
    virtual Status write_zeros(int fd, uint64_t offset, uint64_t count) {
        static constexpr uint8_t zeros[64 << 10] = {};
        for (uint64_t end = offset + count; offset < end; offset += sizeof zeros) {
            Bytes part(zeros, std::min<uint64_t>(sizeof zeros, end - offset));
            LEAT_TRY(write_all_at(fd, part, offset));
        }
        return {};
    }
    static StorageIo& system() {
        static StorageIo io;
        return io;
    }
};

}  // namespace leat
