// postgresql:// URLs: parsed strictly, with TLS verified unless the URL says otherwise.
// Pure functions: the environment is handed in. No error text holds a part of the URL that could be a secret.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace leat {

struct PostgresHost {
    std::string host;  // name, address, or directory of the server's socket ("/run/postgresql")
    uint16_t port = 5432;
};

// Holds the password in the clear: never printed, lives as short as possible.
struct PostgresUrl {
    std::vector<PostgresHost> hosts;  // empty: libpq's default, the local socket
    std::string user;
    std::optional<std::string> password;
    std::string database;
    std::string sslmode;
    // libpq's other keywords (sslrootcert, hostaddr, connect_timeout ...), in the order of the URL.
    std::vector<std::pair<std::string, std::string>> parameters;

    // Every host, and hostaddr, is a loopback address or a socket, so that the bytes do not leave the
    // machine.
    bool is_local() const;

    // For PQconnectdbParams. sslmode is always among them, so that PGSSLMODE cannot weaken it.
    std::vector<std::pair<std::string, std::string>> keywords() const;

    // "postgresql://user@host:port/database": safe to print.
    std::string display() const;
};

// The value of an environment variable, if it is set.
using Environment = std::function<std::optional<std::string>(const char*)>;
Environment process_environment();

// What the URL leaves out comes from where libpq takes it: PGHOST, PGHOSTADDR, PGPORT, PGUSER or the
// operating system's user, PGDATABASE or the user's name. Not so sslmode: verify-full unless every host is
// local.
// Fails with URL_INVALID and the position, counted from 1.
Result<PostgresUrl> parse_postgres_url(std::string_view url,
                                       const Environment& environment = process_environment());

// Any URL or connection string, with what is or may be a password replaced by "***". Made for malformed ones
// too: where it is unclear what a part is, the part is hidden.
std::string redact_url(std::string_view url);

// RFC 3986's unreserved characters stay, every other byte becomes %XX.
std::string percent_encode(std::string_view text);

}  // namespace leat
