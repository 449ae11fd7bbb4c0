// The bytes of a connection → one request, a piece at a time. What RFC 9112 leaves open to a server is
// decided for the strict side, so that no proxy in front of us can see another end of a request than we do.
// One thread at a time; one parser per request.
#pragma once

#include <expected>
#include <memory>

#include "base/byte_cursor.h"
#include "http/request.h"

namespace leat::http {

struct RequestLimits {
    uint32_t target_bytes_max;
    uint32_t header_bytes_max;  // request line, headers and trailers together; also a line of a chunk
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
    explicit RequestParser(const RequestLimits& limits) : limits_(limits) {}

    // Takes what it can use and says how much that was; stops after the headers, and after the request. What
    // is left is to be given again, with more behind it: a part of a line, no longer than the limits allow.
    std::expected<size_t, Rejection> feed(Bytes bytes);

    bool head_done() const { return stage_ > Stage::fields; }
    bool complete() const { return stage_ == Stage::complete; }
    // Once the head is done:
    bool expects_continue() const { return expects_continue_; }
    bool keep_alive() const { return !close_ && (!http_1_0_ || keep_alive_); }
    bool http_1_0() const { return http_1_0_; }

    size_t bytes() const { return kept_bytes_; }    // of memory for the request
    Request take() { return std::move(request_); }  // once complete

  private:
    enum class Stage : uint8_t {
        request_line,
        fields,
        body,  // of a known length
        chunk_line,
        chunk,
        chunk_end,
        trailers,
        complete
    };
    using Refusal = std::optional<Rejection>;

    Refusal step(std::string_view bytes, size_t& taken);
    Refusal step_line(std::string_view bytes, size_t& taken);
    Refusal request_line(std::string_view line);
    Refusal field(std::string_view line);
    Refusal trailer(std::string_view line);
    Refusal known_field(std::string_view name, std::string_view value);
    Refusal end_of_head();
    Refusal chunk_line(std::string_view line);
    Refusal chunk_end(std::string_view bytes, size_t& taken);
    Refusal too_long() const;
    size_t keep(std::string_view bytes);

    const RequestLimits limits_;
    Stage stage_ = Stage::request_line;
    Request request_;
    size_t scanned_ = 0;     // of an unfinished line: there is no end in these
    size_t head_bytes_ = 0;  // of finished lines
    size_t kept_bytes_ = 0;
    uint64_t left_ = 0;  // of the body, or of a chunk
    std::optional<uint64_t> length_;
    bool http_1_0_ = false, close_ = false, keep_alive_ = false, expects_continue_ = false;
    bool host_seen_ = false, chunked_ = false;
};

}  // namespace leat::http
