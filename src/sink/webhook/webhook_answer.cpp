#include "sink/webhook/webhook_answer.h"

#include <fmt/core.h>
#include <time.h>

#include <charconv>

#include "base/text.h"

namespace leat {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds pause_max = 1h;

// Never with its body, which could repeat a row that was sent.
std::string describe(int status) { return fmt::format("the receiver answered {}", status); }

WebhookOutcome trouble(ErrorCode code, std::string message, std::string action = {},
                       std::chrono::milliseconds retry_after = 0ms) {
    return {WebhookOutcome::Kind::trouble, Error{code, std::move(message), std::move(action)}, retry_after};
}

WebhookOutcome no_answer(const Error& error) {
    switch (error.code) {
        case ErrorCode::STOPPED:
        case ErrorCode::SINK_ADDRESS:
            return {WebhookOutcome::Kind::trouble, error, 0ms};
        case ErrorCode::HTTP_CONNECT:
        case ErrorCode::HTTP_NO_ANSWER:
            return trouble(ErrorCode::SINK_UNAVAILABLE, error.message, error.action);
        // A certificate may be renewed, and so may the file of the CA.
        case ErrorCode::HTTP_TLS_PEER:
            return trouble(ErrorCode::SINK_DENIED, error.message,
                           "Mend the receiver's certificate, or give its CA as webhook.ca.file.");
        default:
            return trouble(ErrorCode::SINK_FAILED, error.message, error.action);
    }
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text, int64_t now_us) {
    text = trim(text);
    uint32_t seconds = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (end == text.data() + text.size() && !text.empty()) {
        if (error != std::errc()) return pause_max;
        return std::min<std::chrono::milliseconds>(std::chrono::seconds(seconds), pause_max);
    }
    tm parts{};
    std::string date(text);
    const char* rest = ::strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (!rest || *rest) return std::nullopt;
    auto wait = std::chrono::seconds(::timegm(&parts) - now_us / 1'000'000);
    return std::clamp<std::chrono::milliseconds>(wait, 0ms, pause_max);
}

WebhookOutcome judge_answer(const Result<http::ClientResponse>& answer, int64_t now_us) {
    if (!answer) return no_answer(answer.error());
    int status = answer->status;
    if (status >= 200 && status < 300) return {};
    std::chrono::milliseconds retry_after = 0ms;
    if (auto* header = http::find_header(answer->headers, "Retry-After"))
        retry_after = parse_retry_after(*header, now_us).value_or(0ms);
    switch (status) {
        case 400:
        case 413:
        case 422:
            return {WebhookOutcome::Kind::refused,
                    Error{ErrorCode::SINK_REFUSED, describe(status),
                          "Look at the receiver's log; then send the change again, or drop it."},
                    0ms};
        case 429:
            return trouble(ErrorCode::SINK_THROTTLED, describe(status), {}, retry_after);
        case 410:
            return trouble(ErrorCode::SINK_FAILED, describe(status),
                           "It says that it is gone for good. Give webhook.url another receiver, or remove "
                           "the consumer.");
        default:
            break;
    }
    if (status == 503 && retry_after > 0ms)
        return trouble(ErrorCode::SINK_THROTTLED, describe(status), {}, retry_after);
    if (status >= 500 || status == 408 || status == 425 || status == 409 || status == 423)
        return trouble(ErrorCode::SINK_UNAVAILABLE, describe(status), {}, retry_after);
    if (status >= 300 && status < 400)
        return trouble(ErrorCode::SINK_DENIED, fmt::format("{}, a redirect", describe(status)),
                       "Redirects are not followed: give webhook.url the address where it ends.");
    return trouble(ErrorCode::SINK_DENIED, describe(status),
                   "Look at webhook.url, at the credentials in webhook.headers, and at webhook.secret.",
                   retry_after);
}

}  // namespace leat
