// Who asks, and what they may do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/request.h"

namespace leat::server {

// Each may do what those before it may. docs/security.md says what that is.
enum class Role : uint8_t { anyone, viewer, operating, admin };
std::string_view name(Role role);  // "operator"
std::optional<Role> role_named(std::string_view name);

struct Caller {
    Role role = Role::anyone;
    std::string name;     // of the token; "local" where none is needed
    std::string address;  // without port
    uint64_t token = 0;   // its id; 0: none
};

// The least role that may send a request; pattern: the path with {} in the place of names. What is not
// listed is for admins: a new route has to be thought of.
Role least_role(http::Method method, std::string_view pattern);

}  // namespace leat::server
