// The calls by which the writer changes segments. Tests put their own in to fail at a chosen place.
#pragma once

#include <unistd.h>

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
    static StorageIo& system() {
        static StorageIo io;
        return io;
    }
};

}  // namespace leat
