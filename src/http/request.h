// A request as a handler gets it: received whole, within the limits, checked and decoded. It owns its bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/target.h"

namespace leat::http {

// Others are answered 501 by the server itself.
enum class Method : uint8_t { get, head, post, put, patch, del, options };

std::string_view name(Method method);  // "GET"

struct Header {
    std::string name;  // in any case
    std::string value;
};

// The characters that a method and the name of a header consist of (RFC 9110, 5.6.2).
bool is_token(std::string_view text);

// The first header of that name, whatever its case.
const std::string* find_header(const std::vector<Header>& headers, std::string_view name);

struct Request {
    Method method = Method::get;
    Target target;                // decoded: path segments and query parameters
    std::vector<Header> headers;  // in their order; Host is there, and once
    std::string body;
    std::string remote;  // the client's address without port: "127.0.0.1", "2001:db8::7"
    bool tls = false;

    std::optional<std::string_view> header(std::string_view header_name) const {
        auto* value = find_header(headers, header_name);
        return value ? std::optional<std::string_view>(*value) : std::nullopt;
    }
    const std::vector<std::string>& path() const { return target.path; }
    std::optional<std::string_view> query(std::string_view parameter) const {
        return target.parameter(parameter);
    }
};

}  // namespace leat::http
