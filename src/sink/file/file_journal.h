// What a file sink notes beside its file before it writes to it: where the next changes will end, with their
// sequences and checksums. So a crash in the middle of a write leaves neither a torn line nor a doubt about
// what is there. Format: docs/format/file-sink.md. One thread.
#pragma once

#include <string>
#include <vector>

#include "base/byte_buffer.h"
#include "base/file.h"
#include "model/ids.h"

namespace leat {

struct FileIntent {
    struct Change {
        Seq seq;
        uint32_t bytes = 0;
        uint32_t crc = 0;
    };
    uint64_t generation = 0;
    std::string log;  // of which log the sequences are
    uint64_t device = 0, inode = 0;
    int64_t created_at_us = 0;  // when the file was begun
    uint64_t offset = 0;        // everything before it is there, up to the sequence `after`
    Seq after{0};
    std::vector<Change> changes;  // that will follow

    void encode(ByteBuffer& to) const;
    // BLOCK_MALFORMED if the bytes are not a whole one.
    static Result<FileIntent> decode(Bytes bytes);
};

class FileJournal {
  public:
    static constexpr size_t changes_max = 32768;  // in one intent

    // SINK_FAILED if another process has it, or it is damaged; IO, LOG_DISK_FULL.
    static Result<FileJournal> open(const std::string& path);

    const std::optional<FileIntent>& last() const { return last_; }
    bool is_new() const { return !last_; }
    // Takes the place of the last but one. Its generation is set here.
    Status write(FileIntent intent);
    Status sync() { return sync_data(file_.get()); }

  private:
    explicit FileJournal(FileDescriptor file) : file_(std::move(file)) {}
    Status read(const std::string& path);

    FileDescriptor file_;
    std::optional<FileIntent> last_;
    ByteBuffer buffer_;
};

}  // namespace leat
