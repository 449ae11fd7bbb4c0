// What the server asks of the sources it serves. Implemented where everything is wired together; a fake in
// the tests.
#pragma once

#include <string>
#include <vector>

#include "capture/source_runner.h"
#include "delivery/feed.h"
#include "delivery/feed_spec.h"

namespace leat::server {

using leat::FeedSpec;

// What somebody has asked for; kept over a restart.
enum class DesiredState : uint8_t { running, paused, stopped };

struct SourceView {
    std::string name;
    SourceStatus status;
    DesiredState desired = DesiredState::running;
    bool from_file = true;          // of leat.yaml; else made by REST
    uint64_t revision = 0;          // of its definition, if made by REST
    std::string checkpoint;         // as the source writes it, of what is durable; empty: not known
    double changes_per_second = 0;  // into the log, of late
    LogRange range;
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
    // CONDITION_INVALID, SELECTION_UNKNOWN if the selection does not fit the source's tables.
    virtual Result<FeedSource> feed(const FeedSpec& spec) const = 0;
};

}  // namespace leat::server
