// What a handler answers with.
#pragma once

#include <chrono>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "http/body_source.h"
#include "http/request.h"
#include "json/json_text.h"

namespace leat::http {

// While a stream has nothing to send, `idle_line` is sent whenever so much time has passed: ":\n\n" for SSE,
// "\n" for NDJSON. It shows that a client that is gone without a word is gone, and keeps proxies content.
struct StreamOptions {
    std::string idle_line;
    std::chrono::milliseconds idle_every{15'000};
};

// The body is one of `body`, `shared_body` and `stream`. The server adds Date, Content-Length or
// Transfer-Encoding, and Connection; it leaves out the body where there must be none (HEAD, 204, 304).
// A header with a line break or another control character is a defect: 500, and a line in the log.
struct Response {
    int status = 200;
    std::vector<Header> headers;
    std::string body;
    std::shared_ptr<const std::string> shared_body;
    std::unique_ptr<BodySource> stream;
    StreamOptions stream_options;

    Response() = default;
    explicit Response(int status_code) : status(status_code) {}
    Response(int status_code, std::string_view content_type, std::string text) : status(status_code) {
        headers.push_back({"Content-Type", std::string(content_type)});
        body = std::move(text);
    }
    Response(std::string_view content_type, std::unique_ptr<BodySource> source, StreamOptions options = {})
        : stream(std::move(source)), stream_options(std::move(options)) {
        headers.push_back({"Content-Type", std::string(content_type)});
    }

    // In place of an earlier one of that name. Response(201).set("Location", …) goes where a response goes.
    Response& set(std::string_view header_name, std::string value) &;
    Response&& set(std::string_view header_name, std::string value) && {
        return std::move(set(header_name, std::move(value)));
    }
};

// A member of a problem beside the standard ones. json is JSON text already ("5", "[\"a\"]").
struct ProblemMember {
    std::string name;
    std::string json;
};

// RFC 9457, application/problem+json: type ("urn:leat:error:CODE"), title, status, detail, code, and the
// given members. title is the same for every problem of a code; detail is about this one.
Response problem(int status, std::string_view code, std::string_view title, std::string_view detail,
                 const std::vector<ProblemMember>& members = {});
// Of an error: its summary is the title, its message the detail, and its action, if any, the member "action".
Response problem(int status, const Error& error, const std::vector<ProblemMember>& members = {});

inline std::string json_string(std::string_view text) { return json::quoted(text); }

std::string_view reason_phrase(int status);  // "Not Found"; empty if unknown

}  // namespace leat::http
