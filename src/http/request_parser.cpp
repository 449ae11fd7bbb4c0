#include "http/request_parser.h"

#include <boost/beast/http/basic_parser.hpp>

namespace leat::http {

namespace beast = boost::beast;
using beast::http::error;
using BeastError = beast::error_code;

namespace {

template <class View>
std::string_view view(const View& text) {
    return {text.data(), text.size()};
}

bool same_name(std::string_view a, std::string_view b) {
    return beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

Rejection malformed(std::string detail) {
    return {400, ErrorCode::HTTP_REQUEST_MALFORMED, std::move(detail)};
}
Rejection too_large(int status, std::string detail) {
    return {status, ErrorCode::HTTP_REQUEST_TOO_LARGE, std::move(detail)};
}
Rejection unsupported(int status, std::string detail) {
    return {status, ErrorCode::HTTP_UNSUPPORTED, std::move(detail)};
}

std::optional<Method> known_method(beast::http::verb verb) {
    switch (verb) {
        case beast::http::verb::get:
            return Method::get;
        case beast::http::verb::head:
            return Method::head;
        case beast::http::verb::post:
            return Method::post;
        case beast::http::verb::put:
            return Method::put;
        case beast::http::verb::patch:
            return Method::patch;
        case beast::http::verb::delete_:
            return Method::del;
        case beast::http::verb::options:
            return Method::options;
        default:
            return std::nullopt;
    }
}

}  // namespace

// What Beast calls as it goes. A refusal is kept in `rejection` and stops it with any error.
class RequestParser::Grammar : public beast::http::basic_parser<true> {
  public:
    explicit Grammar(const RequestLimits& limits) : limits_(limits) {
        header_limit(limits.header_bytes_max);
        body_limit(limits.body_bytes_max);
    }

    std::expected<size_t, Rejection> feed(Bytes bytes) {
        // RFC 9112, 2.2: an empty line before a request is not part of it.
        if (!got_some() && as_text(bytes).starts_with("\r\n")) return 2;
        BeastError ec;
        size_t taken = put({bytes.data(), bytes.size()}, ec);
        if (!ec || ec == error::need_more) {
            if (is_header_done() || bytes.size() - taken <= limits_.header_bytes_max) return taken;
            ec = error::header_limit;
        }
        return std::unexpected(rejection ? std::move(*rejection) : explain(ec, bytes.subspan(taken)));
    }

    Request request;
    std::optional<Rejection> rejection;
    bool expects_continue = false;
    bool http_1_0 = false;
    size_t kept_bytes = 0;

  private:
    using Field = beast::http::field;
    using View = beast::string_view;

    void refuse(Rejection why, BeastError& ec) {
        rejection = std::move(why);
        ec = error::bad_field;
    }

    Rejection explain(const BeastError& ec, Bytes rest) const {
        if (ec == error::header_limit) {
            bool in_request_line = !line_seen_ && as_text(rest).find('\n') == std::string_view::npos;
            return in_request_line ? target_too_long() : headers_too_large();
        }
        if (ec == error::body_limit)
            return too_large(413, fmt::format("the body has more than {} bytes", limits_.body_bytes_max));
        if (ec == error::bad_version) return unsupported(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
        return malformed(fmt::format("the request does not follow HTTP/1.1 ({})", ec.message()));
    }
    Rejection target_too_long() const {
        return too_large(414, fmt::format("the URL has more than {} bytes", limits_.target_bytes_max));
    }
    Rejection headers_too_large() const {
        return too_large(431, fmt::format("the headers have more than {} bytes", limits_.header_bytes_max));
    }

    void on_request_impl(beast::http::verb verb, View, View target, int version, BeastError& ec) override {
        line_seen_ = true;
        http_1_0 = version == 10;
        if (target.size() > limits_.target_bytes_max) return refuse(target_too_long(), ec);
        auto method = known_method(verb);
        if (!method) return refuse(unsupported(501, "this method is not served here"), ec);
        request.method = *method;
        auto parsed = http::parse_target(view(target));
        if (!parsed) return refuse(malformed(std::move(parsed.error().message)), ec);
        if (target == "*" && *method != Method::options)
            return refuse(malformed("only OPTIONS may ask for *"), ec);
        request.target = std::move(*parsed);
        kept_bytes += target.size();
    }

    void on_field_impl(Field field, View name, View value, BeastError& ec) override {
        if (is_header_done()) return;  // a trailer: nothing is served that looks at one
        kept_bytes += name.size() + value.size() + sizeof(Header);
        field_bytes_ += name.size() + value.size() + 4;
        if (field_bytes_ > limits_.header_bytes_max) return refuse(headers_too_large(), ec);
        if (request.headers.size() == limits_.headers_max)
            return refuse(too_large(431, fmt::format("there are more than {} headers", limits_.headers_max)),
                          ec);
        if (auto why = check(field, view(value))) return refuse(std::move(*why), ec);
        request.headers.push_back({std::string(view(name)), std::string(view(value))});
    }

    // Where the request ends must be beyond doubt, and which host it is for.
    std::optional<Rejection> check(Field field, std::string_view value) {
        if (field == Field::content_length) {
            if (value.empty() || value.find_first_not_of("0123456789") != std::string_view::npos)
                return malformed("Content-Length is not a number");
            if (std::exchange(length_seen_, true)) return malformed("Content-Length is there twice");
        } else if (field == Field::transfer_encoding) {
            if (std::exchange(encoding_seen_, true)) return malformed("Transfer-Encoding is there twice");
            if (http_1_0) return malformed("HTTP/1.0 has no Transfer-Encoding");
            if (!same_name(value, "chunked"))
                return unsupported(501, "the only transfer encoding is chunked");
        } else if (field == Field::host) {
            if (std::exchange(host_seen_, true)) return malformed("Host is there twice");
        } else if (field == Field::expect) {
            if (!same_name(value, "100-continue"))
                return unsupported(417, "only 100-continue can be expected");
            expects_continue = true;
        }
        return std::nullopt;
    }

    void on_header_impl(BeastError& ec) override {
        if (!host_seen_ && !http_1_0) return refuse(malformed("there is no Host header"), ec);
        if (length_seen_ && encoding_seen_)
            return refuse(malformed("there are both Content-Length and Transfer-Encoding"), ec);
        if (is_done() || http_1_0) expects_continue = false;
    }

    void on_body_init_impl(const boost::optional<std::uint64_t>& length, BeastError&) override {
        // Not more at once than a chunk could claim: the rest grows as it comes.
        if (length) request.body.reserve(std::min<uint64_t>(*length, 64 << 10));
    }
    size_t on_body_impl(View body, BeastError&) override { return keep(view(body)); }
    size_t on_chunk_body_impl(std::uint64_t, View body, BeastError&) override { return keep(view(body)); }
    size_t keep(std::string_view body) {
        request.body += body;
        kept_bytes += body.size();
        return body.size();
    }

    void on_response_impl(int, View, int, BeastError&) override {}
    void on_chunk_header_impl(std::uint64_t, View, BeastError&) override {}
    void on_finish_impl(BeastError&) override {}

    const RequestLimits limits_;
    size_t field_bytes_ = 0;
    bool line_seen_ = false, host_seen_ = false, length_seen_ = false, encoding_seen_ = false;
};

RequestParser::RequestParser(const RequestLimits& limits) : grammar_(std::make_unique<Grammar>(limits)) {}
RequestParser::~RequestParser() = default;
RequestParser::RequestParser(RequestParser&&) noexcept = default;

std::expected<size_t, Rejection> RequestParser::feed(Bytes bytes) { return grammar_->feed(bytes); }
bool RequestParser::head_done() const { return grammar_->is_header_done(); }
bool RequestParser::complete() const { return grammar_->is_done(); }
bool RequestParser::expects_continue() const { return grammar_->expects_continue; }
bool RequestParser::keep_alive() const { return grammar_->keep_alive(); }
bool RequestParser::http_1_0() const { return grammar_->http_1_0; }
size_t RequestParser::bytes() const { return grammar_->kept_bytes; }
Request RequestParser::take() { return std::move(grammar_->request); }

}  // namespace leat::http
