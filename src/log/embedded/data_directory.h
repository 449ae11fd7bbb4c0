// The data directory itself: that it is one, and who writes in it. Format: docs/format/segment.md.
#pragma once

#include <memory>
#include <string>

#include "base/file.h"

namespace leat {

// The lock of the one writer, held as long as the object lives. Immutable, so any thread may use it.
class WriterLock {
  public:
    // LOG_LOCKED names the process that holds it.
    static Result<std::shared_ptr<const WriterLock>> take(const std::string& data_directory);
    uint64_t generation() const { return generation_; }

  private:
    FileDescriptor file_;
    uint64_t generation_ = 0;
};

// What a writer of one source holds: the directory's lock, and that no one else in this process writes it.
struct WriterClaim {
    std::shared_ptr<const WriterLock> lock;
    std::shared_ptr<const void> source;
};

// The generation of the writer that holds the lock now; 0: no one does. Never disturbs a writer.
uint64_t live_generation(const std::string& data_directory);

// Makes a missing or empty directory a data directory, under its lock. LOG_FOREIGN_DIRECTORY,
// LOG_NEWER_VERSION, LOG_UNWRITABLE and LOG_LOCKED leave it as it is.
Result<std::shared_ptr<const WriterLock>> open_data_directory(const std::string& path,
                                                              const std::string& created_by);
// The digits by which leat.meta tells it from every other one. LOG_FOREIGN_DIRECTORY.
Result<std::string> data_directory_identity(const std::string& path);
// Whether it is one that this version can read.
Status check_data_directory(const std::string& path);

}  // namespace leat
