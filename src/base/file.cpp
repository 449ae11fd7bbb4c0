#include "base/file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace leat {

FileDescriptor::~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
}

Error io_error(std::string_view what, const std::string& path, int error_number) {
    bool full = error_number == ENOSPC || error_number == EDQUOT;
    return {full ? ErrorCode::LOG_DISK_FULL : ErrorCode::IO,
            fmt::format("cannot {} {}: {}", what, path, errno_text(error_number)),
            {}};
}

Result<FileDescriptor> open_file(const std::string& path, int flags, int mode) {
    int fd;
    do fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    if (fd < 0) return fail(io_error("open", path, errno));
    return FileDescriptor(fd);
}

Status write_all_at(int fd, Bytes bytes, uint64_t offset) {
    while (!bytes.empty()) {
        ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0) {
            if (errno == EINTR) continue;
            return fail(io_error("write", "file", errno));
        }
        bytes = bytes.subspan(static_cast<size_t>(written));
        offset += static_cast<uint64_t>(written);
    }
    return {};
}

Result<size_t> read_at(int fd, uint8_t* to, size_t size, uint64_t offset) {
    size_t done = 0;
    while (done < size) {
        ssize_t got = ::pread(fd, to + done, size - done, static_cast<off_t>(offset + done));
        if (got < 0) {
            if (errno == EINTR) continue;
            return fail(io_error("read", "file", errno));
        }
        if (got == 0) break;
        done += static_cast<size_t>(got);
    }
    return done;
}

Result<uint64_t> file_size(int fd) {
    struct stat info{};
    if (::fstat(fd, &info) != 0) return fail(io_error("stat", "file", errno));
    return static_cast<uint64_t>(info.st_size);
}

Status sync_data(int fd) {
    if (::fdatasync(fd) != 0) return fail(io_error("sync", "file", errno));
    return {};
}

Status sync_directory(const std::string& directory) {
    LEAT_ASSIGN(auto fd, open_file(directory, O_RDONLY | O_DIRECTORY));
    if (::fsync(fd.get()) != 0) return fail(io_error("sync", directory, errno));
    return {};
}

Result<std::string> read_text_file(const std::string& path, size_t bytes_max) {
    LEAT_ASSIGN(auto fd, open_file(path, O_RDONLY));
    std::string text;
    char chunk[16384];
    while (true) {
        ssize_t got = ::read(fd.get(), chunk, sizeof chunk);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail(io_error("read", path, errno));
        if (got == 0) return text;
        text.append(chunk, static_cast<size_t>(got));
        if (text.size() > bytes_max)
            return fail(ErrorCode::IO, fmt::format("{} is larger than {} bytes", path, bytes_max));
    }
}

Status replace_file(const std::string& path, std::string_view content) {
    std::string temporary = path + ".new";
    {
        LEAT_ASSIGN(auto fd, open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC));
        LEAT_TRY(write_all_at(fd.get(), as_bytes(content), 0));
        LEAT_TRY(sync_data(fd.get()));
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) return fail(io_error("rename", temporary, errno));
    return sync_directory(std::filesystem::path(path).parent_path().string());
}

}  // namespace leat
