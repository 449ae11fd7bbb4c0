// From a source's configuration to the source.
#pragma once

#include <memory>

#include "capture/source_runner.h"
#include "config/config.h"
#include "source/source.h"

namespace leat::cli {

struct SourceSetup {
    std::unique_ptr<Source> source;
    RunnerOptions runner;
};

// share: the part of the memory budget that is this source's, in bytes.
Result<SourceSetup> make_source(const SourceConfig& config, const SecretResolver& secrets, uint64_t share);
// The same for leat tail: temporary, from now on, with the rows already there if `snapshot`.
Result<SourceSetup> make_temporary_source(const SourceConfig& config, const SecretResolver& secrets,
                                          uint64_t share, bool snapshot);

}  // namespace leat::cli
