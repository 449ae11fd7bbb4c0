#include "http/client.h"

#include <thread>

#include "http/response_reader.h"
#include "http/test_support.h"
#include "http/tls_test_support.h"
#include "http/url.h"

namespace leat::http::test {

namespace {

using HttpClient = http::Client;

std::string url(const Server& server, std::string_view path, std::string_view scheme = "http") {
    return fmt::format("{}://127.0.0.1:{}{}", scheme, server.port(), path);
}

ErrorCode code_of(const Result<ClientResponse>& result) {
    EXPECT_FALSE(result);
    return result ? ErrorCode::INTERNAL : result.error().code;
}

// The answer in these bytes: "200|header=value|body", or why there is none.
std::string read(std::string bytes, bool no_body = false, size_t piece = 1000, uint64_t max = 1000) {
    size_t at = 0;
    ResponseReader reader(
        [&](std::span<uint8_t> to) -> Result<size_t> {
            size_t count = std::min({to.size(), bytes.size() - at, piece});
            std::memcpy(to.data(), bytes.data() + at, count);
            at += count;
            return count;
        },
        max);
    auto response = reader.read_head();
    if (!response) return response.error().message;
    auto whole = reader.read_body(*response, no_body, {});
    if (!whole) return whole.error().message;
    std::string text = std::to_string(response->status);
    for (auto& header : response->headers) text += "|" + header.name + "=" + header.value;
    return text + "|" + response->body + (reader.reusable() ? "+" : "-");
}

}  // namespace

TEST(HttpClient, AsksAndKeepsItsConnection) {
    auto server = serve(echo);
    HttpClient client;
    auto answer = client.send({Method::get, url(*server, "/a?b=c"), {}, {}});
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "GET a/ b=c");
    answer = client.send({Method::post, url(*server, "/a"), {{"X", "y"}}, std::string(300'000, 'x')});
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->body, "POST a/ " + std::string(300'000, 'x'));
    EXPECT_EQ(client.send({Method::head, url(*server, "/a"), {}, {}})->status, 200);
    EXPECT_EQ(client.send({Method::put, url(*server, "/a"), {}, {}})->body, "PUT a/");
    EXPECT_EQ(server->stats().accepted, 1u);
}

TEST(HttpClient, ConnectsAnewWhereTheServerHasClosed) {
    Options options;
    options.idle_timeout = 20ms;
    auto server = serve(echo, options);
    HttpClient client;
    EXPECT_TRUE(client.send({Method::get, url(*server, "/"), {}, {}}));
    ASSERT_TRUE(eventually([&] { return server->stats().connections == 0; }));
    EXPECT_TRUE(client.send({Method::get, url(*server, "/"), {}, {}}));
    EXPECT_EQ(server->stats().accepted, 2u);
}

TEST(HttpClient, ReceivesAStreamAsItComes) {
    class Counter : public BodySource {
      public:
        BodyState next(BodyPiece& out) override {
            out.bytes().put_text(std::to_string(++count_) + "\n");
            return BodyState::more;
        }

      private:
        int count_ = 0;
    };
    auto server = serve([](Request, Responder responder) {
        responder.answer(Response("text/plain", std::make_unique<Counter>()));
    });
    HttpClient client;
    std::string text;
    auto answer = client.send({Method::get, url(*server, "/"), {}, {}}, [&](std::string_view piece) {
        text += piece;
        return text.size() < 20'000;
    });
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->body, "");
    EXPECT_TRUE(text.starts_with("1\n2\n3\n"));
    EXPECT_TRUE(eventually([&] { return server->stats().streams == 0; }));
    // Without a receiver it is bounded.
    HttpClient bounded({.body_bytes_max = 50'000});
    EXPECT_EQ(code_of(bounded.send({Method::get, url(*server, "/"), {}, {}})), ErrorCode::HTTP_NO_ANSWER);
}

TEST(HttpClient, SaysWhetherAnythingWasSent) {
    uint16_t free_port = serve(echo)->port();
    HttpClient client;
    EXPECT_EQ(code_of(client.send({Method::get, fmt::format("http://127.0.0.1:{}/", free_port), {}, {}})),
              ErrorCode::HTTP_CONNECT);
    EXPECT_EQ(code_of(client.send({Method::get, "http://no-such-host.invalid/", {}, {}})),
              ErrorCode::HTTP_CONNECT);
    EXPECT_EQ(code_of(client.send({Method::get, "ftp://host/", {}, {}})), ErrorCode::URL_INVALID);

    std::vector<Responder> waiting;
    std::mutex mutex;
    auto server = serve([&](Request, Responder responder) {
        std::lock_guard lock(mutex);
        waiting.push_back(std::move(responder));
    });
    HttpClient hasty({.timeout = 100ms});
    EXPECT_EQ(code_of(hasty.send({Method::get, url(*server, "/"), {}, {}})), ErrorCode::HTTP_NO_ANSWER);
    std::stop_source stop;
    std::jthread stopper([&] {
        EXPECT_TRUE(eventually([&] { return server->stats().requests == 2; }));
        stop.request_stop();
    });
    EXPECT_EQ(code_of(client.send({Method::get, url(*server, "/"), {}, {}}, {}, stop.get_token())),
              ErrorCode::STOPPED);
    stopper.join();
    server->stop(0ms);
}

TEST(HttpClient, DoesNotConnectWhereItMayNot) {
    auto server = serve(echo);
    std::vector<std::string> asked;
    HttpClient client({.address_filter = [&](const std::string& address) -> Status {
        asked.push_back(address);
        return fail(ErrorCode::CONFIG_INVALID, "not there");
    }});
    EXPECT_EQ(code_of(client.send({Method::get, url(*server, "/"), {}, {}})), ErrorCode::CONFIG_INVALID);
    EXPECT_EQ(code_of(client.send({Method::get, "http://2130706433/", {}, {}})), ErrorCode::CONFIG_INVALID);
    EXPECT_EQ(asked, (std::vector<std::string>{"127.0.0.1", "127.0.0.1"}));
    EXPECT_EQ(server->stats().accepted, 0u);
}

TEST(HttpClient, RefusesHeadersThatWouldBeMore) {
    auto server = serve(echo);
    HttpClient client;
    for (Header header : {Header{"X", "a\r\nY: b"}, Header{"X: y", ""}, Header{"", "x"}})
        EXPECT_EQ(code_of(client.send({Method::get, url(*server, "/"), {header}, {}})), ErrorCode::USAGE);
}

TEST(HttpClient, VerifiesTheServer) {
    TemporaryDirectory directory;
    auto certificate = directory.file("a.pem"), key = directory.file("a.key");
    auto other = directory.file("b.pem"), other_key = directory.file("b.key");
    write_certificate(certificate, key, "a");
    write_certificate(other, other_key, "b");
    Options options;
    options.tls = TlsOptions{certificate, key, {}};
    auto server = serve(echo, options);
    ClientRequest request{Method::post, url(*server, "/a", "https"), {}, "secret"};
    auto by_name = request;
    by_name.url = fmt::format("https://localhost:{}/a", server->port());

    HttpClient trusting({.ca_file = certificate});
    for (auto& one : {request, by_name, request}) {
        auto answer = trusting.send(one);
        ASSERT_TRUE(answer) << answer.error().to_string();
        EXPECT_EQ(answer->body, "POST a/ secret");
    }
    auto requests = server->stats().requests;
    EXPECT_EQ(code_of(HttpClient().send(request)), ErrorCode::HTTP_TLS_PEER);
    EXPECT_EQ(code_of(HttpClient({.ca_file = other}).send(request)), ErrorCode::HTTP_TLS_PEER);
    EXPECT_EQ(code_of(HttpClient({.ca_file = directory.file("none")}).send(request)),
              ErrorCode::HTTP_TLS_PEER);
    EXPECT_TRUE(HttpClient({.verify = false}).send(request));

    write_certificate(certificate, key, "a", 1, "DNS:elsewhere.example");
    ASSERT_TRUE(server->reload_certificates());
    EXPECT_EQ(code_of(HttpClient({.ca_file = certificate}).send(request)), ErrorCode::HTTP_TLS_PEER);
    EXPECT_EQ(code_of(HttpClient({.ca_file = certificate}).send(by_name)), ErrorCode::HTTP_TLS_PEER);
    write_certificate(certificate, key, "a", -1);
    ASSERT_TRUE(server->reload_certificates());
    EXPECT_EQ(code_of(HttpClient({.ca_file = certificate}).send(request)), ErrorCode::HTTP_TLS_PEER);
    EXPECT_EQ(server->stats().requests, requests + 1);  // the one without verification

    auto plain = serve(echo);
    request.url = url(*plain, "/", "https");
    EXPECT_EQ(code_of(HttpClient().send(request)), ErrorCode::HTTP_TLS_PEER);
}

TEST(HttpResponseReader, ReadsEveryFraming) {
    for (size_t piece : {1, 3, 1000}) {
        EXPECT_EQ(read("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", false, piece),
                  "200|Content-Length=3|abc+");
        EXPECT_EQ(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nab\r\n1\r\nc\r\n0\r\nT: "
                       "x\r\n\r\n",
                       false, piece),
                  "200|Transfer-Encoding=chunked|abc+");
        EXPECT_EQ(read("HTTP/1.0 404\r\nX:  y \r\n\r\nabc", false, piece), "404|X=y|abc-");
        EXPECT_EQ(read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 \r\n\r\n", false, piece), "204|+");
        EXPECT_EQ(read("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", false, piece),
                  "200|Connection=close|Content-Length=0|-");
        EXPECT_EQ(read("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", true, piece),
                  "200|Content-Length=3|+");
    }
    EXPECT_EQ(read("HTTP/1.1 204 OK\r\n\r\nleft over"), "204|-");
}

TEST(HttpResponseReader, RefusesWhatIsNotCertain) {
    auto refused = [](std::string bytes, std::string_view why) {
        EXPECT_NE(read(bytes, false, 7, 20).find(why), std::string::npos) << bytes << "\n"
                                                                          << read(bytes, false, 7, 20);
    };
    std::string ok = "HTTP/1.1 200 OK\r\n";
    refused("", "ended before");
    refused("HTTP/1.1 200 OK\r\nX: y\r\n", "cut");
    refused("HTTP/2 200 OK\r\n\r\n", "not HTTP/1.1");
    refused("HTTP/1.1 2x0 OK\r\n\r\n", "not HTTP/1.1");
    refused("SSH-2.0-OpenSSH_9\r\n", "not HTTP/1.1");
    refused("HTTP/1.1 101 Switching\r\n\r\n", "protocol");
    refused("HTTP/1.1 200 OK\n\n", "CR and LF");
    refused(ok + "X y\r\n\r\n", "header");
    refused(ok + "X: " + std::string(70'000, 'x') + "\r\n\r\n", "too long");
    refused(ok + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "one number");
    refused(ok + "Content-Length: -3\r\n\r\nabc", "one number");
    refused(ok + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", "both");
    refused(ok + "Transfer-Encoding: gzip\r\n\r\n", "not chunked");
    refused(ok + "Content-Length: 4\r\n\r\nabc", "cut");
    refused(ok + "Content-Length: 21\r\n\r\n", "too large");
    refused(ok + "\r\n" + std::string(21, 'x'), "too large");
    refused(ok + "Transfer-Encoding: chunked\r\n\r\n15\r\n" + std::string(21, 'x') + "\r\n0\r\n\r\n",
            "too large");
    refused(ok + "Transfer-Encoding: chunked\r\n\r\nx\r\n", "size");
    refused(ok + "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", "as long");
    refused(ok + "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n", "cut");
}

TEST(HttpUrl, IsTakenApart) {
    auto text = [](std::string_view from) -> std::string {
        auto parsed = parse_url(from);
        if (!parsed) return "refused";
        return fmt::format("{} {} {} {} {}", parsed->tls, parsed->host, parsed->port, parsed->target,
                           parsed->authority());
    };
    EXPECT_EQ(text("http://host"), "false host 80 / host");
    EXPECT_EQ(text("HTTPS://host:443/a?b"), "true host 443 /a?b host");
    EXPECT_EQ(text("https://10.0.0.1:8443?b"), "true 10.0.0.1 8443 /?b 10.0.0.1:8443");
    EXPECT_EQ(text("http://[::1]:1/"), "false ::1 1 / [::1]:1");
    EXPECT_EQ(text("http://[::1]"), "false ::1 80 / [::1]");
    for (std::string_view from : {"",
                                  "host",
                                  "ftp://host",
                                  "http://",
                                  "http:///a",
                                  "http://user@host",
                                  "http://a:b@host",
                                  "http://host:0",
                                  "http://host:65536",
                                  "http://host:",
                                  "http://host:1x",
                                  "http://[::1",
                                  "http://[x]",
                                  "http://[::1]x",
                                  "http://ho st",
                                  "http://host/a b",
                                  "http://host/\r\n",
                                  "http://host#x",
                                  "http://h\xC3\xB6st",
                                  "http://ho$t"})
        EXPECT_EQ(text(from), "refused") << from;
    EXPECT_EQ(parse_url("http://host/?token=secret x").error().to_string().find("secret"), std::string::npos);
}

}  // namespace leat::http::test
