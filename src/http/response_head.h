// The first lines of an answer.
#pragma once

#include <optional>
#include <string>

#include "http/response.h"

namespace leat::http {

enum class Framing : uint8_t {
    none,     // 204, 304, or an answer of the server's that has no body
    length,   // Content-Length
    chunked,  // Transfer-Encoding
    to_end,   // HTTP/1.0: the body ends with the connection
};

struct HeadOptions {
    Framing framing = Framing::length;
    size_t body_bytes = 0;
    bool close = false;     // the connection ends after this answer
    bool http_1_0 = false;  // the request's version
};

// Empty if a header is not one: a defect of the handler.
std::optional<std::string> render_head(const Response& response, const HeadOptions& options);

bool has_body(int status);

}  // namespace leat::http
