#include "http/response_reader.h"

#include <strings.h>

#include "base/text.h"

namespace leat::http {

namespace {

constexpr size_t head_bytes_max = 64 << 10;
constexpr size_t read_bytes_at_once = 16 << 10;

std::unexpected<Error> no_answer(std::string_view why) {
    return fail(ErrorCode::HTTP_NO_ANSWER, fmt::format("the server's answer cannot be used: {}", why));
}

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

template <class T>
bool parse_number(std::string_view text, T& number, int base = 10) {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return !text.empty() && text[0] != '-' && error == std::errc() && end == text.data() + text.size();
}

}  // namespace

Status ResponseReader::fill() {
    size_t before = buffer_.size();
    buffer_.resize(before + read_bytes_at_once);
    auto count = read_({reinterpret_cast<uint8_t*>(buffer_.data()) + before, read_bytes_at_once});
    buffer_.resize(before + (count ? *count : 0));
    if (!count) return std::unexpected(std::move(count.error()));
    ended_ = *count == 0;
    return {};
}

Result<std::string> ResponseReader::read_line() {
    size_t end;
    while ((end = buffer_.find('\n')) == std::string::npos) {
        if (buffer_.size() + head_bytes_ > head_bytes_max) return no_answer("its headers are too long");
        LEAT_TRY(fill());
        if (ended_)
            return no_answer(buffer_.empty() && !begun_ ? "the connection ended before it" : "it is cut");
    }
    if (end == 0 || buffer_[end - 1] != '\r') return no_answer("a line does not end with CR and LF");
    head_bytes_ += end + 1;
    if (head_bytes_ > head_bytes_max) return no_answer("its headers are too long");
    begun_ = true;
    std::string line = buffer_.substr(0, end - 1);
    buffer_.erase(0, end + 1);
    return line;
}

Result<ClientResponse> ResponseReader::read_head() {
    while (true) {
        ClientResponse response;
        LEAT_ASSIGN(auto line, read_line());
        bool is_status = line.size() >= 12 && line.starts_with("HTTP/1.") && is_digit(line[7]) &&
                         line[8] == ' ' && (line.size() == 12 || line[12] == ' ');
        if (!is_status || !parse_number(std::string_view(line).substr(9, 3), response.status) ||
            response.status < 100)
            return no_answer("it is not HTTP/1.1");
        reusable_ = line[7] != '0';
        LEAT_TRY(read_fields(response));
        if (response.status >= 200) {
            LEAT_TRY(read_framing(response));
            return response;
        }
        if (response.status == 101) return no_answer("it changes the protocol");
    }
}

Status ResponseReader::read_fields(ClientResponse& response) {
    while (true) {
        LEAT_ASSIGN(auto line, read_line());
        if (line.empty()) return {};
        size_t colon = line.find(':');
        if (colon == std::string::npos || !is_token(line.substr(0, colon)))
            return no_answer("a header is not a name, a colon and a value");
        response.headers.push_back({line.substr(0, colon), std::string(trim(line.substr(colon + 1)))});
    }
}

Status ResponseReader::read_framing(const ClientResponse& response) {
    for (auto& [name, value] : response.headers) {
        if (same(name, "Content-Length")) {
            uint64_t length = 0;
            if (!parse_number(value, length) || (length_ && *length_ != length))
                return no_answer("its Content-Length is not one number");
            length_ = length;
        } else if (same(name, "Transfer-Encoding")) {
            if (chunked_ || !same(value, "chunked")) return no_answer("its transfer encoding is not chunked");
            chunked_ = true;
        } else if (same(name, "Connection") && same(value, "close")) {
            reusable_ = false;
        }
    }
    if (chunked_ && length_) return no_answer("it has both Content-Length and Transfer-Encoding");
    return {};
}

Result<bool> ResponseReader::read_body(ClientResponse& response, bool no_body, const BodyReceiver& receiver) {
    body_ = &response.body;
    receiver_ = receiver ? &receiver : nullptr;
    if (no_body || response.status == 204 || response.status == 304) return true;
    if (!receiver_ && length_ && *length_ > body_bytes_max_) return no_answer("its body is too large");
    auto whole = chunked_ ? read_chunks() : length_ ? read_bytes(*length_) : read_to_end();
    if (!whole || !*whole) reusable_ = false;
    return whole;
}

Result<bool> ResponseReader::hand_over(std::string_view piece) {
    if (receiver_) return (*receiver_)(piece);
    body_bytes_ += piece.size();
    if (body_bytes_ > body_bytes_max_) return no_answer("its body is too large");
    *body_ += piece;
    return true;
}

Result<bool> ResponseReader::read_bytes(uint64_t count) {
    while (count > 0) {
        if (buffer_.empty()) {
            LEAT_TRY(fill());
            if (ended_) return no_answer("its body is cut");
        }
        auto piece = std::string_view(buffer_).substr(0, count);
        LEAT_ASSIGN(bool more, hand_over(piece));
        if (!more) return false;
        count -= piece.size();
        buffer_.erase(0, piece.size());
    }
    return true;
}

Result<bool> ResponseReader::read_chunks() {
    while (true) {
        head_bytes_ = 0;
        LEAT_ASSIGN(auto line, read_line());
        uint64_t size = 0;
        if (!parse_number(split(line, ';')[0], size, 16))
            return no_answer("a chunk does not begin with its size");
        if (size == 0) break;
        LEAT_ASSIGN(bool more, read_bytes(size));
        if (!more) return false;
        LEAT_ASSIGN(auto end, read_line());
        if (!end.empty()) return no_answer("a chunk is not as long as it says");
    }
    ClientResponse trailers;
    LEAT_TRY(read_fields(trailers));
    return true;
}

Result<bool> ResponseReader::read_to_end() {
    reusable_ = false;
    while (true) {
        if (!buffer_.empty()) {
            LEAT_ASSIGN(bool more, hand_over(buffer_));
            if (!more) return false;
            buffer_.clear();
        }
        LEAT_TRY(fill());
        if (ended_) return true;
    }
}

}  // namespace leat::http
