// POSIX files with Results. Short reads and writes and EINTR are dealt with here.
#pragma once

#include <string>

#include "base/byte_cursor.h"
#include "base/error.h"

namespace leat {

// Owns a file descriptor.
class FileDescriptor {
  public:
    FileDescriptor() = default;
    explicit FileDescriptor(int fd) : fd_(fd) {}
    FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~FileDescriptor();

    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

  private:
    int fd_ = -1;
};

// flags as for open(2); O_CLOEXEC is added. The code on failure is IO, or LOG_DISK_FULL for ENOSPC and
// EDQUOT.
Result<FileDescriptor> open_file(const std::string& path, int flags, int mode = 0640);
Status write_all_at(int fd, Bytes bytes, uint64_t offset);
// Reads up to size bytes; fewer only at the end of the file.
Result<size_t> read_at(int fd, uint8_t* to, size_t size, uint64_t offset);
Result<uint64_t> file_size(int fd);
Status sync_data(int fd);                             // fdatasync
Status sync_directory(const std::string& directory);  // makes creations and removals in it durable
Result<std::string> read_text_file(const std::string& path, size_t bytes_max = 16 << 20);
// Writes beside and renames: the file is the old one or the new one, never a part. Durable on return.
Status replace_file(const std::string& path, std::string_view content);
Error io_error(std::string_view what, const std::string& path, int error_number);

}  // namespace leat
