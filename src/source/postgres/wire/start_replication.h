// The command that starts the stream: what is asked of pgoutput depends on the server's version. Pure.
#pragma once

#include <string>
#include <vector>

#include "source/postgres/wire/lsn.h"

namespace leat::pg {

struct StreamRequest {
    int server_version = 0;  // as libpq numbers it: 150004
    std::string slot;
    Lsn start;
    std::vector<std::string> publications;
    bool streaming = false;  // transactions in progress, where the server can
    bool two_phase = false;  // prepared transactions; from two_phase_version on
};

inline constexpr int streaming_version = 140000;
inline constexpr int two_phase_version = 150000;

std::string start_replication_command(const StreamRequest& request);

}  // namespace leat::pg
