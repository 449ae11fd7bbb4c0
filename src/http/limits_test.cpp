// What the server refuses: too much, too slow, too many, and what is not HTTP.
#include <sys/resource.h>

#include "http/test_support.h"

namespace leat::http::test {

namespace {

// A request that is refused: the status, a problem with the code, and the end of the connection.
void expect_refused(Server& server, const std::string& request, int status, ErrorCode code) {
    SCOPED_TRACE(request.substr(0, 200));
    Client client(server.port());
    client.send(request);
    auto answer = client.receive_answer();
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
    EXPECT_EQ(answer.header("Connection"), "close");
    EXPECT_NE(answer.body.find(fmt::format("\"code\":\"{}\"", name(code))), std::string::npos) << answer.body;
    EXPECT_TRUE(client.closed_by_server());
}

Handler never() {
    return [](Request request, Responder responder) {
        ADD_FAILURE() << "reached the handler: " << request.target.path_text();
        responder.answer(Response(200));
    };
}

std::string get_with(std::string_view headers) {
    return fmt::format("GET / HTTP/1.1\r\nHost: test\r\n{}\r\n", headers);
}
std::string post_with(std::string_view headers, std::string_view body = {}) {
    return fmt::format("POST / HTTP/1.1\r\nHost: test\r\n{}\r\n{}", headers, body);
}

}  // namespace

TEST(HttpLimits, UrlHeadersAndBody) {
    Options options;
    options.target_bytes_max = 100;
    options.header_bytes_max = 1000;
    options.headers_max = 10;
    options.body_bytes_max = 50;
    auto server = serve(never(), options);
    auto too_large = ErrorCode::HTTP_REQUEST_TOO_LARGE;
    auto url = [](size_t size) {
        return fmt::format("GET /{} HTTP/1.1\r\nHost: test\r\n\r\n", std::string(size - 1, 'x'));
    };
    expect_refused(*server, url(101), 414, too_large);
    expect_refused(*server, url(5000), 414, too_large);
    expect_refused(*server, url(300'000), 414, too_large);
    expect_refused(*server, get_with("X: " + std::string(1000, 'x') + "\r\n"), 431, too_large);
    expect_refused(*server, get_with("X: " + std::string(300'000, 'x') + "\r\n"), 431, too_large);
    std::string many, few;
    for (int i = 0; i < 10; ++i) many += fmt::format("X{}: {}\r\n", i, i);
    expect_refused(*server, get_with(many), 431, too_large);
    // One that is only ever a little longer is found too.
    std::string longer;
    for (int i = 0; i < 5; ++i) longer += fmt::format("X{}: {}\r\n", i, std::string(250, 'x'));
    expect_refused(*server, get_with(longer), 431, too_large);
    expect_refused(*server, post_with("Content-Length: 51\r\n"), 413, too_large);
    expect_refused(*server, post_with("Content-Length: 99999999999999999999999\r\n"), 400,
                   ErrorCode::HTTP_REQUEST_MALFORMED);
    expect_refused(*server, post_with("Expect: 100-continue\r\nContent-Length: 51\r\n"), 413, too_large);
    expect_refused(*server, post_with("Transfer-Encoding: chunked\r\n", "33\r\n"), 413, too_large);
    expect_refused(*server,
                   post_with("Transfer-Encoding: chunked\r\n", "32\r\n" + std::string(50, 'x') + "\r\n1\r\n"),
                   413, too_large);
    expect_refused(*server, post_with("Transfer-Encoding: chunked\r\n", "1;" + std::string(1100, 'x')), 431,
                   too_large);
    expect_refused(*server, post_with("Transfer-Encoding: chunked\r\n", "0\r\nX: " + std::string(1100, 'x')),
                   431, too_large);
    EXPECT_EQ(server->stats().requests, 0u);
    EXPECT_EQ(server->stats().request_bytes, 0u);

    auto taken = serve(echo, options);
    Client client(taken->port());
    EXPECT_EQ(client.ask(url(100)).status, 200);
    EXPECT_EQ(client.ask(post_with("Content-Length: 50\r\n", std::string(50, 'x'))).status, 200);
}

TEST(HttpLimits, ABodyThatIsTooLargeIsToldToAClientThatGoesOnSending) {
    Options options;
    options.body_bytes_max = 1000;
    auto server = serve(never(), options);
    Client client(server->port());
    // Much more than the sockets hold: the answer is there only if the server goes on reading.
    EXPECT_TRUE(client.send(post_with("Content-Length: 4000000\r\n", std::string(4'000'000, 'x'))));
    EXPECT_EQ(client.receive_answer().status, 413);
}

TEST(HttpLimits, MalformedRequests) {
    auto server = serve(never());
    auto malformed = ErrorCode::HTTP_REQUEST_MALFORMED;
    for (std::string request : {
             std::string("\x16\x03\x01\x02\x01\x01\x01\x01\xFC\x03\x03 a client\'s hello\r\n\r\n"),
             std::string("GET\r\n\r\n"),
             std::string("GET / \r\nHost: test\r\n\r\n"),
             std::string("GET  / HTTP/1.1\r\nHost: test\r\n\r\n"),
             std::string("GET / http/1.1\r\nHost: test\r\n\r\n"),
             std::string("GET / HTTP/1.1 \r\nHost: test\r\n\r\n"),
             std::string("G\x01T / HTTP/1.1\r\nHost: test\r\n\r\n"),
             std::string("GET x HTTP/1.1\r\nHost: test\r\n\r\n"),
             std::string("GET * HTTP/1.1\r\nHost: test\r\n\r\n"),
             std::string("GET /a#b HTTP/1.1\r\nHost: test\r\n\r\n"),
             std::string("GET /a%2 HTTP/1.1\r\nHost: test\r\n\r\n"),
             std::string("GET /a%00b HTTP/1.1\r\nHost: test\r\n\r\n"),
             std::string("GET /../etc HTTP/1.1\r\nHost: test\r\n\r\n"),
             std::string("GET /%2e%2E/etc HTTP/1.1\r\nHost: test\r\n\r\n"),
             std::string("GET /%FF HTTP/1.1\r\nHost: test\r\n\r\n"),
             std::string("GET /\xC3\x28 HTTP/1.1\r\nHost: test\r\n\r\n"),
             std::string("GET / HTTP/1.1\r\n\r\n"),
             std::string("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
             get_with("X : y\r\n"),
             get_with(": y\r\n"),
             get_with("X\r\n"),
             get_with("X: a\x01"
                      "b\r\n"),
             get_with(std::string("X: a\0b\r\n", 8)),
             get_with("X: a\rb\r\n"),
         })
        expect_refused(*server, request, 400, malformed);
    EXPECT_EQ(server->stats().requests, 0u);
}

// Each of these is read by some server or proxy as if it ended elsewhere.
TEST(HttpLimits, ShapesOfRequestSmuggling) {
    auto server = serve(never());
    auto malformed = ErrorCode::HTTP_REQUEST_MALFORMED;
    std::string chunked = "Transfer-Encoding: chunked\r\n",
                next = "0\r\n\r\nGET /admin HTTP/1.1\r\nHost: x\r\n\r\n";
    for (std::string request : {
             post_with("Content-Length: 5\r\n" + chunked, next),
             post_with(chunked + "Content-Length: 5\r\n", next),
             post_with("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"),
             post_with("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"),
             post_with("Content-Length: 5, 5\r\n", "hello"),
             post_with("Content-Length: +5\r\n", "hello"),
             post_with("Content-Length: -5\r\n", "hello"),
             post_with("Content-Length: 0x5\r\n", "hello"),
             post_with("Content-Length:\r\n", "hello"),
             post_with("Content-Length : 5\r\n", "hello"),
             post_with("Content-Length: 5\n", "hello"),
             post_with(chunked + chunked, next),
             post_with("Transfer-Encoding : chunked\r\n", next),
             post_with("Transfer-Encoding: chunked\n", next),
             std::string("GET / HTTP/1.1\nHost: test\n\n"),
             std::string("GET / HTTP/1.1\r\nHost: test\n\r\n"),
             std::string("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") + next,
             post_with(chunked, "5\nhello\r\n0\r\n\r\n"),
             post_with(chunked, "x\r\nhello\r\n0\r\n\r\n"),
             post_with(chunked, "-1\r\nhello\r\n0\r\n\r\n"),
             post_with(chunked, "5\r\nhelloXX0\r\n\r\n"),
             post_with(chunked, "FFFFFFFFFFFFFFFFFF\r\n"),
         })
        expect_refused(*server, request, 400, malformed);
    for (std::string encoding :
         {"gzip", "chunked, gzip", "gzip, chunked", "xchunked", "chunked;x", "identity"})
        expect_refused(*server, post_with("Transfer-Encoding: " + encoding + "\r\n", next), 501,
                       ErrorCode::HTTP_UNSUPPORTED);
}

TEST(HttpLimits, WhatIsNotServed) {
    auto server = serve(never());
    auto unsupported = ErrorCode::HTTP_UNSUPPORTED;
    for (std::string method : {"TRACE", "CONNECT", "PROPFIND", "BREW"})
        expect_refused(*server, method + " / HTTP/1.1\r\nHost: test\r\n\r\n", 501, unsupported);
    for (std::string version : {"HTTP/2.0", "HTTP/0.9", "HTTP/1.2"})
        expect_refused(*server, "GET / " + version + "\r\nHost: test\r\n\r\n", 505, unsupported);
    expect_refused(*server, get_with("Expect: a-miracle\r\n"), 417, unsupported);
}

TEST(HttpLimits, ARequestThatDoesNotArriveInTime) {
    Options options;
    options.header_timeout = 100ms;
    options.body_timeout = 200ms;
    auto server = serve(never(), options);
    auto timeout = ErrorCode::HTTP_TIMEOUT;
    expect_refused(*server, "GET / HT", 408, timeout);
    expect_refused(*server, "GET / HTTP/1.1\r\nHost: test\r\n", 408, timeout);
    expect_refused(*server, post_with("Content-Length: 5\r\n", "hell"), 408, timeout);
    Client silent(server->port());  // not even a byte: nothing to answer
    EXPECT_TRUE(silent.closed_by_server());
    EXPECT_EQ(server->stats().timed_out, 3u);

    // Coming slowly does not help: what counts is the whole.
    Client slow(server->port());
    slow.send("GET / HTTP/1.1\r\n");
    while (slow.send("X: y\r\n")) {
        pollfd ready{slow.fd(), POLLIN, 0};
        if (::poll(&ready, 1, 20) == 1) break;
    }
    EXPECT_EQ(slow.receive_answer().status, 408);
}

TEST(HttpLimits, AnIdleConnectionIsClosed) {
    Options options;
    options.idle_timeout = 100ms;
    auto server = serve(echo, options);
    Client client(server->port());
    EXPECT_EQ(client.get("/").status, 200);
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_EQ(server->stats().timed_out, 0u);
}

TEST(HttpLimits, TooManyConnections) {
    Options options;
    options.connections_max = 4;
    options.connections_per_address_max = 3;
    auto server = serve(echo, options);
    std::vector<Client> clients;
    for (int i = 0; i < 3; ++i) {
        clients.emplace_back(server->port());
        EXPECT_EQ(clients.back().get("/").status, 200);
    }
    Client one_more(server->port());
    auto answer = one_more.get("/");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.header("Retry-After"), "5");
    EXPECT_TRUE(one_more.closed_by_server());
    EXPECT_EQ(server->stats().refused, 1u);
    clients.pop_back();
    EXPECT_TRUE(eventually([&] { return server->stats().connections == 2; }));
    Client again(server->port());
    EXPECT_EQ(again.get("/").status, 200);

    options.connections_max = 2;
    auto smaller = serve(echo, options);
    Client first(smaller->port()), second(smaller->port());
    EXPECT_EQ(first.get("/").status, 200);
    EXPECT_EQ(second.get("/").status, 200);
    EXPECT_EQ(Client(smaller->port()).get("/").status, 503);
    // Many more than are told: none waits, and those that are in go on.
    std::vector<Client> crowd;
    for (int i = 0; i < 300; ++i) crowd.emplace_back(smaller->port());
    for (auto& client : crowd) client.receive_all();
    EXPECT_EQ(first.get("/").status, 200);
}

TEST(HttpLimits, WithoutDescriptorsClientsWait) {
    auto server = serve(echo);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(server->port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    rlimit none{.rlim_cur = 3, .rlim_max = files.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
    EXPECT_EQ(::connect(socket, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    Client client = Client::of(socket);
    client.send(get_with(""));
    pollfd ready{socket, POLLIN, 0};
    EXPECT_EQ(::poll(&ready, 1, 50), 0);
    EXPECT_EQ(server->stats().accepted, 0u);
    ::setrlimit(RLIMIT_NOFILE, &files);
    EXPECT_EQ(client.receive_answer().status, 200);
}

TEST(HttpLimits, MemoryOfRequestsInAll) {
    std::vector<Responder> waiting;
    std::mutex mutex;
    Options options;
    options.requests_bytes_max = 100'000;
    auto server = serve(
        [&](Request, Responder responder) {
            std::lock_guard lock(mutex);
            waiting.push_back(std::move(responder));
        },
        options);
    auto request = post_with("Content-Length: 40000\r\n", std::string(40'000, 'x'));
    Client first(server->port()), second(server->port()), third(server->port());
    first.send(request);
    second.send(request);
    ASSERT_TRUE(eventually([&] {
        std::lock_guard lock(mutex);
        return waiting.size() == 2;
    }));
    auto answer = third.ask(request);
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.header("Retry-After"), "5");
    for (auto& responder : waiting) responder.answer(Response(200));
    EXPECT_EQ(first.receive_answer().status, 200);
    EXPECT_EQ(second.receive_answer().status, 200);
    EXPECT_TRUE(eventually([&] { return server->stats().request_bytes == 0; }));
    waiting.clear();
    Client fourth(server->port());
    fourth.send(request);
    ASSERT_TRUE(eventually([&] {
        std::lock_guard lock(mutex);
        return waiting.size() == 1;
    }));
    waiting[0].answer(Response(200));
    EXPECT_EQ(fourth.receive_answer().status, 200);
}

TEST(HttpLimits, AClientThatDoesNotTakeItsAnswerIsCut) {
    auto body = std::make_shared<const std::string>(20'000'000, 'x');
    Options options;
    options.write_timeout = 200ms;
    auto server = serve(
        [&](Request, Responder responder) {
            Response response(200);
            response.shared_body = body;
            responder.answer(std::move(response));
        },
        options);
    Client client(server->port(), 4096);
    client.send(get_with(""));
    EXPECT_TRUE(eventually([&] { return server->stats().stalled == 1; }));
    EXPECT_LT(client.receive_all().size(), body->size());
    EXPECT_TRUE(eventually([&] { return body.use_count() == 1; }));
}

}  // namespace leat::http::test
