// What a connection has yet to send: a head, a body or a piece of one. Holds nothing once it was sent.
// One thread at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "http/body_source.h"
#include "http/transport.h"

namespace leat::http {

class Output {
  public:
    bool empty() const { return next_ == parts_.size(); }

    // Only while it is empty; then add_… in the order they are sent.
    void begin(std::string head);
    void add_body(std::string body);
    void add_body(std::shared_ptr<const std::string> body);

    // Only while it is empty. chunked: with the frame of a chunk around it.
    void piece(std::unique_ptr<BodyPiece> piece, bool chunked);
    void line(std::string_view line, bool chunked);  // line outlives it
    void last_chunk();

    // Sends what the socket takes: `done` when all is sent. bytes: of this call.
    IoResult write(Transport& transport);

    // The piece that was sent, for its memory.
    std::unique_ptr<BodyPiece> take_piece() { return std::move(piece_); }

  private:
    void add(const void* data, size_t size);
    void frame(size_t size, bool chunked);
    void advance(size_t count);
    void clear();

    std::string head_, body_;
    std::shared_ptr<const std::string> shared_body_;
    std::unique_ptr<BodyPiece> piece_;
    std::vector<iovec> parts_;
    size_t next_ = 0;
};

}  // namespace leat::http
