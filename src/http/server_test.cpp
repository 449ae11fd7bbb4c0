// Whole answers, and the life of a server.
#include "http/test_support.h"

namespace leat::http::test {

TEST(HttpServer, AnswersWithWhatTheHandlerSays) {
    auto server = serve(echo);
    Client client(server->port());
    auto answer = client.get("/api/v1/a%2Fb?after=5&t=x+y");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "GET api/v1/a/b/ after=5 t=x y");
    EXPECT_EQ(answer.header("Content-Type"), "text/plain");
    EXPECT_TRUE(answer.header("Date").ends_with(" GMT"));
    EXPECT_EQ(answer.header("Server"), "");
    EXPECT_EQ(answer.header("Connection"), "");
}

TEST(HttpServer, GivesTheHandlerWhatTheClientSent) {
    Request seen;
    auto server = serve([&](Request request, Responder responder) {
        seen = std::move(request);
        responder.answer(Response(204));
    });
    Client client(server->port());
    auto answer = client.ask(
        "PATCH /x HTTP/1.1\r\nHost: test\r\nX-One: a b \r\nx-two:\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_EQ(answer.status, 204);
    EXPECT_EQ(answer.header("Content-Length"), "");
    EXPECT_EQ(seen.method, Method::patch);
    EXPECT_EQ(seen.header("x-ONE"), "a b");
    EXPECT_EQ(seen.header("X-Two"), "");
    EXPECT_EQ(seen.header("X-Three"), std::nullopt);
    EXPECT_EQ(seen.body, "hello");
    EXPECT_EQ(seen.remote, "127.0.0.1");
    EXPECT_FALSE(seen.tls);
}

TEST(HttpServer, KeepsTheConnectionUnlessAskedNotTo) {
    auto server = serve(echo);
    Client client(server->port());
    for (int i = 0; i < 3; ++i) EXPECT_EQ(client.get("/again").status, 200);
    EXPECT_EQ(server->stats().accepted, 1u);
    auto last = client.ask("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(last.header("Connection"), "close");
    EXPECT_TRUE(client.closed_by_server());

    Client old(server->port());
    EXPECT_EQ(old.ask("GET / HTTP/1.0\r\n\r\n").header("Connection"), "close");
    EXPECT_TRUE(old.closed_by_server());
    Client kept(server->port());
    EXPECT_EQ(kept.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").header("Connection"),
              "keep-alive");
    EXPECT_EQ(kept.get("/").status, 200);
}

TEST(HttpServer, AnswersPipelinedRequestsInTheirOrder) {
    auto server = serve(echo);
    Client client(server->port());
    std::string all;
    for (int i = 0; i < 50; ++i)
        all += fmt::format("POST /{} HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nGET ", i);
    client.send(all);
    for (int i = 0; i < 50; ++i) EXPECT_EQ(client.receive_answer().body, fmt::format("POST {}/ GET ", i));
}

TEST(HttpServer, TakesARequestByteByByte) {
    auto server = serve(echo);
    Client client(server->port());
    std::string request =
        "\r\nPOST /slow?x=%41 HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n";
    for (char c : request) client.send({&c, 1});
    EXPECT_EQ(client.receive_answer().body, "POST slow/ x=A abcde");
    EXPECT_EQ(client.get("/next").body, "GET next/");
}

TEST(HttpServer, HeadHasTheHeadersOfGetAndNoBody) {
    auto server = serve(echo);
    Client client(server->port());
    client.send("HEAD /x HTTP/1.1\r\nHost: test\r\n\r\n");
    auto answer = client.receive_answer(true);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("Content-Length"), "7");
    EXPECT_EQ(client.get("/x").body, "GET x/");
}

TEST(HttpServer, OptionsAsksForAPathOrForAll) {
    auto server = serve(echo);
    Client client(server->port());
    EXPECT_EQ(client.ask("OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n").body, "OPTIONS ");
    EXPECT_EQ(client.ask("OPTIONS /a HTTP/1.1\r\nHost: test\r\n\r\n").body, "OPTIONS a/");
}

TEST(HttpServer, SaysContinueToWhoeverWaitsForIt) {
    auto server = serve(echo);
    Client client(server->port());
    client.send("PUT /x HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(client.receive_head().status, 100);
    EXPECT_EQ(client.ask("ab").body, "PUT x/ ab");
    // With the body there already, or none to come, nobody waits.
    EXPECT_EQ(
        client.ask("PUT /x HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab")
            .status,
        200);
    EXPECT_EQ(client.ask("PUT /x HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\n\r\n").status, 200);
}

TEST(HttpServer, LargeBodiesPassBothWays) {
    auto server = serve([](Request request, Responder responder) {
        responder.answer(Response(200, "text/plain", std::move(request.body)));
    });
    Client client(server->port());
    std::string body;
    while (body.size() < 3'000'000) body += fmt::format("{} ", body.size());
    std::jthread sender([&] {
        client.send(
            fmt::format("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n{}", body.size(), body));
    });
    EXPECT_EQ(client.receive_answer().body, body);
}

TEST(HttpServer, AnswersLaterFromAnotherThread) {
    std::mutex mutex;
    std::vector<Responder> waiting;
    auto server = serve([&](Request, Responder responder) {
        std::lock_guard lock(mutex);
        waiting.push_back(std::move(responder));
    });
    auto size = [&] {
        std::lock_guard lock(mutex);
        return waiting.size();
    };
    // More than there are workers: none of them waits.
    std::vector<Client> clients;
    for (int i = 0; i < 20; ++i) {
        clients.emplace_back(server->port());
        clients.back().send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    }
    ASSERT_TRUE(eventually([&] { return size() == 20; }));
    clients[3].close();
    ASSERT_TRUE(eventually([&] {
        std::lock_guard lock(mutex);
        return std::count_if(waiting.begin(), waiting.end(), [](auto& one) { return one.client_gone(); }) ==
               1;
    }));
    for (auto& responder : waiting) {
        responder.answer(Response(200, "text/plain", "later"));
        EXPECT_TRUE(responder.client_gone());  // has nothing to answer any more
    }
    clients.erase(clients.begin() + 3);
    for (auto& client : clients) EXPECT_EQ(client.receive_answer().body, "later");
    waiting.clear();
}

TEST(HttpServer, AnswersAClientThatHasNothingMoreToAsk) {
    auto server = serve([](Request, Responder responder) {
        EXPECT_TRUE(eventually([&] { return responder.client_gone(); }));
        responder.answer(Response(200, "text/plain", "done"));
    });
    Client client(server->port());
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    client.end_writing();
    EXPECT_EQ(client.receive_answer().body, "done");
    EXPECT_TRUE(client.closed_by_server());
}

TEST(HttpServer, AHandlerThatFailsIsA500) {
    auto server = serve([](Request request, Responder responder) {
        auto& path = request.path();
        if (path.empty()) return;  // drops the responder
        if (path[0] == "throw") throw std::runtime_error("secret detail");
        if (path[0] == "header") responder.answer(Response(200).set("X", "a\r\nSet-Cookie: b"));
        if (path[0] == "status") responder.answer(Response(42));
        if (path[0] == "reserved") responder.answer(Response(200).set("content-length", "5"));
    });
    for (auto* path : {"/", "/throw", "/header", "/status", "/reserved"}) {
        Client client(server->port());
        auto answer = client.get(path);
        EXPECT_EQ(answer.status, 500) << path;
        EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
        EXPECT_NE(answer.body.find("\"code\":\"INTERNAL\""), std::string::npos);
        EXPECT_EQ(answer.body.find("secret"), std::string::npos);
        EXPECT_EQ(client.get(path).status, 500) << "the connection goes on";
    }
}

TEST(HttpServer, SaysWhoHasItsPort) {
    auto server = serve(echo);
    Options options;
    options.listen = {"127.0.0.1", server->port()};
    auto second = Server::open(options, echo);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::HTTP_ADDRESS_IN_USE);
    EXPECT_NE(second.error().message.find(fmt::format("process {} (", ::getpid())), std::string::npos)
        << second.error().message;
    options.listen = {"192.0.2.1", 0};
    second = Server::open(options, echo);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::HTTP_LISTEN);
    options.listen = {"no-such-host.invalid", 0};
    second = Server::open(options, echo);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::HTTP_LISTEN);
}

TEST(HttpServer, StopAnswersWhatWasAskedAndTakesNoMore) {
    std::atomic<bool> asked = false, go_on = false;
    auto server = serve([&](Request, Responder responder) {
        asked = true;
        EXPECT_TRUE(eventually([&] { return go_on.load(); }));
        responder.answer(Response(200, "text/plain", "still"));
    });
    Client busy(server->port()), idle(server->port());
    EXPECT_TRUE(eventually([&] { return server->stats().connections == 2; }));
    busy.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    ASSERT_TRUE(eventually([&] { return asked.load(); }));
    std::jthread stopper([&] { server->stop(patience); });
    EXPECT_TRUE(idle.closed_by_server());
    go_on = true;
    auto answer = busy.receive_answer();
    EXPECT_EQ(answer.body, "still");
    EXPECT_EQ(answer.header("Connection"), "close");
    stopper.join();
    EXPECT_EQ(server->stats().connections, 0u);
    Options options;
    options.listen = {"127.0.0.1", server->port()};
    auto again = Server::open(options, echo);
    EXPECT_TRUE(again) << again.error().to_string();
}

TEST(HttpServer, StopCutsWhatTakesTooLong) {
    std::optional<Responder> kept;
    std::atomic<bool> asked = false;
    auto server = serve([&](Request, Responder responder) {
        kept = std::move(responder);
        asked = true;
    });
    Client client(server->port());
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    ASSERT_TRUE(eventually([&] { return asked.load(); }));
    server->stop(10ms);
    EXPECT_TRUE(client.closed_by_server());
    server.reset();
    kept->answer(Response(200));  // reaches nobody, and hurts nobody
}

}  // namespace leat::http::test
