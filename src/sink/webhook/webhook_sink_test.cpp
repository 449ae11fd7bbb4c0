#include "sink/webhook/webhook_sink.h"

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <set>

#include "http/server.h"

namespace leat {
namespace {

// Takes lines "KEY SEQ", and answers as its test says.
struct Receiver {
    std::mutex mutex;
    std::vector<std::string> bodies;
    std::set<std::string> refused;  // a request with this line is answered 400
    int status = 200;
    std::unique_ptr<http::Server> server;

    Receiver() {
        http::Options options;
        options.listen = *http::parse_listen_address("127.0.0.1:0");
        server = *http::Server::open(
            std::move(options),
            [this](http::Request request, http::Responder responder) { responder.answer(answer(request)); });
    }
    http::Response answer(const http::Request& request) {
        std::lock_guard lock(mutex);
        for (const std::string& line : refused)
            if (request.body.find(line) != std::string::npos) return http::Response(400);
        if (status != 200) return http::Response(std::exchange(status, 200));
        bodies.push_back(request.body);
        return http::Response(200);
    }
    std::string url() const { return "http://" + server->address() + "/in"; }
    std::string all() {
        std::string text;
        for (auto& body : bodies) text += body;
        return text;
    }
};

struct Changes {
    std::vector<std::string> lines;
    Batch batch;
    Changes(uint64_t first, uint64_t last, uint64_t keys) {
        for (uint64_t seq = first; seq <= last; ++seq)
            lines.push_back(std::to_string(keys ? seq % keys + 1 : 0) + " " + std::to_string(seq) + "\n");
        for (uint64_t seq = first; seq <= last; ++seq)
            batch.changes.push_back({Seq(seq), lines[seq - first], keys ? seq % keys + 1 : 0, 0});
    }
};

WebhookOptions options(const Receiver& receiver, size_t parallel = 1) {
    WebhookOptions made;
    made.consumer = "test";
    made.url = receiver.url();
    made.allow_private = true;
    made.parallel = parallel;
    return made;
}

TEST(WebhookSink, SendsBatchesInOrder) {
    Receiver receiver;
    auto with = options(receiver);
    with.request_changes = 3;
    WebhookSink sink(with);
    ASSERT_TRUE(sink.open({}));
    Changes changes(1, 8, 4);
    auto written = sink.write(changes.batch, {});
    EXPECT_EQ(written.accepted, 8u);
    EXPECT_EQ(written.durable, Seq(8));
    EXPECT_FALSE(written.error);
    EXPECT_EQ(receiver.bodies.size(), 3u);
    EXPECT_EQ(receiver.bodies[0], "2 1\n3 2\n4 3\n");
}

TEST(WebhookSink, DoesNotCallItsOwnNetworkUnasked) {
    Receiver receiver;
    auto with = options(receiver);
    with.allow_private = false;
    WebhookSink sink(with);
    auto written = sink.write(Changes(1, 1, 0).batch, {});
    ASSERT_TRUE(written.error);
    EXPECT_EQ(written.error->code, ErrorCode::SINK_ADDRESS);
    EXPECT_TRUE(receiver.bodies.empty());
}

TEST(WebhookSink, SplitsUntilThePoisonIsAlone) {
    Receiver receiver;
    receiver.refused = {" 6\n"};
    WebhookSink sink(options(receiver));
    Changes changes(1, 10, 1);
    auto written = sink.write(changes.batch, {});
    EXPECT_EQ(written.accepted, 5u);
    ASSERT_EQ(written.refused.size(), 1u);
    EXPECT_EQ(written.refused[0].seq, Seq(6));
    EXPECT_EQ(written.refused[0].error.code, ErrorCode::SINK_REFUSED);
    Changes rest(7, 10, 1);
    EXPECT_EQ(sink.write(rest.batch, {}).accepted, 4u);
    EXPECT_EQ(receiver.all(), "1 1\n1 2\n1 3\n1 4\n1 5\n1 7\n1 8\n1 9\n1 10\n");
}

TEST(WebhookSink, TroubleIsToldAndWhatWasTakenIsNotSentAgain) {
    Receiver receiver;
    receiver.status = 500;  // the first request; those beside it succeed
    WebhookSink sink(options(receiver, 4));
    Changes changes(1, 12, 4);
    auto written = sink.write(changes.batch, {});
    ASSERT_TRUE(written.error);
    EXPECT_EQ(written.error->code, ErrorCode::SINK_UNAVAILABLE);
    EXPECT_LT(written.accepted, 12u);
    Batch rest;
    rest.changes.assign(changes.batch.changes.begin() + static_cast<ptrdiff_t>(written.accepted),
                        changes.batch.changes.end());
    auto again = sink.write(rest, {});
    EXPECT_FALSE(again.error);
    EXPECT_EQ(again.accepted, rest.changes.size());
    EXPECT_EQ(again.durable, Seq(12));
    std::string all = receiver.all();
    for (const std::string& line : changes.lines) {
        size_t first = all.find(line);
        ASSERT_NE(first, std::string::npos) << line;
        EXPECT_EQ(all.find(line, first + 1), std::string::npos) << line;
    }
}

TEST(WebhookSink, KeysKeepTheirOrderInParallel) {
    Receiver receiver;
    auto with = options(receiver, 4);
    with.request_changes = 2;
    WebhookSink sink(with);
    Changes changes(1, 60, 7);
    // One without a key in the middle: all before it come before, all after it after.
    changes.batch.changes[30].key_hash = 0;
    EXPECT_EQ(sink.write(changes.batch, {}).accepted, 60u);
    std::map<std::string, int> last;
    std::istringstream lines(receiver.all());
    std::string key;
    int seq = 0, seen = 0;
    while (lines >> key >> seq) {
        EXPECT_GT(seq, last[key]);
        last[key] = seq;
        ++seen;
        EXPECT_TRUE(seen > 30 || seq <= 30);
        EXPECT_TRUE(seen != 31 || seq == 31);
    }
    EXPECT_EQ(seen, 60);
}

}  // namespace
}  // namespace leat
