// An answer out of the bytes of a connection. What is not certain is an error: a length that is there twice,
// a body that is cut, lines without CR.
#pragma once

#include <functional>
#include <span>

#include "http/client.h"

namespace leat::http {

// Waits for bytes and says how many there are; 0 at the end.
using ReadSome = std::function<Result<size_t>(std::span<uint8_t> to)>;

class ResponseReader {
  public:
    // One answer of a connection, with nothing left over from the one before.
    ResponseReader(ReadSome read, uint64_t body_bytes_max)
        : read_(std::move(read)), body_bytes_max_(body_bytes_max) {}

    // HTTP_NO_ANSWER, or what `read` failed with. Informational answers (1xx) are passed over.
    Result<ClientResponse> read_head();
    // no_body: the request was HEAD. False: the receiver had enough.
    Result<bool> read_body(ClientResponse& response, bool no_body, const BodyReceiver& receiver);
    bool reusable() const { return reusable_ && buffer_.empty(); }

  private:
    Result<std::string> read_line();
    Status fill();
    Status read_fields(ClientResponse& response);
    Status read_framing(const ClientResponse& response);
    Result<bool> read_bytes(uint64_t count);
    Result<bool> read_chunks();
    Result<bool> read_to_end();
    Result<bool> hand_over(std::string_view piece);

    const ReadSome read_;
    const uint64_t body_bytes_max_;
    std::string buffer_;
    size_t head_bytes_ = 0;
    std::optional<uint64_t> length_;
    bool begun_ = false, chunked_ = false, reusable_ = false, ended_ = false;
    std::string* body_ = nullptr;
    const BodyReceiver* receiver_ = nullptr;
    uint64_t body_bytes_ = 0;
};

}  // namespace leat::http
