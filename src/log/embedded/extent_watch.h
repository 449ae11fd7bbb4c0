// Where what may be read of a source's log ends, asked again and again, beside a writer or without one.
// One thread. docs/format/segment.md, "tail".
#pragma once

#include "log/embedded/layout.h"
#include "log/embedded/tail.h"

namespace leat {

class ExtentWatch {
  public:
    ExtentWatch(std::string data_directory, SourcePaths paths);

    // As of now. Without a live writer the last segment is scanned, only if it has changed since the last
    // call. Empty: the source has no segment.
    Result<std::optional<LogExtent>> read();
    // After read() without a live writer: what ends the extent, if it is damage.
    const Status& sound() const { return sound_; }
    bool has_writer() const { return generation_ != 0; }
    // Waits for a publication after the last read(), or for the time to pass.
    void wait(std::chrono::milliseconds timeout) const;

  private:
    std::optional<LogExtent> read_tail();
    Result<std::optional<LogExtent>> read_files();

    std::string data_directory_;
    SourcePaths paths_;
    std::unique_ptr<Tail> tail_;
    uint32_t wake_seen_ = 0;
    uint64_t generation_ = 0;  // of the writer that was alive at the last read(); 0: none was
    Status sound_;
    std::optional<LogExtent> scanned_;
    uint64_t scanned_bytes_ = 0;
};

}  // namespace leat
