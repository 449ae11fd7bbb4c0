// Who listens at a TCP port of this machine, as /proc tells it: for the error that says it is taken.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace leat::http {

// "process 1234 (nginx)"; nothing if it is another user's process, which only root may see.
std::optional<std::string> find_port_owner(uint16_t port);

}  // namespace leat::http
