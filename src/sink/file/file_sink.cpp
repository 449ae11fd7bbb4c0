#include "sink/file/file_sink.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/clock.h"
#include "base/crc32c.h"

namespace leat {

namespace {

constexpr size_t sequence_digits = 20;

std::string directory_of(const std::string& path) {
    auto parent = std::filesystem::path(path).parent_path().string();
    return parent.empty() ? "." : parent;
}

}  // namespace

FileSink::~FileSink() {
    if (!file_ || !journal_ || !sync()) return;
    static_cast<void>(note({}));  // should the file be moved away meanwhile, it is known to have been whole
}

Result<std::optional<Seq>> FileSink::open(std::stop_token) {
    file_ = {};
    journal_.reset();
    auto journal = FileJournal::open(options_.path + ".leat");
    if (!journal) return fail(explain(std::move(journal.error())));
    journal_ = std::move(*journal);
    if (!journal_->is_new() && journal_->last()->log != options_.log)
        return fail(ErrorCode::CONSUMER_CURSOR_FOREIGN,
                    fmt::format("{} goes on to a sequence of another change log", options_.path),
                    fmt::format("Its sequences mean other changes here. Move {} and {}.leat away, and start "
                                "the consumer again; or give it another file.path.",
                                options_.path, options_.path));
    bool is_new = journal_->is_new();
    auto status = open_file_of(is_new ? FileIntent() : *journal_->last());
    if (!status) return fail(explain(std::move(status.error())));
    if (last_ == Seq(0)) return std::nullopt;
    return last_;
}

Status FileSink::open_file_of(const FileIntent& noted) {
    LEAT_ASSIGN(file_, open_file(options_.path, O_RDWR | O_CREAT));
    struct stat info{};
    if (::fstat(file_.get(), &info) != 0) return fail(io_error("look at", options_.path, errno));
    if (!S_ISREG(info.st_mode))
        return fail(ErrorCode::SINK_FAILED, fmt::format("{} is not a file", options_.path),
                    "Give file.path the name of a file, or use the type stdout with a pipe.");
    device_ = info.st_dev;
    inode_ = info.st_ino;
    size_ = static_cast<uint64_t>(info.st_size);
    last_ = durable_ = noted.after;
    unsynced_ = false;
    if (noted.inode == inode_ && noted.device == device_ && size_ >= noted.offset) return take_up(noted);
    // Never ours, or moved away since: what is in it now is somebody else's.
    if (size_ > 0)
        return fail(ErrorCode::SINK_FAILED,
                    fmt::format("{} holds something that this consumer did not write", options_.path),
                    "Move it away, or give the consumer another file.path.");
    created_at_us_ = wall_time_us();
    return sync_directory(directory_of(options_.path));
}

// What was noted and is there whole stays; behind it there can only be a part of a line.
Status FileSink::take_up(const FileIntent& noted) {
    created_at_us_ = noted.created_at_us;
    uint64_t end = noted.offset;
    for (const FileIntent::Change& change : noted.changes) {
        if (end + change.bytes > size_) break;
        gathered_.clear();
        LEAT_ASSIGN(size_t got, read_at(file_.get(), gathered_.grow(change.bytes), change.bytes, end));
        if (got != change.bytes || crc32c(gathered_.view()) != change.crc) break;
        end += change.bytes;
        last_ = change.seq;
    }
    gathered_ = ByteBuffer();
    if (end < size_ && ::ftruncate(file_.get(), static_cast<off_t>(end)) != 0)
        return fail(io_error("cut", options_.path, errno));
    size_ = end;
    LEAT_TRY(sync_data(file_.get()));
    durable_ = last_;
    return note({});
}

Written FileSink::write(const Batch& batch, std::stop_token) {
    Written written;
    auto rest = std::span(batch.changes);
    while (!rest.empty()) {
        auto part = rest.first(std::min(rest.size(), FileJournal::changes_max));
        if (auto status = append(part); !status) {
            written.error = explain(std::move(status.error()));
            break;
        }
        written.accepted += part.size();
        rest = rest.subspan(part.size());
    }
    written.durable = durable_;
    return written;
}

Status FileSink::append(std::span<const SinkChange> changes) {
    LEAT_TRY(begin_if_moved());
    if (rotation_is_due()) LEAT_TRY(rotate());
    if (size_ == 0) created_at_us_ = wall_time_us();
    LEAT_TRY(note(changes));
    if (auto status = put(changes); !status) {
        // Nothing half-written stays; should this fail too, the next open() cuts it.
        static_cast<void>(::ftruncate(file_.get(), static_cast<off_t>(size_)));
        return status;
    }
    last_ = changes.back().seq;
    unsynced_ = true;
    return {};
}

Status FileSink::note(std::span<const SinkChange> changes) {
    FileIntent intent{0, options_.log, device_, inode_, created_at_us_, size_, last_, {}};
    intent.changes.reserve(changes.size());
    for (const SinkChange& change : changes)
        intent.changes.push_back(
            {change.seq, static_cast<uint32_t>(change.bytes.size()), crc32c(as_bytes(change.bytes))});
    return journal_->write(std::move(intent));
}

// What stands together in memory is written at once.
Status FileSink::put(std::span<const SinkChange> changes) {
    uint64_t offset = size_;
    for (size_t first = 0; first < changes.size();) {
        std::string_view run = changes[first++].bytes;
        while (first < changes.size() && run.data() + run.size() == changes[first].bytes.data())
            run = {run.data(), run.size() + changes[first++].bytes.size()};
        LEAT_TRY(write_all_at(file_.get(), as_bytes(run), offset));
        offset += run.size();
    }
    size_ = offset;
    return {};
}

Result<bool> FileSink::is_at_path() const {
    struct stat info{};
    if (::stat(options_.path.c_str(), &info) != 0) {
        if (errno == ENOENT) return false;
        return fail(io_error("look at", options_.path, errno));
    }
    return info.st_dev == device_ && info.st_ino == inode_ && static_cast<uint64_t>(info.st_size) >= size_;
}

// logrotate renames files, or empties them; both ways what was in it has been taken care of.
Status FileSink::begin_if_moved() {
    LEAT_ASSIGN(bool there, is_at_path());
    if (there) return {};
    LEAT_TRY(sync());
    LEAT_TRY(note({}));
    FileIntent none;
    none.after = last_;
    LEAT_TRY(open_file_of(none));
    return note({});
}

Result<Seq> FileSink::flush(std::stop_token) {
    Status status = sync();
    if (status && rotation_is_due()) status = rotate();
    if (!status) return fail(explain(std::move(status.error())));
    return durable_;
}

Status FileSink::sync() {
    if (!std::exchange(unsynced_, false)) return {};
    if (auto status = sync_data(file_.get()); !status) return unsynced_ = true, status;
    if (auto status = journal_->sync(); !status) return unsynced_ = true, status;
    durable_ = last_;
    return {};
}

bool FileSink::rotation_is_due() const {
    if (size_ == 0) return false;
    if (options_.rotate_bytes > 0 && size_ >= options_.rotate_bytes) return true;
    return options_.rotate_age.count() > 0 &&
           wall_time_us() - created_at_us_ >= options_.rotate_age.count() * 1000;
}

// Noted first that all of it is there: a crash between the steps finds another file, or none, and goes on
// after it.
Status FileSink::rotate() {
    unsynced_ = true;
    LEAT_TRY(note({}));
    LEAT_TRY(sync());
    std::string to = fmt::format("{}.{:0{}}", options_.path, last_.value, sequence_digits);
    if (::rename(options_.path.c_str(), to.c_str()) != 0)
        return fail(io_error("rename", options_.path, errno));
    FileIntent none;
    none.after = last_;
    LEAT_TRY(open_file_of(none));
    LEAT_TRY(note({}));
    return remove_old();
}

Status FileSink::remove_old() const {
    if (options_.keep == 0) return {};
    std::filesystem::path path(options_.path);
    std::string prefix = path.filename().string() + ".";
    std::vector<std::string> full;
    std::error_code error;
    for (auto& entry : std::filesystem::directory_iterator(directory_of(options_.path), error)) {
        std::string name = entry.path().filename().string();
        bool ours = name.starts_with(prefix) && name.size() == prefix.size() + sequence_digits &&
                    name.find_first_not_of("0123456789", prefix.size()) == std::string::npos;
        if (ours) full.push_back(std::move(name));
    }
    std::ranges::sort(full);
    for (size_t i = 0; i + options_.keep < full.size(); ++i)
        std::filesystem::remove(std::filesystem::path(directory_of(options_.path)) / full[i], error);
    return {};
}

// A full disk or one that fails may recover; a path that cannot be written will not by itself.
Error FileSink::explain(Error error) const {
    if (error.code == ErrorCode::LOG_DISK_FULL)
        return {ErrorCode::SINK_UNAVAILABLE, fmt::format("{}: {}", options_.path, error.message),
                "Make room on its disk; the consumer then goes on by itself."};
    if (error.code == ErrorCode::IO)
        return {ErrorCode::SINK_UNAVAILABLE, std::move(error.message),
                "The file and its directory have to be writable for the user that runs Leat."};
    return error;
}

}  // namespace leat
