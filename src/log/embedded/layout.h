// Names of the files of a data directory. Format: docs/format/segment.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/ids.h"

namespace leat {

// a-z 0-9 _ - . and not a dot first: a name that is safe as a path component. CONFIG_INVALID if it is not.
Status check_source_name(std::string_view name);

struct SegmentFile {
    Seq first_seq;
    uint64_t bytes = 0;
};

// The files of one source.
class SourcePaths {
  public:
    SourcePaths(const std::string& data_directory, std::string_view source);

    const std::string& source() const { return source_; }
    const std::string& directory() const { return directory_; }
    std::string segment(Seq first) const;
    std::string new_segment(Seq first) const { return segment(first) + ".new"; }
    std::string index(Seq first) const;
    std::string tail() const { return directory_ + "/tail"; }

    // In order of their sequence. Empty if the source has none or no directory.
    Result<std::vector<SegmentFile>> segments() const;
    // What a crash left behind: unfinished new segments, indexes without a segment.
    std::vector<std::string> leftovers() const;

  private:
    std::string source_, directory_;
};

std::string sources_directory(const std::string& data_directory);
// The names of a directory's entries; empty if there is no such directory.
Result<std::vector<std::string>> list_directory(const std::string& directory);

}  // namespace leat
