#include "engine/consumer_factory.h"

#include <fmt/core.h>

#include "delivery/operations.h"
#include "http/url.h"
#include "sink/file/file_sink.h"
#include "sink/stdout/stdout_sink.h"
#include "sink/webhook/webhook_sink.h"

namespace leat::engine {

namespace {

constexpr size_t file_batch_changes = 2000;
constexpr size_t batch_bytes_min = 64 << 10, batch_bytes_max = 1 << 20;

Result<std::string> resolve(const SecretString& secret, const SecretResolver& secrets,
                            const std::string& key) {
    auto text = secrets.resolve(secret.raw());
    if (text) return text;
    text.error().message = fmt::format("{}: {}", key, text.error().message);
    return text;
}

Result<WebhookOptions> webhook_options(const ConsumerConfig& config, const SecretResolver& secrets) {
    const WebhookTarget& target = config.webhook;
    std::string prefix = fmt::format("consumers.{}.webhook.", config.name);
    WebhookOptions options;
    options.consumer = config.name;
    LEAT_ASSIGN(options.url, resolve(target.url, secrets, prefix + "url"));
    LEAT_ASSIGN(options.secret, resolve(target.secret, secrets, prefix + "secret"));
    LEAT_ASSIGN(auto url, http::parse_url(options.url));
    if (!url.tls && !target.allow_http)
        return fail(ErrorCode::CONFIG_INVALID,
                    fmt::format("{}url is http://, which anybody on the way can read", prefix),
                    "Use https://, or set webhook.allow.http: true.");
    for (auto& [name, value] : target.headers) {
        LEAT_ASSIGN(std::string text, resolve(value, secrets, prefix + "headers." + name));
        if (!http::is_token(name) || text.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
            return fail(ErrorCode::CONFIG_INVALID,
                        fmt::format("{}headers.{} cannot be a header", prefix, name));
        options.headers.push_back({name, std::move(text)});
    }
    options.body = target.array ? WebhookBody::array : WebhookBody::ndjson;
    if (config.format == name(Format::cloudevents)) options.body = WebhookBody::cloudevents;
    if (config.format == name(Format::cloudevents_binary)) options.body = WebhookBody::message;
    options.request_changes = target.batch_changes;
    options.request_bytes = target.batch_bytes;
    options.parallel = target.parallel;
    options.timeout = target.timeout;
    options.ca_file = target.ca_file;
    options.allow_private = target.allow_private;
    return options;
}

}  // namespace

Result<FeedSpec> feed_spec(const ConsumerConfig& config) {
    FeedSpec spec;
    spec.source = config.source;
    spec.selection.tables = config.tables;
    spec.selection.columns = config.columns;
    spec.selection.where = config.where;
    if (config.leaving_is_delete) spec.selection.leaving = Leaving::as_delete;
    LEAT_ASSIGN(spec.selection.ops, parse_ops(config.ops));
    LEAT_ASSIGN(spec.format, parse_format(config.format));
    // Each record is a request of its own, with the headers of the binding.
    bool requests = config.type == ConsumerType::webhook && spec.format == Format::cloudevents_binary;
    if (requests) spec.framing = Framing::messages;
    return spec;
}

Result<SinkSetup> make_sink(const ConsumerConfig& config, const std::string& log,
                            const SecretResolver& secrets, const std::string& replay) {
    switch (config.type) {
        case ConsumerType::webhook: {
            LEAT_ASSIGN(auto options, webhook_options(config, secrets));
            options.log = log;
            options.replay = replay;
            std::string type(content_type(options));
            return SinkSetup{std::make_unique<WebhookSink>(std::move(options)), std::move(type)};
        }
        case ConsumerType::file: {
            FileSinkOptions options{config.file.path, log, config.file.rotate_bytes, config.file.rotate_age,
                                    config.file.keep};
            if (!replay.empty()) options.path += ".replay-" + replay;
            return SinkSetup{std::make_unique<FileSink>(std::move(options)), "application/x-ndjson"};
        }
        case ConsumerType::standard_output:
            return SinkSetup{std::make_unique<StdoutSink>(), "application/x-ndjson"};
        case ConsumerType::subscription:
            break;
    }
    return fail(ErrorCode::INTERNAL, "a subscription has no sink");
}

ConsumerOptions consumer_options(const ConsumerConfig& config, uint64_t memory_bytes, size_t consumers) {
    ConsumerOptions options;
    options.name = config.name;
    bool webhook = config.type == ConsumerType::webhook;
    options.batch.changes =
        webhook ? config.webhook.batch_changes * config.webhook.parallel : file_batch_changes;
    // A quarter of the memory is the consumers'.
    size_t share = std::clamp<uint64_t>(memory_bytes / 4 / std::max<size_t>(1, consumers), batch_bytes_min,
                                        batch_bytes_max);
    options.batch.bytes =
        webhook ? std::min<size_t>(config.webhook.batch_bytes * config.webhook.parallel, share) : share;
    options.batch.linger = webhook ? config.webhook.linger : std::chrono::milliseconds(0);
    options.retry_first = config.retry_first;
    options.retry_last = config.retry_last;
    options.tries_max = config.tries_max;
    options.poison = static_cast<Poison>(config.poison);
    options.hold_key = config.poison_holds_key;
    return options;
}

}  // namespace leat::engine
