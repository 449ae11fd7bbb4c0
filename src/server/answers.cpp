#include "server/answers.h"

#include <fmt/core.h>

#include "base/text.h"

namespace leat::server {

using http::json_string;

int http_status(ErrorCode code) {
    switch (code) {
        case ErrorCode::API_PARAMETER:
        case ErrorCode::API_BODY:
        case ErrorCode::JSON_INVALID:
        case ErrorCode::USAGE:
        case ErrorCode::CONDITION_INVALID:
        case ErrorCode::SELECTION_UNKNOWN:
            return 400;
        case ErrorCode::API_UNAUTHENTICATED:
            return 401;
        case ErrorCode::API_HOST:
        case ErrorCode::API_FORBIDDEN:
            return 403;
        case ErrorCode::API_NOT_FOUND:
        case ErrorCode::LOG_NO_SOURCE:
        case ErrorCode::CONSUMER_NOT_FOUND:
        case ErrorCode::STORE_NOT_FOUND:
            return 404;
        case ErrorCode::API_METHOD:
            return 405;
        case ErrorCode::API_NOT_ACCEPTABLE:
            return 406;
        case ErrorCode::API_SEQUENCE_AHEAD:
        case ErrorCode::API_STATE:
        case ErrorCode::API_EXISTS:
        case ErrorCode::STORE_EXISTS:
        case ErrorCode::STORE_LIMIT:
        case ErrorCode::SIGNAL_NOT_TAKEN:
        case ErrorCode::CONSUMER_EXISTS:
        case ErrorCode::CONSUMER_FROM_FILE:
        case ErrorCode::CONSUMER_NOT_SUBSCRIPTION:
        case ErrorCode::CONSUMER_CURSOR_AHEAD:
        case ErrorCode::CONSUMER_CURSOR_FOREIGN:
            return 409;
        case ErrorCode::LOG_TRIMMED:
            return 410;
        case ErrorCode::STORE_CHANGED:
            return 412;
        case ErrorCode::API_MEDIA_TYPE:
            return 415;
        case ErrorCode::API_IDEMPOTENCY:
        case ErrorCode::CONFIG_INVALID:
        case ErrorCode::CONFIG_UNKNOWN_KEY:
        case ErrorCode::CONFIG_SECRET:
        case ErrorCode::URL_INVALID:
            return 422;
        case ErrorCode::API_THROTTLED:
            return 429;
        case ErrorCode::API_BUSY:
        case ErrorCode::STOPPED:
        case ErrorCode::STORE_FAILED:
        case ErrorCode::STORE_LOCKED:
        case ErrorCode::STORE_FULL:
            return 503;
        default:
            return name(code).starts_with("PG_") ? 422 : 500;
    }
}

http::Response refuse(Error error, int status) {
    std::vector<http::ProblemMember> members;
    constexpr std::string_view of_body = "request: ";
    if (error.message.starts_with(of_body)) {
        error.message.erase(0, of_body.size());
        std::string field = error.message.substr(0, error.message.find(": "));
        if (field.find(' ') == std::string::npos) members.push_back({"field", json_string(field)});
    }
    auto response = http::problem(status, error, members);
    if (status == 503) response.set("Retry-After", "5");
    return response;
}

http::Response refuse(Error error) {
    int status = http_status(error.code);
    return refuse(std::move(error), status);
}

http::Response json_answer(int status, std::string text) { return {status, "application/json", text + "\n"}; }

std::string error_json(const std::optional<Error>& error) {
    if (!error) return "null";
    return fmt::format("{{\"code\":{},\"message\":{},\"action\":{}}}", json_string(name(error->code)),
                       json_string(error->message), json_string(error->action));
}

std::string json_time(int64_t time_us) { return time_us ? json_string(format_time_us(time_us)) : "null"; }

http::Response with_etag(http::Response response, uint64_t revision) {
    if (revision) response.set("ETag", fmt::format("\"{}\"", revision));
    return response;
}

Result<std::optional<uint64_t>> expected_revision(const http::Request& request) {
    auto header = request.header("If-Match");
    if (!header || *header == "*") return std::nullopt;
    std::string_view text = *header;
    if (text.size() > 2 && text.starts_with('"') && text.ends_with('"'))
        text = text.substr(1, text.size() - 2);
    uint64_t revision = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), revision);
    if (error == std::errc() && end == text.data() + text.size()) return revision;
    // An ETag that was never given out is not the current one.
    return fail(ErrorCode::STORE_CHANGED, "If-Match is none of the ETags that were given here",
                "Read it again, and send the ETag of that answer.");
}

}  // namespace leat::server
