// From a consumer's definition to what runs it.
#pragma once

#include "config/config.h"
#include "consumer/consumer_runner.h"
#include "delivery/feed_spec.h"

namespace leat::engine {

struct SinkSetup {
    std::unique_ptr<Sink> sink;
    std::string content_type;  // of what is sent
};

// framing: of the stream, or of what is sent. USAGE: an operation that is none.
Result<FeedSpec> feed_spec(const ConsumerConfig& config);

// log: of which log the sequences are. replay: the id of the replay this is for; empty: of none.
// CONFIG_SECRET, URL_INVALID, CONFIG_INVALID: http:// without being told.
Result<SinkSetup> make_sink(const ConsumerConfig& config, const std::string& log,
                            const SecretResolver& secrets, const std::string& replay = {});

// consumers: that share the memory.
ConsumerOptions consumer_options(const ConsumerConfig& config, uint64_t memory_bytes, size_t consumers);

}  // namespace leat::engine
