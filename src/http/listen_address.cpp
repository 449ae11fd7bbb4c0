#include "http/listen_address.h"

#include <arpa/inet.h>

#include <charconv>

namespace leat::http {

bool ListenAddress::loopback() const {
    if (host == "localhost") return true;
    in_addr v4{};
    if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
    in6_addr v6{};
    return ::inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

std::string ListenAddress::to_string() const {
    bool v6 = host.find(':') != std::string::npos;
    return fmt::format("{}{}{}:{}", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

Result<ListenAddress> parse_listen_address(std::string_view text) {
    auto refuse = [&](std::string_view why) {
        return fail(ErrorCode::CONFIG_INVALID,
                    fmt::format("\"{}\" is not an address to listen at: {}", text, why),
                    "Write HOST:PORT, as in 127.0.0.1:8083, [::1]:8083 or :8083 (every address).");
    };
    size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return refuse("there is no port");
    ListenAddress address;
    auto host = text.substr(0, colon), port = text.substr(colon + 1);
    auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (error != std::errc() || end != port.data() + port.size())
        return refuse("the port is not a number from 0 to 65535");
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
        in6_addr v6{};
        if (::inet_pton(AF_INET6, std::string(host).c_str(), &v6) != 1)
            return refuse("in the brackets there is no IPv6 address");
    } else if (host.find_first_of(":[] /@") != std::string_view::npos) {
        return refuse("an IPv6 address stands in brackets, and a host name has no such character");
    }
    address.host = host == "*" ? std::string() : std::string(host);
    return address;
}

}  // namespace leat::http
