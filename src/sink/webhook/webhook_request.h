// What a webhook's request says: body, signature, and the key by which the receiver knows a repetition.
#pragma once

#include <span>
#include <string>

#include "http/client.h"
#include "sink/sink.h"

namespace leat {

enum class WebhookBody : uint8_t {
    ndjson,       // the records as they are, one a line
    array,        // a JSON array of them
    cloudevents,  // CloudEvents in structured mode: a batch, or the event itself where requests have one
                  // change
    message       // a record is a request of its own, headers and body (base/headed_message.h)
};

struct WebhookOptions {
    std::string consumer, log;  // parts of the idempotency key
    std::string url;
    std::string secret;  // signs every request; empty: none is signed
    std::vector<http::Header> headers;
    WebhookBody body = WebhookBody::ndjson;
    size_t request_changes = 500;    // in one request
    size_t request_bytes = 1 << 20;  // a change that is larger by itself is sent by itself
    size_t parallel = 1;             // requests under way, never two with the same key
    std::chrono::milliseconds timeout{30'000};
    std::string ca_file = {};
    bool allow_private = false;
    std::string replay = {};  // a replay's id, which every request then names
};

// How many changes a request takes at most.
size_t changes_max(const WebhookOptions& options);
std::string webhook_body(std::span<const SinkChange* const> changes, const WebhookOptions& options);
std::string_view content_type(const WebhookOptions& options);

// "t=1700000000,v1=…": the HMAC-SHA256, in hexadecimal digits, of the time, a dot, and the body.
std::string webhook_signature(const std::string& secret, int64_t unix_seconds, std::string_view body);

// The same for the same body to the same consumer, and for no other.
std::string idempotency_key(const WebhookOptions& options, std::span<const SinkChange* const> changes,
                            std::string_view body);

http::ClientRequest webhook_request(const WebhookOptions& options, std::span<const SinkChange* const> changes,
                                    int64_t unix_seconds);

}  // namespace leat
