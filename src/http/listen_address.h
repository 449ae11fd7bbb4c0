// Where a server listens: "127.0.0.1:8083", "[::1]:8083", "localhost:8083", ":8083" (every address).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace leat::http {

struct ListenAddress {
    std::string host = "127.0.0.1";  // a name or an address without brackets; empty: every address
    uint16_t port = 0;               // 0: the system chooses

    // Whether only this machine can reach it. A name counts as loopback only if it is "localhost".
    bool loopback() const;
    std::string to_string() const;
};

// CONFIG_INVALID.
Result<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace leat::http
