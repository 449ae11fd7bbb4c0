// What /metrics says of the consumers. docs/http.md lists it.
#pragma once

#include "server/consumers.h"
#include "server/metrics.h"

namespace leat::server {

// Of so many consumers each by itself, by name; the others only as a number by state.
inline constexpr size_t consumers_with_metrics_max = 500;

void write_consumer_metrics(MetricsText& text, std::span<const ConsumerView> consumers);
void write_consumer_metrics(MetricsText& text, const Consumers& consumers);

}  // namespace leat::server
