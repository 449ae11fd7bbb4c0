// URLs of servers that are called.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace leat::http {

struct Url {
    bool tls = false;
    std::string host;  // a name or an address, without brackets
    uint16_t port = 0;
    std::string target;  // "/path?query"

    std::string authority() const;  // as in the Host header: without the port that goes without saying
};

// http or https, a host, perhaps a port, a path and a query of visible ASCII characters. URL_INVALID says
// what is wrong without repeating the URL, which may hold a token.
Result<Url> parse_url(std::string_view text);

}  // namespace leat::http
