// A file of lines as a sink. The file is this sink's alone; beside it `PATH.leat` says what is in it
// (file_journal.h), so that after kill -9 no line is torn, none is missing and none is there twice.
//
// A full file becomes PATH.SEQ, where SEQ is the last sequence in it, with 20 digits: names in the order of
// their content. Somebody else may move the file away at any time, or empty it: then it is begun anew.
#pragma once

#include "sink/file/file_journal.h"
#include "sink/sink.h"

namespace leat {

struct FileSinkOptions {
    std::string path;
    std::string log;            // of which log the sequences are: what another one left behind is refused
    uint64_t rotate_bytes = 0;  // 0: whatever the size
    std::chrono::milliseconds rotate_age{0};
    uint64_t keep = 0;  // full files; 0: all
};

class FileSink final : public Sink {
  public:
    explicit FileSink(FileSinkOptions options) : options_(std::move(options)) {}
    ~FileSink() override;

    Result<std::optional<Seq>> open(std::stop_token stop) override;
    Written write(const Batch& batch, std::stop_token stop) override;
    Result<Seq> flush(std::stop_token stop) override;

  private:
    Status open_file_of(const FileIntent& noted);
    Status take_up(const FileIntent& noted);
    Result<bool> is_at_path() const;
    Status begin_if_moved();
    Status append(std::span<const SinkChange> changes);
    Status put(std::span<const SinkChange> changes);
    Status note(std::span<const SinkChange> changes);
    Status sync();
    bool rotation_is_due() const;
    Status rotate();
    Status remove_old() const;
    Error explain(Error error) const;

    const FileSinkOptions options_;
    std::optional<FileJournal> journal_;
    FileDescriptor file_;
    uint64_t device_ = 0, inode_ = 0;
    int64_t created_at_us_ = 0;
    uint64_t size_ = 0;
    Seq last_{0}, durable_{0};
    bool unsynced_ = false;
    ByteBuffer gathered_;
};

}  // namespace leat
