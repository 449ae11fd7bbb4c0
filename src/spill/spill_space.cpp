#include "spill/spill_space.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/text.h"

namespace leat {

namespace {
constexpr int private_mode = 0600;
constexpr std::string_view file_template = "/leat-spill-XXXXXX";

std::unexpected<Error> failed(std::string_view what, const std::string& directory, int error) {
    return fail(ErrorCode::SPILL_FAILED, fmt::format("cannot {} {}: {}", what, directory, errno_text(error)),
                "Give the user that runs Leat the right to write there, or name another directory with "
                "spill.dir.");
}
}  // namespace

Status SpillSpace::prepare() const {
    std::error_code error;
    bool made = std::filesystem::create_directories(directory_, error);
    if (error) return failed("create", directory_, error.value());
    if (made) std::filesystem::permissions(directory_, std::filesystem::perms::owner_all, error);
    LEAT_TRY(make_file());
    return {};
}

Result<FileDescriptor> SpillSpace::make_file() const {
    int fd = ::open(directory_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, private_mode);
    if (fd >= 0) return FileDescriptor(fd);
    if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
        return failed("create a file in", directory_, errno);
    // A file system that knows no files without a name.
    std::string path = directory_ + std::string(file_template);
    fd = ::mkostemp(path.data(), O_CLOEXEC);
    if (fd < 0) return failed("create a file in", directory_, errno);
    ::unlink(path.c_str());
    return FileDescriptor(fd);
}

Status SpillSpace::take(uint64_t bytes) {
    if (used_.fetch_add(bytes) + bytes <= bytes_max_) return {};
    used_ -= bytes;
    return fail(ErrorCode::SPILL_FULL,
                fmt::format("the changes of open transactions take more than the {} that spill.bytes allows",
                            human_bytes(bytes_max_)),
                "Raise spill.bytes, or make transactions smaller.");
}

}  // namespace leat
