// The place for what is spilled to disk, and how much of it there may be: one for all sources of a process.
// Thread-safe.
#pragma once

#include <atomic>
#include <string>

#include "base/file.h"

namespace leat {

class SpillSpace {
  public:
    SpillSpace(std::string directory, uint64_t bytes_max)
        : directory_(std::move(directory)), bytes_max_(bytes_max) {}

    // Makes the directory and a file in it, so that what is wrong is told at the start and not years later.
    Status prepare() const;

    // A file that has no name, and so ends with the process. SPILL_FAILED.
    Result<FileDescriptor> make_file() const;

    // Takes bytes of the space, or SPILL_FULL.
    Status take(uint64_t bytes);
    void give_back(uint64_t bytes) { used_ -= bytes; }

    uint64_t used() const { return used_; }
    const std::string& directory() const { return directory_; }

  private:
    const std::string directory_;
    const uint64_t bytes_max_;
    std::atomic<uint64_t> used_{0};
};

}  // namespace leat
