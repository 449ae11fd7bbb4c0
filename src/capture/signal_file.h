// Debezium's file channel: signals as lines of JSON in a file, {"id":…,"type":…,"data":{…}}. What was carried
// out, durably, is taken out of the file by emptying it; a kill before that has it carried out again. Used by
// the reader thread of a runner, between the blocks it reads.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.h"
#include "snapshot/signal_queue.h"

namespace leat {

struct SignalFileOptions {
    std::string path;  // empty: there is none
    std::chrono::milliseconds interval{5000};
};

class SignalFile {
  public:
    static constexpr size_t bytes_max = 1 << 20;  // that are read at once; no line is longer

    // subject: whom Leat's log says it of.
    SignalFile(std::string subject, SignalFileOptions options)
        : subject_(std::move(subject)), options_(std::move(options)) {}

    // Once per interval: hands new lines to the queue. A line without an end is taken if it does not grow.
    void poll(SignalQueue& queue);
    // What was handed on has not been carried out, and will not be.
    void begin_again() { taken_ = 0; }

  private:
    Status look(SignalQueue& queue);
    size_t hand_on(std::string_view text, bool is_all, SignalQueue& queue);
    void tell(const Error& error);

    const std::string subject_;
    const SignalFileOptions options_;
    SteadyClock::time_point looked_{};
    uint64_t file_ = 0, size_ = 0;  // inode and size, when it was looked at
    uint64_t taken_ = 0;            // bytes of it that were handed on
    std::string told_;              // error that was told last
};

}  // namespace leat
