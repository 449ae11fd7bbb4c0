#include "capture/signal_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/logging.h"
#include "base/text.h"

namespace leat {

void SignalFile::poll(SignalQueue& queue) {
    if (options_.path.empty() || SteadyClock::now() - looked_ < options_.interval) return;
    looked_ = SteadyClock::now();
    Status status = look(queue);
    if (status)
        told_.clear();
    else
        tell(status.error());
}

// The same error is told once.
void SignalFile::tell(const Error& error) {
    if (std::exchange(told_, error.message) == error.message) return;
    log_error(LogLevel::error, subject_, "signal.file", error);
}

Status SignalFile::look(SignalQueue& queue) {
    if (::access(options_.path.c_str(), F_OK) != 0 && errno == ENOENT) {
        file_ = size_ = taken_ = 0;
        return {};
    }
    // One that cannot be emptied would be carried out again and again.
    LEAT_ASSIGN(auto file, open_file(options_.path, O_RDWR));
    struct stat now{};
    if (::fstat(file.get(), &now) != 0) return fail(io_error("looking at", options_.path, errno));
    auto size = static_cast<uint64_t>(now.st_size);
    if (now.st_ino != file_ || size < taken_) taken_ = 0;
    bool grows = now.st_ino != file_ || size != size_;
    file_ = now.st_ino;
    size_ = size;
    if (taken_ > 0 && taken_ == size && queue.idle()) {
        if (::ftruncate(file.get(), 0) != 0) return fail(io_error("emptying", options_.path, errno));
        taken_ = size_ = 0;
        return {};
    }
    std::string text(std::min<uint64_t>(size - taken_, bytes_max), '\0');
    LEAT_ASSIGN(size_t read,
                read_at(file.get(), reinterpret_cast<uint8_t*>(text.data()), text.size(), taken_));
    text.resize(read);
    taken_ += hand_on(text, !grows, queue);
    // Emptied as soon as possible: one that is being written to waits for the next look.
    if (taken_ == size && read > 0) looked_ = {};
    return {};
}

// How many bytes of it are done with.
size_t SignalFile::hand_on(std::string_view text, bool is_all, SignalQueue& queue) {
    size_t done = 0;
    while (done < text.size()) {
        size_t end = text.find('\n', done);
        if (end == std::string_view::npos && !is_all && text.size() < bytes_max) break;
        std::string_view line = trim(text.substr(done, std::min(end, text.size()) - done));
        size_t next = end == std::string_view::npos ? text.size() : end + 1;
        if (!line.empty()) {
            auto signal = parse_signal_line(line);
            if (!signal)
                log_error(LogLevel::error, subject_, "a line of signal.file", signal.error());
            else if (!queue.post({std::move(signal->signal), std::move(signal->id)}))
                break;  // there is no room just now
        }
        done = next;
    }
    return done;
}

}  // namespace leat
