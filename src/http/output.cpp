#include "http/output.h"

namespace leat::http {

namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view end_of_chunks = "0\r\n\r\n";

}  // namespace

void BodyPiece::share(std::shared_ptr<const ByteBuffer> bytes) {
    auto view = bytes->view();
    add(std::move(bytes), view);
}

void BodyPiece::share(std::shared_ptr<const std::string> text) {
    auto view = as_bytes(*text);
    add(std::move(text), view);
}

void BodyPiece::add(std::shared_ptr<const void> owner, Bytes bytes) {
    if (bytes.empty()) return;
    shared_bytes_ += bytes.size();
    shared_.push_back({std::move(owner), bytes, bytes_.size()});
}

void BodyPiece::clear() {
    bytes_.clear();
    shared_.clear();
    shared_bytes_ = 0;
}

void Output::add(const void* data, size_t size) {
    if (size > 0) parts_.push_back({const_cast<void*>(data), size});
}

void Output::begin(std::string head) {
    head_ = std::move(head);
    add(head_.data(), head_.size());
}

void Output::add_body(std::string body) {
    body_ = std::move(body);
    add(body_.data(), body_.size());
}

void Output::add_body(std::shared_ptr<const std::string> body) {
    shared_body_ = std::move(body);
    add(shared_body_->data(), shared_body_->size());
}

void Output::frame(size_t size, bool chunked) {
    if (!chunked) return;
    head_ = fmt::format("{:x}\r\n", size);
    add(head_.data(), head_.size());
}

void Output::piece(std::unique_ptr<BodyPiece> piece, bool chunked) {
    piece_ = std::move(piece);
    frame(piece_->size(), chunked);
    auto own = piece_->bytes_.view();
    size_t sent = 0;
    for (auto& shared : piece_->shared_) {
        add(own.data() + sent, shared.after - sent);
        add(shared.bytes.data(), shared.bytes.size());
        sent = shared.after;
    }
    add(own.data() + sent, own.size() - sent);
    if (chunked) add(line_end.data(), line_end.size());
}

void Output::line(std::string_view line, bool chunked) {
    frame(line.size(), chunked);
    add(line.data(), line.size());
    if (chunked) add(line_end.data(), line_end.size());
}

void Output::last_chunk() { add(end_of_chunks.data(), end_of_chunks.size()); }

IoResult Output::write(Transport& transport) {
    size_t total = 0;
    while (!empty()) {
        auto result = transport.write(std::span(parts_).subspan(next_));
        if (result.state != IoState::done) return {result.state, total};
        total += result.bytes;
        advance(result.bytes);
    }
    clear();
    return {IoState::done, total};
}

void Output::advance(size_t count) {
    while (count > 0) {
        auto& part = parts_[next_];
        size_t taken = std::min(count, part.iov_len);
        part.iov_base = static_cast<uint8_t*>(part.iov_base) + taken;
        part.iov_len -= taken;
        count -= taken;
        if (part.iov_len == 0) ++next_;
    }
}

// A thousand idle streams keep a thousand of these: no more than a few parts stay.
void Output::clear() {
    next_ = 0;
    if (parts_.capacity() > 8) parts_ = {};
    parts_.clear();
    if (head_.capacity() > 32) head_ = {};
    body_ = {};
    shared_body_ = {};
}

}  // namespace leat::http
