// The writer of one source's log. Contract: log/change_log.h; format: docs/format/segment.md.
//
// Thread contract: one thread appends and syncs. range(), read(), durable_position() and the readers they
// give may be used on any other.
// After a failed fdatasync every append and sync fails: close the log and open it again, and resume from the
// position it then has.
#pragma once

#include <mutex>

#include "log/change_log.h"
#include "log/embedded/data_directory.h"
#include "log/embedded/log_options.h"
#include "log/embedded/recovery.h"
#include "log/embedded/storage_io.h"

namespace leat {

class EmbeddedLog final : public ChangeLog {
  public:
    static Result<std::unique_ptr<EmbeddedLog>> open(const std::string& data_directory, SourcePaths paths,
                                                     WriterClaim claim, const LogOptions& options);
    ~EmbeddedLog() override;

    const Position& position() const override { return tracker_.position(); }
    std::vector<std::shared_ptr<const TableSchema>> latest_schemas() const override {
        return tracker_.schemas().all();
    }
    LogRange range() const override;

    Result<Seq> append(Block& block) override;
    Status sync() override;
    Position durable_position() const override;
    Status discard_unfinished() override;

    Result<std::unique_ptr<LogReader>> read(ReadFrom from) override;
    Status trim() override;

  private:
    EmbeddedLog(const std::string& data_directory, SourcePaths paths, WriterClaim claim,
                const LogOptions& options);
    Status recover();

    Status wait_for_consumers();
    bool segment_is_full() const;
    Status roll();
    Status create_segment(const SegmentHeader& header);
    Status write_segment(int fd, const SegmentHeader& header);
    Status cut_to(uint64_t offset);
    void zero_ahead();
    Status cut_zeros();
    bool sync_is_due() const;
    Status sync_file();
    void note_synced();
    void publish();
    Status usable() const;
    std::unexpected<Error> failed(const Error& error, const std::string& path) const;

    const std::string data_directory_;
    const SourcePaths paths_;
    const WriterClaim claim_;
    const LogOptions options_;
    StorageIo& io_;

    std::unique_ptr<Tail> tail_;
    FileDescriptor file_;  // of the active segment
    std::string path_;
    IndexWriter index_;
    SegmentTracker tracker_;

    uint64_t written_unsynced_ = 0;  // bytes since the last fdatasync
    uint64_t synced_offset_ = 0;     // in the active segment: ends the last unit that fdatasync has covered
    uint64_t zeroed_end_ = 0;        // zeros stand in the active segment from the last block to here
    UnitId synced_unit_{0};
    uint64_t published_unit_ = UINT64_MAX;
    std::chrono::steady_clock::time_point last_sync_;
    std::optional<Error> broken_;

    mutable std::mutex durable_mutex_;
    Position durable_position_;
};

}  // namespace leat
