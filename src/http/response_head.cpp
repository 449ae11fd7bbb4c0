#include "http/response_head.h"

#include <strings.h>

#include <ctime>

namespace leat::http {

namespace {

bool is_value(std::string_view text) {
    for (char c : text) {
        auto byte = static_cast<uint8_t>(c);
        if ((byte < 0x20 && c != '\t') || byte == 0x7F) return false;
    }
    return true;
}

// What only the server can know.
bool is_reserved(std::string_view name) {
    for (const char* own : {"Content-Length", "Transfer-Encoding", "Connection", "Date"})
        if (name.size() == std::strlen(own) && strncasecmp(name.data(), own, name.size()) == 0) return true;
    return false;
}

// "Sat, 21 Nov 2026 18:00:00 GMT"; made once a second on each thread.
const std::string& date() {
    thread_local time_t made_at = 0;
    thread_local std::string text;
    time_t now = std::time(nullptr);
    if (now == made_at) return text;
    static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    tm parts{};
    gmtime_r(&now, &parts);
    text = fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", days[parts.tm_wday], parts.tm_mday,
                       months[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
    made_at = now;
    return text;
}

}  // namespace

bool has_body(int status) { return status >= 200 && status != 204 && status != 304; }

std::optional<std::string> render_head(const Response& response, const HeadOptions& options) {
    std::string head = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status,
                                   reason_phrase(response.status), date());
    for (auto& header : response.headers) {
        if (!is_token(header.name) || !is_value(header.value) || is_reserved(header.name))
            return std::nullopt;
        head += header.name;
        head += ": ";
        head += header.value;
        head += "\r\n";
    }
    if (options.framing == Framing::length) head += fmt::format("Content-Length: {}\r\n", options.body_bytes);
    if (options.framing == Framing::chunked) head += "Transfer-Encoding: chunked\r\n";
    if (options.close)
        head += "Connection: close\r\n";
    else if (options.http_1_0)
        head += "Connection: keep-alive\r\n";
    head += "\r\n";
    return head;
}

}  // namespace leat::http
