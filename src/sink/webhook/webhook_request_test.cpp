#include "sink/webhook/webhook_request.h"

#include <gtest/gtest.h>

#include "sink/webhook/webhook_answer.h"

namespace leat {
namespace {

using namespace std::chrono_literals;

const SinkChange one{Seq(4), "{\"a\":1}\n", 1, 0};
const SinkChange two{Seq(5), "{\"a\":2}\n{\"a\":null}\n", 1, 0};
const std::vector<const SinkChange*> both = {&one, &two};

WebhookOptions with_body(WebhookBody body, size_t request_changes = 500) {
    WebhookOptions options;
    options.url = "http://127.0.0.1/x";
    options.body = body;
    options.request_changes = request_changes;
    return options;
}

TEST(WebhookRequest, BodiesAreLinesOrAnArray) {
    EXPECT_EQ(webhook_body(both, with_body(WebhookBody::ndjson)), "{\"a\":1}\n{\"a\":2}\n{\"a\":null}\n");
    EXPECT_EQ(webhook_body(both, with_body(WebhookBody::array)), "[{\"a\":1},{\"a\":2},{\"a\":null}]");
}

TEST(WebhookRequest, CloudEventsAreABatchOrOneByOne) {
    auto type = [](const http::ClientRequest& request) {
        return *http::find_header(request.headers, "Content-Type");
    };
    auto batch = webhook_request(with_body(WebhookBody::cloudevents), both, 0);
    EXPECT_EQ(type(batch), "application/cloudevents-batch+json");
    EXPECT_EQ(batch.body, "[{\"a\":1},{\"a\":2},{\"a\":null}]");
    auto single = webhook_request(with_body(WebhookBody::cloudevents, 1), std::span(both).first(1), 0);
    EXPECT_EQ(type(single), "application/cloudevents+json");
    EXPECT_EQ(single.body, "{\"a\":1}\n");
}

TEST(WebhookRequest, ARecordWithHeadersIsARequestOfItsOwn) {
    auto options = with_body(WebhookBody::message);
    EXPECT_EQ(changes_max(options), 1u);
    SinkChange change{
        Seq(4), "ce-id: shop:4:9\r\ncontent-type: application/json\r\ncontent-length: 7\r\n\r\n{\"a\":1}", 1,
        0};
    const SinkChange* changes[] = {&change};
    auto request = webhook_request(options, changes, 0);
    EXPECT_EQ(request.body, "{\"a\":1}");
    EXPECT_EQ(*http::find_header(request.headers, "ce-id"), "shop:4:9");
    EXPECT_EQ(*http::find_header(request.headers, "Content-Type"), "application/json");
    EXPECT_FALSE(http::find_header(request.headers, "Content-Length")) << "the client's own";
    EXPECT_EQ(*http::find_header(request.headers, "Leat-First-Sequence"), "4");
}

// As openssl computes it:  printf '1700000000.hello' | openssl dgst -sha256 -hmac key
TEST(WebhookRequest, TheSignatureCoversTimeAndBody) {
    EXPECT_EQ(webhook_signature("key", 1700000000, "hello"),
              "t=1700000000,v1=4d583a269f4f276a3fa80ff31b5a01879a848096983222a17893d198418939aa");
    EXPECT_NE(webhook_signature("key", 1700000001, "hello"), webhook_signature("key", 1700000000, "hello"));
}

TEST(WebhookRequest, ARepetitionHasTheSameKey) {
    WebhookOptions options;
    options.consumer = "orders";
    options.url = "http://127.0.0.1/x";
    options.secret = "s";
    auto key = [](const http::ClientRequest& request) {
        return *http::find_header(request.headers, "Idempotency-Key");
    };
    auto first = webhook_request(options, both, 100), again = webhook_request(options, both, 200);
    EXPECT_EQ(key(first), key(again));
    EXPECT_TRUE(key(first).starts_with("4-5-"));
    EXPECT_EQ(key(first).find('\0'), std::string::npos);
    EXPECT_NE(key(first), key(webhook_request(options, std::span(both).first(1), 100)));
    options.replay = "7";
    EXPECT_NE(key(first), key(webhook_request(options, both, 100)));
}

http::ClientResponse answer(int status, std::vector<http::Header> headers = {}) {
    return {status, std::move(headers), {}};
}

TEST(WebhookAnswer, IsTakenRefusedOrTrouble) {
    using Kind = WebhookOutcome::Kind;
    EXPECT_EQ(judge_answer(answer(204), 0).kind, Kind::taken);
    for (int status : {400, 413, 422}) EXPECT_EQ(judge_answer(answer(status), 0).kind, Kind::refused);
    auto code = [](int status) { return judge_answer(answer(status), 0).error->code; };
    EXPECT_EQ(code(500), ErrorCode::SINK_UNAVAILABLE);
    EXPECT_EQ(code(503), ErrorCode::SINK_UNAVAILABLE);
    EXPECT_EQ(code(429), ErrorCode::SINK_THROTTLED);
    EXPECT_EQ(code(401), ErrorCode::SINK_DENIED);
    EXPECT_EQ(code(302), ErrorCode::SINK_DENIED);
    EXPECT_EQ(code(410), ErrorCode::SINK_FAILED);
    auto busy = judge_answer(answer(503, {{"retry-after", "7"}}), 0);
    EXPECT_EQ(busy.error->code, ErrorCode::SINK_THROTTLED);
    EXPECT_EQ(busy.retry_after, 7s);
    EXPECT_EQ(judge_answer(fail(ErrorCode::HTTP_NO_ANSWER, "broke"), 0).error->code,
              ErrorCode::SINK_UNAVAILABLE);
}

TEST(WebhookAnswer, RetryAfterIsSecondsOrADate) {
    EXPECT_EQ(parse_retry_after("120", 0), 120s);
    EXPECT_EQ(parse_retry_after("99999999999999", 0), 1h);
    int64_t now = 784111777'000000;  // Sun, 06 Nov 1994 08:49:37 GMT
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:50:37 GMT", now), 60s);
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:48:37 GMT", now), 0s);
    EXPECT_EQ(parse_retry_after("soon", now), std::nullopt);
    EXPECT_EQ(parse_retry_after("", now), std::nullopt);
}

}  // namespace
}  // namespace leat
