// What a receiver's answer to a webhook means.
#pragma once

#include <optional>

#include "http/client.h"

namespace leat {

struct WebhookOutcome {
    enum class Kind : uint8_t {
        taken,
        refused,  // these changes, or one of them
        trouble,
    } kind = Kind::taken;
    std::optional<Error> error;
    std::chrono::milliseconds retry_after{0};
};

// now_us: what a date in Retry-After is compared with.
WebhookOutcome judge_answer(const Result<http::ClientResponse>& answer, int64_t now_us);

// Seconds, or an HTTP date; an hour at most. None: it is neither.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text, int64_t now_us);

}  // namespace leat
