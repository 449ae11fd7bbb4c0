#include "server/login_failures.h"

#include <arpa/inet.h>

#include <algorithm>

namespace leat::server {

std::string address_group(const std::string& address) {
    in6_addr v6{};
    if (::inet_pton(AF_INET6, address.c_str(), &v6) != 1) return address;
    std::fill(std::begin(v6.s6_addr) + 8, std::end(v6.s6_addr), uint8_t{0});
    char text[INET6_ADDRSTRLEN] = {};
    ::inet_ntop(AF_INET6, &v6, text, sizeof text);
    return std::string(text) + "/64";
}

std::chrono::seconds LoginFailures::failed(const std::string& address, SteadyClock::time_point now) {
    std::lock_guard lock(mutex_);
    std::string group = address_group(address);
    if (windows_.size() >= addresses_max && !windows_.contains(group)) make_room(now);
    Window& one = windows_[group];
    if (one.failures == 0 || now - one.since >= window) one = {now, 0};
    if (one.failures < failures_max)
        ++one.failures;
    else
        return std::chrono::ceil<std::chrono::seconds>(one.since + window - now);
    return std::chrono::seconds(0);
}

// What is over goes; if nothing is, the oldest.
void LoginFailures::make_room(SteadyClock::time_point now) {
    std::erase_if(windows_, [&](auto& entry) { return now - entry.second.since >= window; });
    if (windows_.size() < addresses_max) return;
    windows_.erase(std::ranges::min_element(windows_, {}, [](auto& entry) { return entry.second.since; }));
}

size_t LoginFailures::addresses() const {
    std::lock_guard lock(mutex_);
    return windows_.size();
}

}  // namespace leat::server
