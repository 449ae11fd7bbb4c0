#include "server/caller.h"

#include <algorithm>
#include <iterator>

namespace leat::server {

namespace {

constexpr std::string_view role_names[] = {"anyone", "viewer", "operator", "admin"};

struct Rule {
    http::Method method;
    std::string_view pattern;
    Role role;
};

using enum http::Method;
using enum Role;

// Definitions of sources and consumers are for admins: they name hosts to connect to and secrets to send
// there. Rows of tables (changes, dead letters) are for operators.
constexpr Rule rules[] = {
    {get, "/healthz", anyone},
    {get, "/readyz", anyone},
    {get, "/api/v1/openapi.json", anyone},
    {get, "/api/v1/docs", anyone},

    {get, "/metrics", viewer},
    {get, "/api/v1/sources", viewer},
    {get, "/api/v1/sources/{}", viewer},
    {get, "/api/v1/sources/{}/status", viewer},
    {get, "/api/v1/sources/{}/schemas", viewer},
    {get, "/api/v1/sources/{}/schemas/{}", viewer},
    {get, "/api/v1/consumers", viewer},
    {get, "/api/v1/consumers/{}", viewer},
    {get, "/api/v1/jobs", viewer},
    {get, "/api/v1/jobs/{}", viewer},

    {get, "/api/v1/sources/{}/changes", operating},
    {get, "/api/v1/sources/{}/checks", operating},
    {post, "/api/v1/sources/{}/start", operating},
    {post, "/api/v1/sources/{}/stop", operating},
    {post, "/api/v1/sources/{}/pause", operating},
    {post, "/api/v1/sources/{}/resume", operating},
    {post, "/api/v1/sources/{}/tables", operating},
    {post, "/api/v1/sources/{}/snapshot", operating},
    {post, "/api/v1/sources/{}/snapshot/pause", operating},
    {post, "/api/v1/sources/{}/snapshot/resume", operating},
    {post, "/api/v1/sources/{}/snapshot/stop", operating},
    {post, "/api/v1/sources/{}/replay", operating},
    {get, "/api/v1/consumers/{}/changes", operating},
    {post, "/api/v1/consumers/{}/ack", operating},
    {post, "/api/v1/consumers/{}/start", operating},
    {post, "/api/v1/consumers/{}/stop", operating},
    {post, "/api/v1/consumers/{}/pause", operating},
    {post, "/api/v1/consumers/{}/resume", operating},
    {get, "/api/v1/consumers/{}/dead-letters", operating},
    {get, "/api/v1/consumers/{}/dead-letters/{}", operating},
    {post, "/api/v1/consumers/{}/dead-letters/resend", operating},
    {post, "/api/v1/consumers/{}/dead-letters/drop", operating},
    {post, "/api/v1/jobs/{}/cancel", operating},

    {post, "/api/v1/sources", admin},
    {put, "/api/v1/sources/{}", admin},
    {patch, "/api/v1/sources/{}", admin},
    {del, "/api/v1/sources/{}", admin},
    {post, "/api/v1/consumers", admin},
    {put, "/api/v1/consumers/{}", admin},
    {patch, "/api/v1/consumers/{}", admin},
    {del, "/api/v1/consumers/{}", admin},
    {get, "/api/v1/tokens", admin},
    {post, "/api/v1/tokens", admin},
    {del, "/api/v1/tokens/{}", admin},
    {get, "/api/v1/audit", admin},
};

}  // namespace

std::string_view name(Role role) { return role_names[static_cast<size_t>(role)]; }

std::optional<Role> role_named(std::string_view name) {
    auto found = std::ranges::find(role_names, name);
    if (found == std::end(role_names) || found == std::begin(role_names)) return std::nullopt;
    return static_cast<Role>(found - std::begin(role_names));
}

Role least_role(http::Method method, std::string_view pattern) {
    auto found = std::ranges::find_if(
        rules, [&](const Rule& rule) { return rule.method == method && rule.pattern == pattern; });
    return found == std::end(rules) ? Role::admin : found->role;
}

}  // namespace leat::server
