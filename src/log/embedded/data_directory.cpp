#include "log/embedded/data_directory.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <random>

#include "base/text.h"
#include "log/embedded/layout.h"

namespace leat {

namespace {

constexpr std::string_view meta_title = "leat change log";
constexpr uint64_t meta_format = 1;

std::string meta_path(const std::string& directory) { return directory + "/leat.meta"; }
std::string lock_path(const std::string& directory) { return directory + "/lock"; }

uint64_t random_id() {
    std::random_device random;
    return (uint64_t{random()} << 32 | random()) | 1;  // never 0, which says none
}

// The value after "key " on a line of its own; empty if there is none.
std::string_view field(std::string_view text, std::string_view key) {
    for (std::string_view line : split(text, '\n'))
        if (line.starts_with(key) && line.size() > key.size() && line[key.size()] == ' ')
            return line.substr(key.size() + 1);
    return {};
}

uint64_t number(std::string_view text, int base) {
    uint64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    return error == std::errc() && end == text.data() + text.size() ? value : 0;
}

// Whether an error is that of someone who may not write here.
Error unwritable(const std::string& directory, const Error& error) {
    if (error.code != ErrorCode::IO) return error;
    return {ErrorCode::LOG_UNWRITABLE, error.message,
            fmt::format("Give the user that runs Leat the right to write in {}.", directory)};
}

std::unexpected<Error> foreign(const std::string& directory, std::string_view why) {
    return fail(ErrorCode::LOG_FOREIGN_DIRECTORY, fmt::format("{} {}", directory, why),
                "Name the directory of a change log, or for a new one a directory that is empty or missing.");
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

Result<bool> is_empty(const std::string& directory) {
    LEAT_ASSIGN(auto names, list_directory(directory));
    return std::ranges::all_of(
        names, [](const auto& n) { return n == "lock" || n == "leat.meta.new" || n == "lost+found"; });
}

struct flock whole_file(short type) {
    struct flock lock{};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    return lock;
}

Status make_directory(const std::string& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return fail(io_error("create", path, error.value()));
    return {};
}

std::unexpected<Error> locked(const std::string& directory) {
    auto text = read_text_file(lock_path(directory));
    auto pid = text ? number(field(*text, "pid"), 10) : 0;
    std::string who = pid ? fmt::format("process {}", pid) : std::string("another process");
    return fail(ErrorCode::LOG_LOCKED, fmt::format("{} is being written by {}", directory, who),
                "Stop that process first, or use another directory.");
}

}  // namespace

Result<std::shared_ptr<const WriterLock>> WriterLock::take(const std::string& directory) {
    LEAT_ASSIGN(auto file, open_file(lock_path(directory), O_RDWR | O_CREAT));
    auto wanted = whole_file(F_WRLCK);
    if (::fcntl(file.get(), F_OFD_SETLK, &wanted) != 0) {
        if (errno == EAGAIN || errno == EACCES) return locked(directory);
        return fail(io_error("lock", lock_path(directory), errno));
    }
    auto lock = std::make_shared<WriterLock>();
    lock->generation_ = random_id();
    std::string text = fmt::format("pid {}\ngeneration {:016x}\n", ::getpid(), lock->generation_);
    if (::ftruncate(file.get(), 0) != 0) return fail(io_error("truncate", lock_path(directory), errno));
    LEAT_TRY(write_all_at(file.get(), as_bytes(text), 0));
    lock->file_ = std::move(file);
    return std::shared_ptr<const WriterLock>(std::move(lock));
}

uint64_t live_generation(const std::string& directory) {
    auto file = open_file(lock_path(directory), O_RDONLY);
    if (!file) return 0;
    auto asked = whole_file(F_RDLCK);
    if (::fcntl(file->get(), F_OFD_GETLK, &asked) != 0 || asked.l_type == F_UNLCK) return 0;
    auto text = read_text_file(lock_path(directory));
    return text ? number(field(*text, "generation"), 16) : 0;
}

Status check_data_directory(const std::string& directory) {
    if (!exists(directory)) return foreign(directory, "does not exist");
    if (!exists(meta_path(directory))) return foreign(directory, "is not a Leat data directory");
    LEAT_ASSIGN(auto text, read_text_file(meta_path(directory)));
    uint64_t format = number(field(text, "format"), 10);
    if (!text.starts_with(meta_title) || format == 0)
        return foreign(directory, "has a leat.meta that is not one of Leat's");
    if (format > meta_format)
        return fail(ErrorCode::LOG_NEWER_VERSION,
                    fmt::format("{} has format {} (created by {}), this Leat knows up to {}", directory,
                                format, field(text, "created_by"), meta_format),
                    "Use the newer version of Leat.");
    return {};
}

Result<std::string> data_directory_identity(const std::string& directory) {
    LEAT_TRY(check_data_directory(directory));
    LEAT_ASSIGN(auto text, read_text_file(meta_path(directory)));
    return std::string(field(text, "id"));
}

Result<std::shared_ptr<const WriterLock>> open_data_directory(const std::string& directory,
                                                              const std::string& created_by) {
    bool is_new = !exists(meta_path(directory));
    if (is_new) {
        auto empty = is_empty(directory);
        if (!empty) return fail(unwritable(directory, empty.error()));
        if (!*empty) return foreign(directory, "is not empty and not a Leat data directory");
        if (auto made = make_directory(directory); !made) return fail(unwritable(directory, made.error()));
    } else {
        LEAT_TRY(check_data_directory(directory));
    }
    auto lock = WriterLock::take(directory);
    if (!lock) return fail(unwritable(directory, lock.error()));
    if (!exists(meta_path(directory))) {
        auto text = fmt::format("{}\nformat {}\ncreated_by {}\nid {:016x}\n", meta_title, meta_format,
                                created_by, random_id());
        if (auto wrote = replace_file(meta_path(directory), text); !wrote)
            return fail(unwritable(directory, wrote.error()));
    }
    if (auto made = make_directory(sources_directory(directory)); !made)
        return fail(unwritable(directory, made.error()));
    LEAT_TRY(sync_directory(directory));
    return lock;
}

}  // namespace leat
