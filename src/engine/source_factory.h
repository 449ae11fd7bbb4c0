// From a source's configuration to the source.
#pragma once

#include <memory>

#include "capture/source_runner.h"
#include "config/config.h"
#include "source/source.h"
#include "spill/spill_space.h"

namespace leat::engine {

struct SourceSetup {
    std::unique_ptr<Source> source;
    RunnerOptions runner;
};

// How much memory a source may have under way.
struct MemoryShare {
    uint64_t total_bytes = 64 << 20;  // of the process: a single change may take a quarter of it
    uint64_t sources = 1;             // that share the rest
};

// A URL of the command line: its errors name no key of a configuration.
Result<PostgresUrl> resolve_argument(const std::string& url, const SecretResolver& secrets);

// spill: what the sources of a process share; null where nothing is streamed.
Result<SourceSetup> make_source(const SourceConfig& config, const SecretResolver& secrets, MemoryShare memory,
                                std::shared_ptr<SpillSpace> spill = nullptr);
// The same for leat tail: temporary, from now on, with the rows already there if `snapshot`.
Result<SourceSetup> make_temporary_source(const SourceConfig& config, const SecretResolver& secrets,
                                          MemoryShare memory, bool snapshot);

}  // namespace leat::engine
