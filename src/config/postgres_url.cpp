#include "config/postgres_url.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include "base/text.h"

namespace leat {

namespace {

constexpr std::string_view schemes[] = {"postgresql://", "postgres://"};

// libpq's keywords that a URL may set. Those left out are Leat's to set, or would move the connection to a
// place that the URL does not show.
constexpr std::string_view parameter_names[] = {
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslpassword",
    "sslcrl",
    "sslcrldir",
    "sslsni",
    "sslcompression",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "channel_binding",
    "krbsrvname",
    "gsslib",
    "requirepeer",
    "passfile",
    "connect_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "target_session_attrs",
    "application_name",
    "options",
    "ssl",
};
struct Refused {
    std::string_view name, reason;
};
constexpr Refused refused_parameters[] = {
    {"replication", "Leat opens replication connections itself"},
    {"client_encoding", "Leat reads every database as UTF-8"},
    {"gssencmode", "Leat encrypts by TLS alone"},
    {"fallback_application_name", "use application_name"},
    {"service", "the URL has to say itself where it leads"},
};
constexpr std::string_view ssl_modes[] = {"disable", "allow",     "prefer",
                                          "require", "verify-ca", "verify-full"};

template <size_t count>
bool contains(const std::string_view (&names)[count], std::string_view name) {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_loopback(std::string_view host) {
    if (host == "localhost" || host == "::1") return true;
    if (!host.starts_with("127.")) return false;
    auto parts = split(host, '.');
    return parts.size() == 4 && std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
               return !part.empty() && part.size() <= 3 &&
                      part.find_first_not_of("0123456789") == std::string_view::npos;
           });
}

// '@' begins the name of a socket in Linux's abstract namespace.
bool is_socket(std::string_view host) { return host.starts_with('/') || host.starts_with('@'); }

std::string operating_system_user() {
    std::array<char, 4096> buffer;
    passwd entry{};
    passwd* found = nullptr;
    if (getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found) != 0 || !found) return {};
    return found->pw_name;
}

class Parser {
  public:
    Parser(std::string_view url, const Environment& environment) : url_(url), environment_(environment) {}

    Result<PostgresUrl> parse() {
        LEAT_TRY(take_scheme());
        size_t authority_end = std::min(url_.find_first_of("/?#", at_), url_.size());
        std::string_view authority = url_.substr(at_, authority_end - at_);
        LEAT_TRY(take_user(authority));
        LEAT_TRY(take_hosts(authority_end));
        at_ = authority_end;
        LEAT_TRY(take_database());
        LEAT_TRY(take_parameters());
        LEAT_TRY(apply_host_parameters());
        LEAT_TRY(apply_defaults());
        return std::move(result_);
    }

  private:
    // Positions only, and no text of the URL: it might be a piece of a password with a stray '/' or ':'.
    std::unexpected<Error> invalid(size_t offset, std::string_view what) const {
        return fail(
            ErrorCode::URL_INVALID, fmt::format("the URL is not valid at character {}: {}", offset + 1, what),
            "The form is postgresql://user:password@host:port/database?sslmode=verify-full; in user and "
            "password, write @ : / ? # % as %40 %3A %2F %3F %23 %25.");
    }

    Status take_scheme() {
        for (std::string_view scheme : schemes) {
            if (!url_.starts_with(scheme)) continue;
            at_ = scheme.size();
            return {};
        }
        size_t colon = url_.find("://");
        auto is_name = [](std::string_view text) {
            return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
                return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '+' || c == '-' || c == '.';
            });
        };
        std::string message = "this is no URL";
        if (colon != std::string_view::npos && is_name(url_.substr(0, colon)))
            message = fmt::format("the scheme {}:// is not supported", url_.substr(0, colon));
        return fail(ErrorCode::URL_INVALID, message, "Supported: postgresql:// (also written postgres://).");
    }

    Result<std::string> decode(std::string_view text, size_t offset) const {
        std::string out;
        out.reserve(text.size());
        for (size_t i = 0; i < text.size(); ++i) {
            if (text[i] != '%') {
                // PostgreSQL and libpq take C strings.
                if (static_cast<unsigned char>(text[i]) < 0x20 || text[i] == 0x7f)
                    return invalid(offset + i, "a control character");
                out.push_back(text[i]);
                continue;
            }
            int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
            int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return invalid(offset + i,
                               "% is not followed by two hexadecimal digits (write % itself as %25)");
            if (high == 0 && low == 0) return invalid(offset + i, "%00 is not allowed");
            out.push_back(static_cast<char>(high * 16 + low));
            i += 2;
        }
        return out;
    }

    // The last @ counts: one in a password that was not encoded is forgiven.
    Status take_user(std::string_view authority) {
        size_t at_sign = authority.rfind('@');
        if (at_sign == std::string_view::npos) return {};
        std::string_view user_info = authority.substr(0, at_sign);
        size_t colon = std::min(user_info.find(':'), user_info.size());
        LEAT_ASSIGN(result_.user, decode(user_info.substr(0, colon), at_));
        if (colon < user_info.size()) {
            LEAT_ASSIGN(result_.password, decode(user_info.substr(colon + 1), at_ + colon + 1));
        }
        at_ += at_sign + 1;
        return {};
    }

    Status take_hosts(size_t end) {
        if (at_ == end) return {};
        while (true) {
            LEAT_TRY(take_host(end));
            if (at_ == end) return {};
            ++at_;  // the comma
        }
    }

    Status take_host(size_t end) {
        size_t host_from = at_, host_to;
        if (at_ < end && url_[at_] == '[') {
            size_t bracket = url_.find(']', at_);
            if (bracket >= end) return invalid(at_, "[ without ]");
            ++host_from;
            host_to = bracket;
            at_ = bracket + 1;
            if (host_from == host_to) return invalid(host_from, "an empty address in brackets");
        } else {
            host_to = at_ = std::min(url_.find_first_of(":,", at_), end);
        }
        PostgresHost entry;
        LEAT_ASSIGN(entry.host, decode(url_.substr(host_from, host_to - host_from), host_from));
        bool has_port = false;
        if (at_ < end && url_[at_] == ':') {
            size_t port_from = at_ + 1;
            at_ = std::min(url_.find(',', port_from), end);
            std::string_view port = url_.substr(port_from, at_ - port_from);
            if (!port.empty()) {
                LEAT_ASSIGN(entry.port, parse_port(port, port_from));
                has_port = true;
            }
        }
        if (at_ < end && url_[at_] != ',') return invalid(at_, "expected a colon and a port, or a comma");
        if (!has_port) portless_.push_back(result_.hosts.size());
        result_.hosts.push_back(std::move(entry));
        return {};
    }

    Result<uint16_t> parse_port(std::string_view text, size_t offset) const {
        uint32_t port = 0;
        auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
        if (error != std::errc() || end != text.data() + text.size() || port == 0 || port > 65535)
            return invalid(offset, "the port is not a number from 1 to 65535");
        return static_cast<uint16_t>(port);
    }

    Status take_database() {
        if (at_ >= url_.size() || url_[at_] != '/') return {};
        size_t from = at_ + 1;
        at_ = std::min(url_.find_first_of("?#", from), url_.size());
        LEAT_ASSIGN(result_.database, decode(url_.substr(from, at_ - from), from));
        return {};
    }

    Status take_parameters() {
        if (at_ < url_.size() && url_[at_] == '#')
            return invalid(at_, "# ends a URL (write # itself as %23)");
        if (at_ >= url_.size()) return {};
        ++at_;
        while (at_ < url_.size()) {
            size_t end = std::min(url_.find('&', at_), url_.size());
            LEAT_TRY(take_parameter(at_, end));
            at_ = end + 1;
        }
        return {};
    }

    Status take_parameter(size_t from, size_t end) {
        std::string_view text = url_.substr(from, end - from);
        size_t equals = text.find('=');
        if (equals == std::string_view::npos) return invalid(from, "a parameter without =");
        LEAT_ASSIGN(std::string key, decode(text.substr(0, equals), from));
        size_t value_from = from + equals + 1;
        LEAT_ASSIGN(std::string value, decode(text.substr(equals + 1), value_from));
        LEAT_TRY(check_parameter_name(key, from));
        if (std::find(seen_.begin(), seen_.end(), key) != seen_.end())
            return invalid(from, fmt::format("the parameter {} stands here twice", key));
        seen_.push_back(key);
        if (key == "host")
            host_parameter_ = {value, value_from};
        else if (key == "port")
            port_parameter_ = {value, value_from};
        else if (key == "user")
            result_.user = value;
        else if (key == "password")
            result_.password = value;
        else if (key == "dbname")
            result_.database = value;
        else if (key == "sslmode")
            return take_ssl_mode(value, value_from);
        else if (key == "ssl")
            return take_jdbc_ssl(value, value_from);
        else
            result_.parameters.emplace_back(key, value);
        return {};
    }

    Status check_parameter_name(const std::string& key, size_t offset) const {
        for (const Refused& refused : refused_parameters)
            if (key == refused.name)
                return invalid(offset,
                               fmt::format("the parameter {} cannot be used: {}", key, refused.reason));
        if (contains(parameter_names, key)) return {};
        auto near = nearest(key, parameter_names);
        return invalid(offset, near ? fmt::format("unknown parameter; did you mean {}?", *near)
                                    : std::string("unknown parameter"));
    }

    Status take_ssl_mode(const std::string& value, size_t offset) {
        if (!contains(ssl_modes, value))
            return invalid(offset, fmt::format("sslmode is one of {}", fmt::join(ssl_modes, ", ")));
        result_.sslmode = value;
        return {};
    }

    // As libpq does for JDBC's URLs.
    Status take_jdbc_ssl(const std::string& value, size_t offset) {
        if (value != "true") return invalid(offset, "ssl can only be true; use sslmode");
        if (result_.sslmode.empty()) result_.sslmode = "require";
        return {};
    }

    // ?host= replaces the hosts before the slash; both it and ?port= may be lists.
    Status apply_host_parameters() {
        if (!host_parameter_.first.empty()) {
            result_.hosts.clear();
            portless_.clear();
            for (std::string_view host : split(host_parameter_.first, ',')) {
                portless_.push_back(result_.hosts.size());
                result_.hosts.push_back({std::string(host), 5432});
            }
        }
        std::string ports = port_parameter_.first;
        if (ports.empty()) return apply_default_port();
        if (result_.hosts.empty()) result_.hosts.push_back({environment_("PGHOST").value_or(""), 5432});
        auto list = split(ports, ',');
        if (list.size() != 1 && list.size() != result_.hosts.size())
            return invalid(port_parameter_.second, "as many ports as hosts are needed, or one");
        for (size_t i = 0; i < result_.hosts.size(); ++i) {
            LEAT_ASSIGN(result_.hosts[i].port,
                        parse_port(list[list.size() == 1 ? 0 : i], port_parameter_.second));
        }
        return {};
    }

    Status apply_default_port() {
        auto port = environment_("PGPORT");
        if (!port || port->empty()) return {};
        uint16_t number = 0;
        auto [end, error] = std::from_chars(port->data(), port->data() + port->size(), number);
        if (error != std::errc() || end != port->data() + port->size() || number == 0)
            return fail(ErrorCode::URL_INVALID, "the URL has no port, and PGPORT is not one",
                        "Write the port into the URL: postgresql://host:5432/database.");
        default_port_ = number;
        for (size_t host : portless_) result_.hosts[host].port = number;
        return {};
    }

    Status apply_defaults() {
        auto from_environment = [&](const char* name) { return environment_(name).value_or(""); };
        std::string pghost = from_environment("PGHOST");
        if (result_.hosts.empty() && !pghost.empty())
            for (std::string_view host : split(pghost, ','))
                result_.hosts.push_back({std::string(host), default_port_});
        if (result_.hosts.empty() && default_port_ != 5432) result_.hosts.push_back({"", default_port_});
        bool has_address = std::any_of(result_.parameters.begin(), result_.parameters.end(),
                                       [](auto& parameter) { return parameter.first == "hostaddr"; });
        if (!has_address && !from_environment("PGHOSTADDR").empty())
            result_.parameters.emplace_back("hostaddr", from_environment("PGHOSTADDR"));
        if (result_.user.empty()) result_.user = from_environment("PGUSER");
        if (result_.user.empty()) result_.user = operating_system_user();
        if (result_.user.empty())
            return fail(ErrorCode::URL_INVALID, "the URL names no user, and the system's user has no name",
                        "Write the user into the URL: postgresql://user@host/database.");
        if (result_.database.empty()) result_.database = from_environment("PGDATABASE");
        if (result_.database.empty()) result_.database = result_.user;
        // A service file can bring in a host that is not seen here.
        bool local = result_.is_local() && from_environment("PGSERVICE").empty();
        if (result_.sslmode.empty()) result_.sslmode = local ? "prefer" : "verify-full";
        return {};
    }

    std::string_view url_;
    const Environment& environment_;
    size_t at_ = 0;
    PostgresUrl result_;
    std::vector<size_t> portless_;  // indexes of hosts without a port of their own
    std::vector<std::string> seen_;
    std::pair<std::string, size_t> host_parameter_, port_parameter_;
    uint16_t default_port_ = 5432;
};

bool is_secret_parameter(std::string_view name) { return name == "password" || name == "sslpassword"; }

// ?password=..., wherever it stands; also key=value connection strings with spaces.
std::string hide_secret_parameters(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        size_t end = text.find_first_of("?& \t\n");
        std::string_view item = text.substr(0, end);
        size_t equals = item.find('=');
        std::string_view key = item.substr(0, equals == std::string_view::npos ? 0 : equals);
        if (is_secret_parameter(key))
            out += fmt::format("{}=***", key);
        else
            out += item;
        if (end == std::string_view::npos) break;
        out += text[end];
        text.remove_prefix(end + 1);
        // A password in quotes may hold spaces, so the rest of the text is hidden with it.
        if (is_secret_parameter(key) && item.size() > equals + 1 && item[equals + 1] == '\'')
            return out + "***";
    }
    return out;
}

}  // namespace

Environment process_environment() {
    return [](const char* name) -> std::optional<std::string> {
        const char* value = std::getenv(name);
        if (!value) return std::nullopt;
        return std::string(value);
    };
}

bool PostgresUrl::is_local() const {
    // hostaddr is where libpq connects to. It makes no host of another name local: what listens on the
    // loopback address may be a tunnel, and the name says whose certificate is expected.
    for (auto& [key, value] : parameters) {
        if (key != "hostaddr" || value.empty()) continue;
        auto addresses = split(value, ',');
        if (!std::all_of(addresses.begin(), addresses.end(), is_loopback)) return false;
    }
    for (const PostgresHost& entry : hosts) {
        // libpq takes commas in a host apart once more.
        for (std::string_view host : split(entry.host, ','))
            if (!host.empty() && !is_socket(host) && !is_loopback(host)) return false;
    }
    return true;
}

std::vector<std::pair<std::string, std::string>> PostgresUrl::keywords() const {
    std::vector<std::pair<std::string, std::string>> out;
    std::vector<std::string> names, ports;
    for (const PostgresHost& entry : hosts) {
        names.push_back(entry.host);
        ports.push_back(fmt::format("{}", entry.port));
    }
    if (!hosts.empty()) {
        out.emplace_back("host", fmt::format("{}", fmt::join(names, ",")));
        out.emplace_back("port", fmt::format("{}", fmt::join(ports, ",")));
    }
    out.emplace_back("user", user);
    if (password) out.emplace_back("password", *password);
    out.emplace_back("dbname", database);
    out.emplace_back("sslmode", sslmode);
    out.insert(out.end(), parameters.begin(), parameters.end());
    return out;
}

std::string PostgresUrl::display() const {
    std::string text = "postgresql://" + percent_encode(user) + "@";
    for (size_t i = 0; i < hosts.size(); ++i) {
        if (i > 0) text += ',';
        bool address = hosts[i].host.find(':') != std::string::npos && !is_socket(hosts[i].host);
        text += address ? "[" + hosts[i].host + "]" : percent_encode(hosts[i].host);
        if (hosts[i].port != 5432) text += fmt::format(":{}", hosts[i].port);
    }
    return text + "/" + percent_encode(database);
}

Result<PostgresUrl> parse_postgres_url(std::string_view url, const Environment& environment) {
    return Parser(url, environment).parse();
}

std::string percent_encode(std::string_view text) {
    std::string out;
    for (char c : text) {
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                     c == '.' || c == '_' || c == '~';
        if (plain)
            out += c;
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

std::string redact_url(std::string_view url) {
    size_t scheme = url.find("://");
    if (scheme == std::string_view::npos) {
        // user:password@host without a scheme, or something else altogether.
        size_t at_sign = url.rfind('@'), first_colon = url.find(':');
        if (at_sign != std::string_view::npos && first_colon < at_sign)
            return std::string(url.substr(0, first_colon)) + ":***" +
                   hide_secret_parameters(url.substr(at_sign));
        return hide_secret_parameters(url);
    }
    size_t from = scheme + 3;
    std::string head(url.substr(0, from));
    std::string_view rest = url.substr(from);
    // Up to the last @ of all: a password may hold any character that should have been encoded.
    size_t at_sign = rest.rfind('@');
    if (at_sign != std::string_view::npos) {
        size_t first_colon = rest.find(':');
        if (first_colon < at_sign) {
            head += std::string(rest.substr(0, first_colon)) + ":***";
        } else {
            head += rest.substr(0, at_sign);
        }
        return head + hide_secret_parameters(rest.substr(at_sign));
    }
    // postgresql://user:password, its host forgotten: what follows a colon and is no port.
    size_t end = std::min(rest.find_first_of("/?#"), rest.size());
    std::string_view authority = rest.substr(0, end);
    size_t colon = authority.starts_with('[')
                       ? authority.find(':', std::min(authority.find(']'), authority.size()))
                       : authority.find(':');
    if (colon != std::string_view::npos &&
        authority.substr(colon + 1).find_first_not_of("0123456789,") != std::string_view::npos) {
        bool host_list = authority.find(',') != std::string_view::npos;
        if (!host_list) return head + std::string(authority.substr(0, colon)) + ":***";
    }
    return head + hide_secret_parameters(rest);
}

}  // namespace leat
