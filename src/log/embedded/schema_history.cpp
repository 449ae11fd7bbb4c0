#include "log/embedded/schema_history.h"

#include <fcntl.h>
#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "log/embedded/extent_watch.h"
#include "log/embedded/segment_header.h"
#include "log/embedded/segment_index.h"
#include "log/embedded/segment_scan.h"

namespace leat {

namespace {

class History {
  public:
    explicit History(const SourcePaths& paths) : paths_(paths) {}

    // A segment that retention removes meanwhile is passed over; so is what cannot be read: an index is only
    // a help, and damage is told by whoever reads the changes.
    void add_segment(Seq first, uint64_t limit) {
        auto file = open_file(paths_.segment(first), O_RDONLY);
        if (!file) return;
        auto header = SegmentHeader::read(file->get());
        if (!header) return;
        FileWindow window(file->get());
        if (header->has_catalog) add_block(window, header->length, limit, first);
        for (const IndexEntry& entry : load_index(paths_.index(first)))
            if (entry.kind == IndexEntry::schemas && entry.offset < limit)
                add_block(window, entry.offset, limit, Seq(entry.seq));
    }

    std::vector<LoggedSchema> take() {
        std::vector<LoggedSchema> out;
        for (auto& [id, one] : schemas_) out.push_back(std::move(one));
        auto order = [](const LoggedSchema& one) {
            return std::tuple(one.schema->qualified_name(), one.schema->table.value, one.schema->version);
        };
        std::ranges::sort(out, {}, order);
        return out;
    }

  private:
    void add_block(FileWindow& window, uint64_t offset, uint64_t limit, Seq since) {
        auto block = read_any_block(window, offset, limit);
        if (!block) return;
        auto found = schemas_of(*block);
        if (!found) return;
        for (auto& schema : *found) schemas_.try_emplace(schema->id.value, LoggedSchema{schema, since});
    }

    const SourcePaths& paths_;
    std::map<uint64_t, LoggedSchema> schemas_;  // by id; the first place counts, later ones repeat it
};

}  // namespace

Result<std::vector<LoggedSchema>> read_schema_history(const std::string& data_directory,
                                                      const SourcePaths& paths) {
    ExtentWatch watch(data_directory, paths);
    LEAT_ASSIGN(auto extent, watch.read());
    LEAT_ASSIGN(auto segments, paths.segments());
    if (!extent || segments.empty())
        return fail(ErrorCode::LOG_NO_SOURCE,
                    fmt::format("the change log has no source \"{}\"", paths.source()));
    History history(paths);
    for (const SegmentFile& segment : segments)
        history.add_segment(segment.first_seq,
                            segment.first_seq == extent->segment ? extent->offset : segment.bytes);
    return history.take();
}

}  // namespace leat
