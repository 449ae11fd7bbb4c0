#include "sink/webhook/webhook_request.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/headed_message.h"
#include "base/text.h"

namespace leat {

namespace {

std::string hex(std::span<const unsigned char> bytes) {
    std::string text;
    text.reserve(bytes.size() * 2);
    for (unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
    return text;
}

}  // namespace

size_t changes_max(const WebhookOptions& options) {
    return options.body == WebhookBody::message ? 1 : options.request_changes;
}

std::string_view content_type(const WebhookOptions& options) {
    switch (options.body) {
        case WebhookBody::array:
            return "application/json";
        case WebhookBody::cloudevents:
            return changes_max(options) == 1 ? "application/cloudevents+json"
                                             : "application/cloudevents-batch+json";
        default:
            return "application/x-ndjson";
    }
}

namespace {

// A line end cannot stand inside of JSON, so that lines become items without being read.
std::string array_of(std::span<const SinkChange* const> changes, size_t bytes) {
    std::string body;
    body.reserve(bytes + 2);
    body += '[';
    for (const SinkChange* change : changes) {
        std::string_view rest = change->bytes;
        while (!rest.empty()) {
            size_t end = std::min(rest.find('\n'), rest.size() - 1);
            if (body.size() > 1) body += ',';
            body += rest.substr(0, rest[end] == '\n' ? end : end + 1);
            rest.remove_prefix(end + 1);
        }
    }
    body += ']';
    return body;
}

}  // namespace

std::string webhook_body(std::span<const SinkChange* const> changes, const WebhookOptions& options) {
    size_t bytes = 0;
    for (const SinkChange* change : changes) bytes += change->bytes.size();
    bool whole_events = options.body == WebhookBody::cloudevents && changes_max(options) == 1;
    if (options.body == WebhookBody::array || (options.body == WebhookBody::cloudevents && !whole_events))
        return array_of(changes, bytes);
    std::string body;
    if (options.body == WebhookBody::message) {
        if (auto message = read_headed_message(changes.front()->bytes)) body = message->body;
        return body;
    }
    body.reserve(bytes);
    for (const SinkChange* change : changes) body += change->bytes;
    return body;
}

std::string webhook_signature(const std::string& secret, int64_t unix_seconds, std::string_view body) {
    std::string time = std::to_string(unix_seconds);
    std::string text = time + ".";
    text += body;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    ::HMAC(::EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &length);
    return fmt::format("t={},v1={}", time, hex({digest, length}));
}

std::string idempotency_key(const WebhookOptions& options, std::span<const SinkChange* const> changes,
                            std::string_view body) {
    std::string about = options.consumer + '\0' + options.log + '\0' + options.replay + '\0';
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(::EVP_MD_CTX_new(), ::EVP_MD_CTX_free);
    ::EVP_DigestInit_ex(context.get(), ::EVP_sha256(), nullptr);
    ::EVP_DigestUpdate(context.get(), about.data(), about.size());
    ::EVP_DigestUpdate(context.get(), body.data(), body.size());
    ::EVP_DigestFinal_ex(context.get(), digest, &length);
    return fmt::format("{}-{}-{}", changes.front()->seq.value, changes.back()->seq.value, hex({digest, 16}));
}

namespace {

// Of a record that has its own.
std::vector<http::Header> headers_of(const SinkChange& change) {
    std::vector<http::Header> headers;
    auto message = read_headed_message(change.bytes);
    for (std::string_view line : split(message ? message->head : "", '\n')) {
        size_t colon = line.find(": ");
        if (colon == std::string_view::npos) continue;
        headers.push_back({std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 2)))});
    }
    return headers;
}

}  // namespace

http::ClientRequest webhook_request(const WebhookOptions& options, std::span<const SinkChange* const> changes,
                                    int64_t unix_seconds) {
    http::ClientRequest request;
    request.method = http::Method::post;
    request.url = options.url;
    request.body = webhook_body(changes, options);
    if (options.body == WebhookBody::message)
        request.headers = headers_of(*changes.front());
    else
        request.headers.push_back({"Content-Type", std::string(content_type(options))});
    request.headers.insert(request.headers.end(),
                           {{"User-Agent", "leat"},
                            {"Idempotency-Key", idempotency_key(options, changes, request.body)},
                            {"Leat-Consumer", options.consumer},
                            {"Leat-First-Sequence", std::to_string(changes.front()->seq.value)},
                            {"Leat-Last-Sequence", std::to_string(changes.back()->seq.value)},
                            {"Leat-Changes", std::to_string(changes.size())}});
    if (!options.replay.empty()) request.headers.push_back({"Leat-Replay", options.replay});
    if (!options.secret.empty())
        request.headers.push_back(
            {"Leat-Signature", webhook_signature(options.secret, unix_seconds, request.body)});
    for (const http::Header& header : options.headers) request.headers.push_back(header);
    return request;
}

}  // namespace leat
