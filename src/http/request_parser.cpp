#include "http/request_parser.h"

#include <strings.h>

#include "base/text.h"

namespace leat::http {

namespace {

// A method and a version beside the target.
constexpr size_t request_line_rest = 64;

Rejection malformed(std::string detail) {
    return {400, ErrorCode::HTTP_REQUEST_MALFORMED, std::move(detail)};
}
Rejection too_large(int status, std::string detail) {
    return {status, ErrorCode::HTTP_REQUEST_TOO_LARGE, std::move(detail)};
}
Rejection unsupported(int status, std::string detail) {
    return {status, ErrorCode::HTTP_UNSUPPORTED, std::move(detail)};
}

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A field's value, and the extension of a chunk: anything but control characters.
bool is_value(std::string_view text) {
    for (char c : text) {
        auto byte = static_cast<uint8_t>(c);
        if ((byte < 0x20 && c != '\t') || byte == 0x7F) return false;
    }
    return true;
}

std::string_view without_spaces(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

std::optional<Method> known_method(std::string_view text) {
    for (auto method :
         {Method::get, Method::head, Method::post, Method::put, Method::patch, Method::del, Method::options})
        if (name(method) == text) return method;
    return std::nullopt;
}

struct FieldLine {
    std::string_view name, value;
};

// No space before the colon, and none that continues the line before (RFC 9112, 5.1 and 5.2).
std::optional<FieldLine> split_field(std::string_view line) {
    size_t colon = line.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    FieldLine field{line.substr(0, colon), without_spaces(line.substr(colon + 1))};
    if (!is_token(field.name) || !is_value(field.value)) return std::nullopt;
    return field;
}

}  // namespace

std::expected<size_t, Rejection> RequestParser::feed(Bytes bytes) {
    size_t used = 0;
    bool head_was_done = head_done();
    while (used < bytes.size() && !complete() && head_was_done == head_done()) {
        size_t taken = 0;
        if (auto refusal = step(as_text(bytes.subspan(used)), taken))
            return std::unexpected(std::move(*refusal));
        if (taken == 0) break;
        used += taken;
    }
    return used;
}

RequestParser::Refusal RequestParser::step(std::string_view bytes, size_t& taken) {
    switch (stage_) {
        case Stage::body:
            taken = keep(bytes);
            if (left_ == 0) stage_ = Stage::complete;
            return std::nullopt;
        case Stage::chunk:
            taken = keep(bytes);
            if (left_ == 0) stage_ = Stage::chunk_end;
            return std::nullopt;
        case Stage::chunk_end:
            return chunk_end(bytes, taken);
        default:
            return step_line(bytes, taken);
    }
}

size_t RequestParser::keep(std::string_view bytes) {
    bytes = bytes.substr(0, left_);
    request_.body += bytes;
    kept_bytes_ += bytes.size();
    left_ -= bytes.size();
    return bytes.size();
}

RequestParser::Refusal RequestParser::step_line(std::string_view bytes, size_t& taken) {
    size_t end = bytes.find('\n', scanned_);
    bool whole = end != std::string_view::npos;
    size_t size = whole ? end + 1 : bytes.size();
    if (stage_ == Stage::request_line && size > limits_.target_bytes_max + request_line_rest)
        return too_long();
    if (head_bytes_ + size > limits_.header_bytes_max) return too_long();
    scanned_ = whole ? 0 : size;
    if (!whole) return std::nullopt;
    if (end == 0 || bytes[end - 1] != '\r') return malformed("a line does not end with CR and LF");
    taken = size;
    auto line = bytes.substr(0, end - 1);
    if (stage_ == Stage::chunk_line) return chunk_line(line);
    head_bytes_ += size;
    if (stage_ == Stage::fields) return field(line);
    if (stage_ == Stage::trailers) return trailer(line);
    // RFC 9112, 2.2: an empty line before a request is not part of it.
    return line.empty() ? std::nullopt : request_line(line);
}

RequestParser::Refusal RequestParser::too_long() const {
    switch (stage_) {
        case Stage::request_line:
            return too_large(414, fmt::format("the URL has more than {} bytes", limits_.target_bytes_max));
        case Stage::chunk_line:
            return too_large(431, "the first line of a chunk is too long");
        default:
            return too_large(431,
                             fmt::format("the headers have more than {} bytes", limits_.header_bytes_max));
    }
}

RequestParser::Refusal RequestParser::request_line(std::string_view line) {
    size_t first = line.find(' '), last = line.rfind(' ');
    if (first == std::string_view::npos || first == last)
        return malformed("the request line is not a method, a target and a version");
    auto method_name = line.substr(0, first), version = line.substr(last + 1);
    auto target = line.substr(first + 1, last - first - 1);
    if (!is_token(method_name)) return malformed("the method is not one");
    if (target.find(' ') != std::string_view::npos || !is_value(target))
        return malformed("the request target has a space or a control character");
    http_1_0_ = version == "HTTP/1.0";
    if (version != "HTTP/1.1" && !http_1_0_) {
        bool is_version = version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) &&
                          version[6] == '.' && is_digit(version[7]);
        if (!is_version) return malformed("the request line does not end with a version of HTTP");
        return unsupported(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    }
    if (target.size() > limits_.target_bytes_max) return too_long();
    auto method = known_method(method_name);
    if (!method) return unsupported(501, "this method is not served here");
    request_.method = *method;
    if (target == "*" && *method != Method::options) return malformed("only OPTIONS may ask for *");
    auto parsed = parse_target(target);
    if (!parsed) return malformed(std::move(parsed.error().message));
    request_.target = std::move(*parsed);
    kept_bytes_ += target.size();
    stage_ = Stage::fields;
    return std::nullopt;
}

RequestParser::Refusal RequestParser::field(std::string_view line) {
    if (line.empty()) return end_of_head();
    auto split = split_field(line);
    if (!split) return malformed("a header is not a name, a colon and a value");
    if (request_.headers.size() == limits_.headers_max)
        return too_large(431, fmt::format("there are more than {} headers", limits_.headers_max));
    if (auto refusal = known_field(split->name, split->value)) return refusal;
    kept_bytes_ += line.size() + sizeof(Header);
    request_.headers.push_back({std::string(split->name), std::string(split->value)});
    return std::nullopt;
}

// Where the request ends must be beyond doubt, and which host it is for.
RequestParser::Refusal RequestParser::known_field(std::string_view name, std::string_view value) {
    if (same(name, "Content-Length")) {
        uint64_t length = 0;
        auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
        if (value.empty() || !is_digit(value[0]) || error != std::errc() ||
            end != value.data() + value.size())
            return malformed("Content-Length is not a number");
        if (length_) return malformed("Content-Length is there twice");
        length_ = length;
    } else if (same(name, "Transfer-Encoding")) {
        if (std::exchange(chunked_, true)) return malformed("Transfer-Encoding is there twice");
        if (http_1_0_) return malformed("HTTP/1.0 has no Transfer-Encoding");
        if (!same(value, "chunked")) return unsupported(501, "the only transfer encoding is chunked");
    } else if (same(name, "Host")) {
        if (std::exchange(host_seen_, true)) return malformed("Host is there twice");
    } else if (same(name, "Expect")) {
        if (!same(value, "100-continue")) return unsupported(417, "only 100-continue can be expected");
        expects_continue_ = true;
    } else if (same(name, "Connection")) {
        for (auto option : split(value, ',')) {
            if (same(without_spaces(option), "close")) close_ = true;
            if (same(without_spaces(option), "keep-alive")) keep_alive_ = true;
        }
    }
    return std::nullopt;
}

RequestParser::Refusal RequestParser::end_of_head() {
    if (!host_seen_ && !http_1_0_) return malformed("there is no Host header");
    if (length_ && chunked_) return malformed("there are both Content-Length and Transfer-Encoding");
    left_ = length_.value_or(0);
    if (left_ > limits_.body_bytes_max)
        return too_large(413, fmt::format("the body has more than {} bytes", limits_.body_bytes_max));
    stage_ = chunked_ ? Stage::chunk_line : left_ > 0 ? Stage::body : Stage::complete;
    if (complete() || http_1_0_) expects_continue_ = false;
    // No more at first than comes at once: the length is only what the client says.
    request_.body.reserve(std::min<uint64_t>(left_, 64 << 10));
    return std::nullopt;
}

RequestParser::Refusal RequestParser::chunk_line(std::string_view line) {
    auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), left_, 16);
    auto extension = line.substr(static_cast<size_t>(end - line.data()));
    if (error != std::errc() || line.starts_with('-') || !(extension.empty() || extension[0] == ';') ||
        !is_value(extension))
        return malformed("a chunk does not begin with its size");
    if (left_ > limits_.body_bytes_max - request_.body.size())
        return too_large(413, fmt::format("the body has more than {} bytes", limits_.body_bytes_max));
    stage_ = left_ > 0 ? Stage::chunk : Stage::trailers;
    return std::nullopt;
}

RequestParser::Refusal RequestParser::chunk_end(std::string_view bytes, size_t& taken) {
    constexpr std::string_view end = "\r\n";
    auto begun = bytes.substr(0, end.size());
    if (!end.starts_with(begun)) return malformed("a chunk is not as long as it says");
    if (begun.size() < end.size()) return std::nullopt;
    taken = end.size();
    stage_ = Stage::chunk_line;
    return std::nullopt;
}

// Nothing is served that looks at one.
RequestParser::Refusal RequestParser::trailer(std::string_view line) {
    if (line.empty())
        stage_ = Stage::complete;
    else if (!split_field(line))
        return malformed("a trailer is not a name, a colon and a value");
    return std::nullopt;
}

}  // namespace leat::http
