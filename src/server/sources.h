// What the server asks of the sources it serves. Implemented where everything is wired together; a fake in
// the tests.
#pragma once

#include <string>
#include <vector>

#include "capture/source_runner.h"
#include "delivery/change_selection.h"
#include "delivery/feed.h"

namespace leat::server {

struct SourceView {
    std::string name;
    SourceStatus status;
    double changes_per_second = 0;  // into the log, of late
    LogRange range;
};

// How changes are to be told.
struct FeedSpec {
    std::string source;
    Framing framing = Framing::ndjson;
    SelectionSpec selection;
};

// Any thread.
class Sources {
  public:
    virtual ~Sources() = default;
    virtual std::vector<std::string> names() const = 0;
    // LOG_NO_SOURCE if there is no such source.
    virtual Result<SourceView> view(const std::string& name) const = 0;
    // Empty if there is no such source.
    virtual std::vector<TableCounts::Count> table_counts(const std::string& name) const = 0;
    // USAGE if the selection is not valid.
    virtual Result<FeedSource> feed(const FeedSpec& spec) const = 0;
};

}  // namespace leat::server
