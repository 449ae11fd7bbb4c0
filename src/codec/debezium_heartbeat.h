// Heartbeat records (heartbeat.interval.ms): that the source was alive at a time, on a topic of their own.
#pragma once

#include <string>

#include "codec/debezium_options.h"

namespace leat {

std::string make_heartbeat_topic(const DebeziumOptions& options);

}  // namespace leat
