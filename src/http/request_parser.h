// The bytes of a connection → one request, a piece at a time. Boost.Beast's parser does the grammar; what RFC
// 9112 leaves open to a server is decided for the strict side, so that no proxy in front of us can see
// another end of the request than we do. One thread at a time; one parser per request.
#pragma once

#include <expected>
#include <memory>

#include "base/byte_cursor.h"
#include "http/request.h"

namespace leat::http {

struct RequestLimits {
    uint32_t target_bytes_max;
    uint32_t header_bytes_max;
    uint32_t headers_max;
    uint64_t body_bytes_max;
};

// Why a request is not taken. The connection cannot be used for another one after that.
struct Rejection {
    int status;
    ErrorCode code;
    std::string detail;  // for the client; repeats nothing of what it sent
};

class RequestParser {
  public:
    explicit RequestParser(const RequestLimits& limits);
    ~RequestParser();
    RequestParser(RequestParser&&) noexcept;

    // Takes what it can use and says how much that was; stops after the headers, and after the request. What
    // is left is to be given again with what follows it. Nothing taken and not complete(): it needs more.
    std::expected<size_t, Rejection> feed(Bytes bytes);

    bool head_done() const;
    bool complete() const;
    bool expects_continue() const;  // once the head is done: the client waits for "100 Continue"
    bool keep_alive() const;        // once complete
    bool http_1_0() const;
    size_t bytes() const;  // that are kept for the request

    Request take();  // once complete

  private:
    class Grammar;
    std::unique_ptr<Grammar> grammar_;
};

}  // namespace leat::http
