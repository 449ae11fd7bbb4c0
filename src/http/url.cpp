#include "http/url.h"

#include <arpa/inet.h>
#include <strings.h>

namespace leat::http {

namespace {

std::unexpected<Error> refuse(std::string_view why) {
    return fail(ErrorCode::URL_INVALID, fmt::format("the URL cannot be used: {}", why),
                "Write https://host:port/path; a user and password go into a header, by reference.");
}

bool take_scheme(std::string_view& text, std::string_view scheme) {
    if (text.size() < scheme.size() || strncasecmp(text.data(), scheme.data(), scheme.size()) != 0)
        return false;
    text.remove_prefix(scheme.size());
    return true;
}

bool is_host_name(std::string_view text) {
    if (text.empty() || text.size() > 253) return false;
    for (char c : text) {
        bool known = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                     c == '.' || c == '_';
        if (!known) return false;
    }
    return true;
}

bool is_ipv6(const std::string& text) {
    in6_addr ignored{};
    return ::inet_pton(AF_INET6, text.c_str(), &ignored) == 1;
}

}  // namespace

std::string Url::authority() const {
    bool v6 = host.find(':') != std::string::npos;
    auto text = v6 ? "[" + host + "]" : host;
    return port == (tls ? 443 : 80) ? text : fmt::format("{}:{}", text, port);
}

Result<Url> parse_url(std::string_view text) {
    Url url;
    for (char c : text)
        if (c <= ' ' || c == 0x7F || static_cast<uint8_t>(c) > 0x7F)
            return refuse("it has a space, a control character or one that is not ASCII");
    if (take_scheme(text, "https://"))
        url.tls = true;
    else if (!take_scheme(text, "http://"))
        return refuse("it begins with neither http:// nor https://");
    if (text.find('#') != std::string_view::npos) return refuse("it has a fragment");
    size_t end = std::min(text.find_first_of("/?"), text.size());
    auto authority = text.substr(0, end), rest = text.substr(end);
    if (authority.find('@') != std::string_view::npos) return refuse("it has a user");
    url.port = url.tls ? 443 : 80;
    if (authority.starts_with('[')) {
        size_t bracket = authority.find(']');
        if (bracket == std::string_view::npos) return refuse("a bracket is not closed");
        url.host = authority.substr(1, bracket - 1);
        if (!is_ipv6(url.host)) return refuse("in the brackets there is no IPv6 address");
        authority.remove_prefix(bracket + 1);
    } else {
        size_t colon = std::min(authority.find(':'), authority.size());
        url.host = authority.substr(0, colon);
        if (!is_host_name(url.host)) return refuse("its host is no name and no address");
        authority.remove_prefix(colon);
    }
    if (!authority.empty()) {
        if (authority[0] != ':') return refuse("behind its host there is something else than a port");
        auto port = authority.substr(1);
        auto [last, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
        if (error != std::errc() || last != port.data() + port.size() || url.port == 0)
            return refuse("its port is not a number from 1 to 65535");
    }
    url.target = rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);
    return url;
}

}  // namespace leat::http
