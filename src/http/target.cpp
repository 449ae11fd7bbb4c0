#include "http/target.h"

#include "base/text.h"
#include "base/utf8.h"

namespace leat::http {

namespace {

// Far beyond what an API has; each costs an allocation or two.
constexpr size_t segments_max = 64;
constexpr size_t parameters_max = 256;

constexpr std::string_view hex_digits = "0123456789ABCDEF";

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_unreserved(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

std::unexpected<Error> malformed(std::string what) {
    return fail(ErrorCode::HTTP_REQUEST_MALFORMED, std::move(what));
}

// UTF-8 without control characters, which serve nobody in a URL but who wants to break a log or a name.
bool is_plain_text(std::string_view text) {
    while (!text.empty()) {
        size_t size = utf8_character(text);
        auto first = static_cast<uint8_t>(text[0]);
        if (size == 0 || first < 0x20 || first == 0x7F) return false;
        text.remove_prefix(size);
    }
    return true;
}

enum class Plus : uint8_t { plus, space };

Result<std::string> decode(std::string_view text, Plus plus, std::string_view where) {
    std::string decoded;
    decoded.reserve(text.size());
    for (size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
            int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return malformed(
                    fmt::format("a % in the {} is not followed by two hexadecimal digits", where));
            decoded += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            decoded += c == '+' && plus == Plus::space ? ' ' : c;
        }
    }
    return decoded;
}

Result<std::vector<std::string>> parse_path(std::string_view text) {
    std::vector<std::string> path;
    text.remove_prefix(1);  // the slash it begins with
    if (text.ends_with('/')) text.remove_suffix(1);
    if (text.empty()) return path;
    auto pieces = split(text, '/');
    if (pieces.size() > segments_max)
        return malformed(fmt::format("the path has more than {} segments", segments_max));
    path.reserve(pieces.size());
    for (auto piece : pieces) {
        LEAT_ASSIGN(auto segment, decode(piece, Plus::plus, "path"));
        if (segment == "." || segment == "..") return malformed("the path has a segment \".\" or \"..\"");
        if (!is_plain_text(segment)) return malformed("the path is not UTF-8, or has a control character");
        path.push_back(std::move(segment));
    }
    return path;
}

// Values may have any character, line breaks too: a predicate in a query may be of several lines.
bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        size_t size = utf8_character(text);
        if (size == 0 || text[0] == 0) return false;
        text.remove_prefix(size);
    }
    return true;
}

Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view text) {
    std::vector<std::pair<std::string, std::string>> parameters;
    while (!text.empty()) {
        size_t end = text.find('&');
        auto piece = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (piece.empty()) continue;
        if (parameters.size() == parameters_max)
            return malformed(fmt::format("the query has more than {} parameters", parameters_max));
        size_t equals = piece.find('=');
        LEAT_ASSIGN(auto name, decode(piece.substr(0, equals), Plus::space, "query"));
        std::string value;
        if (equals != std::string_view::npos) {
            LEAT_ASSIGN(value, decode(piece.substr(equals + 1), Plus::space, "query"));
        }
        if (!is_plain_text(name) || !is_utf8(value))
            return malformed("the query is not UTF-8, or has a character that must not be there");
        parameters.emplace_back(std::move(name), std::move(value));
    }
    return parameters;
}

bool starts_with_scheme(std::string_view text, std::string_view scheme) {
    if (text.size() < scheme.size()) return false;
    for (size_t i = 0; i < scheme.size(); ++i)
        if ((text[i] | (scheme[i] >= 'a' ? 0x20 : 0)) != scheme[i]) return false;
    return true;
}

}  // namespace

std::optional<std::string_view> Target::parameter(std::string_view name) const {
    for (auto& [key, value] : parameters)
        if (key == name) return value;
    return std::nullopt;
}

std::string Target::path_text() const {
    if (path.empty()) return "/";
    std::string text;
    for (auto& segment : path) {
        text += '/';
        text += percent_encode(segment);
    }
    return text;
}

Result<Target> parse_target(std::string_view text) {
    Target target;
    if (text == "*") return target;
    if (text.find('#') != std::string_view::npos) return malformed("the request target has a fragment");
    // RFC 9112, 3.2.2: a server takes the absolute form too. Which host it names is of no interest here.
    bool absolute = false;
    for (std::string_view scheme : {"http://", "https://"}) {
        if (!starts_with_scheme(text, scheme)) continue;
        size_t end = text.find_first_of("/?", scheme.size());
        if (end == scheme.size() || text.size() == scheme.size())
            return malformed("the request target names no host");
        text = end == std::string_view::npos ? std::string_view() : text.substr(end);
        absolute = true;
        break;
    }
    size_t question = text.find('?');
    auto path = text.substr(0, question);
    if (!path.starts_with('/') && !(absolute && path.empty()))
        return malformed("the request target does not begin with a slash");
    if (!path.empty()) {
        LEAT_ASSIGN(target.path, parse_path(path));
    }
    if (question != std::string_view::npos) {
        LEAT_ASSIGN(target.parameters, parse_query(text.substr(question + 1)));
    }
    return target;
}

std::string percent_encode(std::string_view text) {
    std::string encoded;
    for (char c : text) {
        if (is_unreserved(c)) {
            encoded += c;
        } else {
            auto byte = static_cast<uint8_t>(c);
            encoded += '%';
            encoded += hex_digits[byte >> 4];
            encoded += hex_digits[byte & 15];
        }
    }
    return encoded;
}

}  // namespace leat::http
