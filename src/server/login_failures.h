// How often an address sent a wrong token of late. Bounded; any thread.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"

namespace leat::server {

class LoginFailures {
  public:
    static constexpr int failures_max = 10;  // in a window
    static constexpr std::chrono::seconds window{60};
    static constexpr size_t addresses_max = 1024;

    // Notes a failure. How long the address has to wait; zero: it may try again.
    std::chrono::seconds failed(const std::string& address, SteadyClock::time_point now = SteadyClock::now());
    size_t addresses() const;

  private:
    struct Window {
        SteadyClock::time_point since;
        int failures = 0;
    };
    void make_room(SteadyClock::time_point now);

    mutable std::mutex mutex_;
    std::map<std::string, Window> windows_;
};

// Who one IPv6 client can be is its whole /64.
std::string address_group(const std::string& address);

}  // namespace leat::server
