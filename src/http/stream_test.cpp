// Streams: flow control, wakes, and their ends.
#include "http/stream.h"

#include <malloc.h>
#include <sys/resource.h>

#include <fstream>

#include "http/test_support.h"

namespace leat::http::test {

namespace {

const std::string get = "GET /s HTTP/1.1\r\nHost: test\r\n\r\n";

// What became of a source, for the test to look at after it is gone.
struct Fate {
    std::mutex mutex;
    std::optional<Wake> wake;
    std::deque<std::string> ready;  // pieces to send
    bool last = false, fail = false;
    std::atomic<int> started = 0, asked = 0, destroyed = 0;
    std::optional<BodyEnd> end;
    uint64_t sent = 0;

    void push(std::string piece, bool is_last = false) {
        std::lock_guard lock(mutex);
        ready.push_back(std::move(piece));
        last = is_last;
        if (wake) (*wake)();
    }
    void finish(bool failed = false) {
        std::lock_guard lock(mutex);
        last = true;
        fail = failed;
        if (wake) (*wake)();
    }
    bool waits_for_end() {
        return eventually([&] { return destroyed == 1; });
    }
};

class QueueSource : public BodySource {
  public:
    explicit QueueSource(std::shared_ptr<Fate> fate) : fate_(std::move(fate)) {}
    ~QueueSource() override { ++fate_->destroyed; }

    void start(Wake wake) override {
        std::lock_guard lock(fate_->mutex);
        ++fate_->started;
        fate_->wake = std::move(wake);
    }
    BodyState next(BodyPiece& out) override {
        std::lock_guard lock(fate_->mutex);
        ++fate_->asked;
        if (!fate_->ready.empty()) {
            out.bytes().put_text(fate_->ready.front());
            fate_->ready.pop_front();
            if (!fate_->ready.empty()) return BodyState::more;
        }
        if (fate_->fail) return BodyState::failed;
        return fate_->last ? BodyState::end : BodyState::waiting;
    }
    void ended(BodyEnd reason, uint64_t sent) override {
        std::lock_guard lock(fate_->mutex);
        fate_->end = reason;
        fate_->sent = sent;
    }

  private:
    std::shared_ptr<Fate> fate_;
};

Handler streaming(std::shared_ptr<Fate> fate, StreamOptions options = {}) {
    return [=](Request, Responder responder) {
        responder.answer(Response("application/x-ndjson", std::make_unique<QueueSource>(fate), options));
    };
}

// Endless: a shared megabyte, again and again.
class Flood : public BodySource {
  public:
    Flood(std::shared_ptr<const std::string> bytes, std::atomic<uint64_t>& handed_over,
          std::optional<BodyEnd>& end)
        : bytes_(std::move(bytes)), handed_over_(handed_over), end_(end) {}
    BodyState next(BodyPiece& out) override {
        out.share(bytes_);
        handed_over_ += bytes_->size();
        return BodyState::more;
    }
    void ended(BodyEnd reason, uint64_t) override { end_ = reason; }

  private:
    std::shared_ptr<const std::string> bytes_;
    std::atomic<uint64_t>& handed_over_;
    std::optional<BodyEnd>& end_;
};

size_t resident_bytes() {
    malloc_trim(0);
    size_t pages = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> pages >> resident;
    return resident * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

TEST(HttpStream, SendsWhatIsThereAsItComes) {
    auto fate = std::make_shared<Fate>();
    auto server = serve(streaming(fate));
    Client client(server->port());
    client.send(get);
    auto head = client.receive_head();
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.header("Transfer-Encoding"), "chunked");
    for (int i = 0; i < 100; ++i) {
        fate->push(std::to_string(i));
        EXPECT_EQ(client.receive_chunk(), std::to_string(i));
    }
    EXPECT_EQ(server->stats().streams, 1u);
    fate->push("end", true);
    EXPECT_EQ(client.receive_chunk(), "end");
    EXPECT_EQ(client.receive_until("\r\n\r\n"), "0\r\n\r\n");
    ASSERT_TRUE(fate->waits_for_end());
    EXPECT_EQ(fate->end, BodyEnd::complete);
    EXPECT_EQ(fate->sent, 193u);
    EXPECT_EQ(fate->started, 1);
    // The connection is there for the next one.
    client.send(get);
    EXPECT_EQ(client.receive_answer().body, "");
}

TEST(HttpStream, EndsWithoutBytes) {
    auto fate = std::make_shared<Fate>();
    auto server = serve(streaming(fate));
    Client client(server->port());
    client.send(get);
    EXPECT_EQ(client.receive_head().status, 200);
    fate->finish();
    EXPECT_EQ(client.receive_until("\r\n\r\n"), "0\r\n\r\n");
    EXPECT_TRUE(fate->waits_for_end());
}

TEST(HttpStream, OneThatFailsIsSeenToBeCut) {
    auto fate = std::make_shared<Fate>();
    auto server = serve(streaming(fate));
    Client client(server->port());
    fate->push("some");
    fate->finish(true);
    client.send(get);
    auto answer = client.receive_answer();
    EXPECT_EQ(answer.body, "some");
    EXPECT_FALSE(answer.whole);
    EXPECT_TRUE(fate->waits_for_end());
    EXPECT_EQ(fate->end, BodyEnd::failed);
}

TEST(HttpStream, OldClientsGetItUntilTheEndOfTheConnection) {
    auto fate = std::make_shared<Fate>();
    auto server = serve(streaming(fate));
    Client client(server->port());
    fate->push("a");
    fate->push("b", true);
    client.send("GET /s HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    auto text = client.receive_all();
    EXPECT_EQ(text.find("Transfer-Encoding"), std::string::npos);
    EXPECT_TRUE(text.ends_with("\r\n\r\nab")) << text;
    EXPECT_TRUE(fate->waits_for_end());
    EXPECT_EQ(fate->end, BodyEnd::complete);
}

TEST(HttpStream, HeadDoesNotStartIt) {
    auto fate = std::make_shared<Fate>();
    auto server = serve(streaming(fate));
    Client client(server->port());
    client.send("HEAD /s HTTP/1.1\r\nHost: test\r\n\r\n");
    EXPECT_EQ(client.receive_answer(true).status, 200);
    EXPECT_TRUE(fate->waits_for_end());
    EXPECT_EQ(fate->started, 0);
}

TEST(HttpStream, PiecesOfOwnAndSharedBytesKeepTheirOrder) {
    class Mixed : public BodySource {
      public:
        BodyState next(BodyPiece& out) override {
            auto shared = std::make_shared<ByteBuffer>();
            for (int i = 0; i < 300; ++i) {  // more parts than one call of the system takes
                shared->put_text("abc");
                out.bytes().put_text(std::to_string(i));
                if (i == 7) out.share(std::make_shared<const std::string>("text"));
                out.share(std::make_shared<const std::string>("-"));
            }
            out.share(std::shared_ptr<const ByteBuffer>(shared));
            EXPECT_EQ(out.size(), 790u + 4 + 300 + 900);
            return BodyState::end;
        }
    };
    auto server = serve([](Request, Responder responder) {
        responder.answer(Response("text/plain", std::make_unique<Mixed>()));
    });
    std::string expected;
    for (int i = 0; i < 300; ++i) expected += std::to_string(i) + (i == 7 ? "text-" : "-");
    for (int i = 0; i < 300; ++i) expected += "abc";
    Client client(server->port());
    client.send(get);
    EXPECT_EQ(client.receive_answer().body, expected);
}

TEST(HttpStream, AReaderThatStopsHoldsTheSourceBack) {
    std::atomic<uint64_t> handed_over = 0;
    std::optional<BodyEnd> end;
    auto megabyte = std::make_shared<const std::string>(1 << 20, 'x');
    auto server = serve([&](Request, Responder responder) {
        responder.answer(Response("text/plain", std::make_unique<Flood>(megabyte, handed_over, end)));
    });
    Client client(server->port(), 16 << 10);
    client.send(get);
    client.receive_head();
    // It stands still once the kernel has what it takes.
    uint64_t before = 0;
    EXPECT_TRUE(eventually([&] {
        std::this_thread::sleep_for(50ms);
        return handed_over > 0 && std::exchange(before, handed_over) == handed_over;
    }));
    EXPECT_LT(handed_over, 8u << 20);
    // And goes on as the reader does.
    std::string read;
    ASSERT_TRUE(client.receive_bytes(before + (4 << 20), read));
    EXPECT_GT(handed_over, before);
    client.close();
    EXPECT_TRUE(eventually([&] { return server->stats().streams == 0; }));
    EXPECT_EQ(end, BodyEnd::client_gone);
    EXPECT_TRUE(eventually([&] { return megabyte.use_count() == 1; }));
}

TEST(HttpStream, AReaderThatTakesNothingIsCut) {
    std::atomic<uint64_t> handed_over = 0;
    std::optional<BodyEnd> end;
    auto megabyte = std::make_shared<const std::string>(1 << 20, 'x');
    Options options;
    options.write_timeout = 200ms;
    auto server = serve(
        [&](Request, Responder responder) {
            responder.answer(Response("text/plain", std::make_unique<Flood>(megabyte, handed_over, end)));
        },
        options);
    Client client(server->port(), 16 << 10);
    client.send(get);
    EXPECT_TRUE(eventually([&] { return server->stats().stalled == 1 && server->stats().streams == 0; }));
    EXPECT_EQ(end, BodyEnd::stalled);
    EXPECT_EQ(server->stats().stalled, 1u);
}

TEST(HttpStream, ASlowReaderIsNotCut) {
    std::atomic<uint64_t> handed_over = 0;
    std::optional<BodyEnd> end;
    auto megabyte = std::make_shared<const std::string>(1 << 20, 'x');
    Options options;
    options.write_timeout = 1s;
    auto server = serve(
        [&](Request, Responder responder) {
            responder.answer(Response("text/plain", std::make_unique<Flood>(megabyte, handed_over, end)));
        },
        options);
    Client client(server->port(), 16 << 10);
    client.send(get);
    // Takes far less in the whole time than there is in the kernel, but takes it again and again.
    char some[8 << 10];
    for (int i = 0; i < 50; ++i) {
        ASSERT_GT(::recv(client.fd(), some, sizeof some, 0), 0);
        std::this_thread::sleep_for(50ms);
    }
    EXPECT_EQ(server->stats().stalled, 0u);
}

TEST(HttpStream, AClientThatLeavesAnIdleStreamIsNoticed) {
    auto fate = std::make_shared<Fate>();
    auto server = serve(streaming(fate));
    Client client(server->port());
    client.send(get);
    client.receive_head();
    ASSERT_TRUE(eventually([&] { return fate->asked > 0; }));
    client.close();
    EXPECT_TRUE(fate->waits_for_end());
    EXPECT_EQ(fate->end, BodyEnd::client_gone);
    EXPECT_TRUE(eventually([&] { return server->stats().connections == 0; }));
    fate->push("too late");
    EXPECT_EQ(fate->destroyed, 1);
}

TEST(HttpStream, AnIdleStreamHasIdleLines) {
    auto fate = std::make_shared<Fate>();
    Options options;
    options.idle_timeout = 20ms;  // says how often deadlines are looked at
    auto server = serve(streaming(fate, {":\n\n", 10ms}), options);
    Client client(server->port());
    client.send(get);
    client.receive_head();
    EXPECT_EQ(client.receive_chunk(), ":\n\n");
    EXPECT_EQ(client.receive_chunk(), ":\n\n");
    fate->push("data: x\n\n");
    std::optional<std::string> chunk;
    do chunk = client.receive_chunk();
    while (chunk == ":\n\n");
    EXPECT_EQ(chunk, "data: x\n\n");
    EXPECT_EQ(client.receive_chunk(), ":\n\n");
    EXPECT_LE(fate->asked, 2);  // the source knows nothing of them
}

TEST(HttpStream, StopEndsStreamsAsWhole) {
    auto idle = std::make_shared<Fate>(), ready = std::make_shared<Fate>();
    auto server = serve([&](Request request, Responder responder) {
        streaming(request.path()[0] == "idle" ? idle : ready)(std::move(request), std::move(responder));
    });
    ready->push("last words");
    std::vector<Client> clients;
    for (auto* path : {"/idle", "/ready"}) {
        clients.emplace_back(server->port());
        clients.back().send(fmt::format("GET {} HTTP/1.1\r\nHost: test\r\n\r\n", path));
        EXPECT_EQ(clients.back().receive_head().status, 200);
    }
    EXPECT_EQ(clients[1].receive_chunk(), "last words");
    server->stop(patience);
    for (auto& client : clients) {
        EXPECT_EQ(client.receive_until("\r\n\r\n"), "0\r\n\r\n");
        EXPECT_TRUE(client.closed_by_server());
    }
    EXPECT_EQ(idle->destroyed, 1);
    EXPECT_EQ(ready->destroyed, 1);
    EXPECT_EQ(idle->end, BodyEnd::stopped);
    EXPECT_EQ(ready->end, BodyEnd::stopped);
    idle->push("nobody");
}

TEST(HttpStream, StopCutsAReaderThatTakesNothing) {
    std::atomic<uint64_t> handed_over = 0;
    std::optional<BodyEnd> end;
    auto megabyte = std::make_shared<const std::string>(1 << 20, 'x');
    auto server = serve([&](Request, Responder responder) {
        responder.answer(Response("text/plain", std::make_unique<Flood>(megabyte, handed_over, end)));
    });
    Client client(server->port(), 16 << 10);
    client.send(get);
    client.receive_head();
    ASSERT_TRUE(eventually([&] { return handed_over > 0; }));
    server->stop(50ms);
    EXPECT_EQ(end, BodyEnd::stopped);
}

TEST(HttpStream, ASourceThatThrowsIsCut) {
    class Thrower : public BodySource {
      public:
        BodyState next(BodyPiece& out) override {
            out.bytes().put_text("x");
            throw std::runtime_error("broken");
        }
    };
    auto server = serve([](Request, Responder responder) {
        responder.answer(Response("text/plain", std::make_unique<Thrower>()));
    });
    Client client(server->port());
    client.send(get);
    EXPECT_FALSE(client.receive_answer().whole);
    EXPECT_TRUE(eventually([&] { return server->stats().streams == 0; }));
}

// Wakes, pieces and departures at once, from several threads: for the sanitizers.
TEST(HttpStream, WakesAndDeparturesInAnyOrder) {
    std::mutex mutex;
    std::vector<std::shared_ptr<Fate>> fates;
    auto server = serve([&](Request request, Responder responder) {
        auto fate = std::make_shared<Fate>();
        {
            std::lock_guard lock(mutex);
            fates.push_back(fate);
        }
        streaming(fate, {"\n", 1ms})(std::move(request), std::move(responder));
    });
    std::atomic<bool> over = false;
    std::vector<std::jthread> wakers;
    for (int i = 0; i < 2; ++i)
        wakers.emplace_back([&] {
            while (!over) {
                std::vector<std::shared_ptr<Fate>> all;
                {
                    std::lock_guard lock(mutex);
                    all = fates;
                }
                for (size_t at = all.size() > 30 ? all.size() - 30 : 0; at < all.size(); ++at)
                    all[at]->push("x");
                std::this_thread::yield();
            }
        });
    for (int round = 0; round < 20; ++round) {
        std::vector<Client> clients;
        for (int i = 0; i < 10; ++i) {
            clients.emplace_back(server->port());
            clients.back().send(get);
        }
        for (auto& client : clients) {
            client.receive_head();
            for (int i = 0; i < round % 4; ++i) client.receive_chunk();
        }
    }
    EXPECT_TRUE(eventually([&] { return server->stats().streams == 0; }));
    over = true;
    wakers.clear();
    server->stop(patience);
    for (auto& fate : fates) EXPECT_EQ(fate->destroyed, 1);
    EXPECT_EQ(fates.size(), 200u);
}

TEST(HttpStream, ThousandsOfIdleStreamsCostLittle) {
    // Both ends are here: two descriptors each.
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    const size_t count = std::min<size_t>(2000, (files.rlim_cur - 100) / 3);
    std::vector<std::shared_ptr<Fate>> fates;
    std::mutex mutex;
    auto server = serve([&](Request request, Responder responder) {
        auto fate = std::make_shared<Fate>();
        fate->ready.push_back("hello");
        {
            std::lock_guard lock(mutex);
            fates.push_back(fate);
        }
        streaming(fate)(std::move(request), std::move(responder));
    });
    std::vector<Client> clients;
    clients.reserve(count);
    auto before = resident_bytes();
    for (size_t i = 0; i < count; ++i) {
        clients.emplace_back(server->port());
        ASSERT_TRUE(clients.back().send(get));
    }
    for (auto& client : clients) {
        client.receive_head();
        EXPECT_EQ(client.receive_chunk(), "hello");
    }
    auto each = (std::max(resident_bytes(), before) - before) / count;
    RecordProperty("bytes_of_each", static_cast<int>(each));
    printf("%zu bytes of memory for each idle stream, with the client's and the test's\n", each);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
    EXPECT_LT(each, 20'000u);
#endif
    EXPECT_EQ(server->stats().streams, count);
    for (auto& fate : fates) fate->push("to all");
    for (auto& client : clients) EXPECT_EQ(client.receive_chunk(), "to all");
    clients.clear();
    EXPECT_TRUE(eventually([&] { return server->stats().connections == 0; }));
    for (auto& fate : fates) EXPECT_EQ(fate->end, BodyEnd::client_gone);
}

}  // namespace leat::http::test
