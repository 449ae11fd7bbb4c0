// What /metrics says of the sources. docs/http.md lists it.
#pragma once

#include "server/metrics.h"
#include "server/sources.h"

namespace leat::server {

// How far behind the source the newest change was when it came in; of a source that does not run, how long
// ago it last brought one. 0: none came yet.
double lag_seconds(const SourceStatus& status);

void write_source_metrics(MetricsText& text, const Sources& sources);

}  // namespace leat::server
