// Reads the log of one source from its files, beside a writer in this or another process or without one.
// Contract: log/change_log.h. How far it may read: docs/format/segment.md, "tail".
#pragma once

#include "log/change_log.h"
#include "log/embedded/extent_watch.h"
#include "log/embedded/file_window.h"
#include "log/embedded/segment_index.h"
#include "log/embedded/unit_order.h"

namespace leat {

class EmbeddedReader final : public LogReader {
  public:
    static Result<std::unique_ptr<LogReader>> open(const std::string& data_directory,
                                                   const SourcePaths& paths, ReadFrom from);

    Result<std::optional<Block>> next(std::chrono::milliseconds wait) override;
    SchemaSet& schemas() override { return schemas_; }

  private:
    EmbeddedReader(const std::string& data_directory, const SourcePaths& paths);

    Status seek(ReadFrom from);
    Result<Seq> start_segment(ReadFrom from, const std::vector<SegmentFile>& segments);
    Result<Seq> segment_at_time(const std::vector<SegmentFile>& segments, int64_t time_us) const;
    // Moves on in the segment just opened to the last place of its index that is not past the start.
    Status skip_by_index();
    bool before_start(const IndexEntry& place) const;
    Status load_schemas(uint64_t offset);

    Status open_segment(Seq first);
    Status next_segment();
    // Looks whether more is visible now. False: nothing.
    Result<bool> find_more();
    // The next block that is visible, wanted or not. Empty: there is none now.
    Result<std::optional<Block>> read_visible();
    bool wanted(const BlockHeader& header);
    std::unexpected<Error> damaged(const Error& error) const;

    SourcePaths paths_;
    ExtentWatch watch_;
    std::optional<LogExtent> extent_;  // as of the last look
    SchemaSet schemas_;

    Seq segment_{0};
    FileDescriptor file_;
    FileWindow window_{-1};
    uint64_t offset_ = 0;      // of the next block in the segment
    uint64_t limit_ = 0;       // where what is visible of the segment ends
    uint64_t catalog_at_ = 0;  // where the segment's catalog stands; 0: it has none
    bool sealed_ = false;      // a later segment exists
    UnitOrder order_;

    uint64_t skip_before_seq_ = 0;            // blocks that end before it are passed over
    std::optional<int64_t> skip_until_time_;  // all blocks are, until one reaches it
};

}  // namespace leat
