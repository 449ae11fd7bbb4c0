#include "sink/stdout/stdout_sink.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace leat {

Written StdoutSink::write(const Batch& batch, std::stop_token stop) {
    Written written;
    for (const SinkChange& change : batch.changes) {
        if (auto status = put(change.bytes, stop); !status) {
            written.error = std::move(status.error());
            break;
        }
        ++written.accepted;
        if (!batch.resent) durable_ = change.seq;
    }
    written.durable = durable_;
    return written;
}

// A pipe that nobody reads must not keep the process from stopping, so the wait is in slices.
Status StdoutSink::put(std::string_view bytes, const std::stop_token& stop) {
    constexpr size_t atomic_bytes = 4096;  // PIPE_BUF: where poll says that there is room, it fits
    while (!bytes.empty()) {
        pollfd ready{fd_, POLLOUT, 0};
        int polled = ::poll(&ready, 1, 100);
        if (polled == 0 || (polled < 0 && errno == EINTR)) {
            if (stop.stop_requested()) return fail(ErrorCode::STOPPED, "nobody reads standard output");
            continue;
        }
        ssize_t count = ::write(fd_, bytes.data(), std::min(bytes.size(), atomic_bytes));
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (count < 0)
            return fail(ErrorCode::SINK_FAILED,
                        fmt::format("cannot write to standard output: {}", errno_text(errno)),
                        "Restart Leat with a reader at the other end of the pipe.");
        bytes.remove_prefix(static_cast<size_t>(count));
    }
    return {};
}

}  // namespace leat
