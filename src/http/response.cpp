#include "http/response.h"

#include <strings.h>

namespace leat::http {

namespace {

bool same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

std::string_view name(Method method) {
    switch (method) {
        case Method::get:
            return "GET";
        case Method::head:
            return "HEAD";
        case Method::post:
            return "POST";
        case Method::put:
            return "PUT";
        case Method::patch:
            return "PATCH";
        case Method::del:
            return "DELETE";
        case Method::options:
            return "OPTIONS";
    }
    return {};
}

bool is_token(std::string_view text) {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    if (text.empty()) return false;
    for (char c : text) {
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && others.find(c) == std::string_view::npos) return false;
    }
    return true;
}

const std::string* find_header(const std::vector<Header>& headers, std::string_view name) {
    for (auto& header : headers)
        if (same_name(header.name, name)) return &header.value;
    return nullptr;
}

Response& Response::set(std::string_view header_name, std::string value) & {
    for (auto& header : headers) {
        if (!same_name(header.name, header_name)) continue;
        header.value = std::move(value);
        return *this;
    }
    headers.push_back({std::string(header_name), std::move(value)});
    return *this;
}

Response problem(int status, std::string_view code, std::string_view title, std::string_view detail,
                 const std::vector<ProblemMember>& members) {
    std::string json =
        fmt::format(R"({{"type":"urn:leat:error:{}","title":{},"status":{},"detail":{},"code":{})", code,
                    json_string(title), status, json_string(detail), json_string(code));
    for (auto& member : members) {
        json += ',';
        json += json_string(member.name);
        json += ':';
        json += member.json;
    }
    json += "}\n";
    return Response(status, "application/problem+json", std::move(json));
}

Response problem(int status, const Error& error, const std::vector<ProblemMember>& members) {
    auto all = members;
    if (!error.action.empty()) all.push_back({"action", json_string(error.action)});
    auto& detail = error.message;
    return problem(status, name(error.code), summary(error.code),
                   detail.empty() ? summary(error.code) : std::string_view(detail), all);
}

std::string_view reason_phrase(int status) {
    switch (status) {
        case 100:
            return "Continue";
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 206:
            return "Partial Content";
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 303:
            return "See Other";
        case 304:
            return "Not Modified";
        case 307:
            return "Temporary Redirect";
        case 308:
            return "Permanent Redirect";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 406:
            return "Not Acceptable";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 410:
            return "Gone";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 415:
            return "Unsupported Media Type";
        case 417:
            return "Expectation Failed";
        case 421:
            return "Misdirected Request";
        case 422:
            return "Unprocessable Content";
        case 428:
            return "Precondition Required";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 505:
            return "HTTP Version Not Supported";
        default:
            return {};
    }
}

}  // namespace leat::http
