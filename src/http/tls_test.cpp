#include <openssl/err.h>

#include "base/file.h"
#include "http/test_support.h"
#include "http/tls_test_support.h"

namespace leat::http::test {

namespace {

class TlsClient {
  public:
    explicit TlsClient(uint16_t port, int version_max = TLS1_3_VERSION, const std::string& certificate = {},
                       const std::string& key = {})
        : client_(port), context_(SSL_CTX_new(TLS_client_method())) {
        if (version_max < TLS1_2_VERSION) SSL_CTX_set_security_level(context_.get(), 0);
        SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
        SSL_CTX_set_max_proto_version(context_.get(), version_max);
        if (!certificate.empty()) {
            SSL_CTX_use_certificate_file(context_.get(), certificate.c_str(), SSL_FILETYPE_PEM);
            SSL_CTX_use_PrivateKey_file(context_.get(), key.c_str(), SSL_FILETYPE_PEM);
        }
        ssl_.reset(SSL_new(context_.get()));
        SSL_set_fd(ssl_.get(), client_.fd());
        const unsigned char offered[] = "\x02h2\x08http/1.1";
        SSL_set_alpn_protos(ssl_.get(), offered, sizeof offered - 1);
        connected_ = SSL_connect(ssl_.get()) == 1;
    }

    bool connected() const { return connected_; }
    bool send(std::string_view text) {
        size_t count = 0;
        return SSL_write_ex(ssl_.get(), text.data(), text.size(), &count) == 1 && count == text.size();
    }
    // Up to and with `end`; empty if the connection ends before.
    std::string receive_until(std::string_view end) {
        std::string text;
        char c;
        size_t count = 0;
        while (!text.ends_with(end)) {
            if (SSL_read_ex(ssl_.get(), &c, 1, &count) != 1) return {};
            text += c;
        }
        return text;
    }
    std::string receive_bytes(size_t wanted) {
        std::string text(wanted, 0);
        size_t done = 0, count = 0;
        while (done < wanted && SSL_read_ex(ssl_.get(), text.data() + done, wanted - done, &count) == 1)
            done += count;
        text.resize(done);
        return text;
    }
    std::string get(std::string_view target) {
        send(fmt::format("GET {} HTTP/1.1\r\nHost: test\r\n\r\n", target));
        return receive_until("\r\n\r\n");
    }
    std::string server_name() {
        Certificate certificate(SSL_get1_peer_certificate(ssl_.get()));
        char name[100] = {};
        if (certificate)
            X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name,
                                      sizeof name);
        return name;
    }
    std::string protocol() {
        const unsigned char* name = nullptr;
        unsigned int size = 0;
        SSL_get0_alpn_selected(ssl_.get(), &name, &size);
        return {reinterpret_cast<const char*>(name), size};
    }
    Client& socket() { return client_; }

  private:
    Client client_;
    std::unique_ptr<SSL_CTX, Releases<SSL_CTX_free>> context_;
    std::unique_ptr<SSL, Releases<SSL_free>> ssl_;
    bool connected_ = false;
};

class HttpTls : public ::testing::Test {
  protected:
    HttpTls() {
        write_certificate(certificate, key, "first");
        options.tls = TlsOptions{certificate, key, {}};
    }

    TemporaryDirectory directory;
    std::string certificate = directory.file("server.pem"), key = directory.file("server.key");
    Options options;
};

}  // namespace

TEST_F(HttpTls, ServesTls12And13) {
    std::atomic<bool> tls = false;
    auto server = serve(
        [&](Request request, Responder responder) {
            tls = request.tls;
            echo(std::move(request), std::move(responder));
        },
        options);
    for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        TlsClient client(server->port(), version);
        ASSERT_TRUE(client.connected());
        EXPECT_EQ(client.protocol(), "http/1.1");
        for (int i = 0; i < 3; ++i) {
            EXPECT_TRUE(client.get("/a").starts_with("HTTP/1.1 200 "));
            EXPECT_EQ(client.receive_bytes(6), "GET a/");
        }
    }
    EXPECT_TRUE(tls);
    EXPECT_FALSE(TlsClient(server->port(), TLS1_1_VERSION).connected());
}

TEST_F(HttpTls, LargeBodiesPassBothWays) {
    auto server = serve(
        [](Request request, Responder responder) {
            responder.answer(Response(200, "text/plain", std::move(request.body)));
        },
        options);
    std::string body;
    while (body.size() < 3'000'000) body += fmt::format("{} ", body.size());
    TlsClient client(server->port());
    ASSERT_TRUE(
        client.send(fmt::format("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n", body.size())));
    ASSERT_TRUE(client.send(body));
    client.receive_until("\r\n\r\n");
    EXPECT_EQ(client.receive_bytes(body.size()), body);
}

TEST_F(HttpTls, PipelinedRequestsInOneRecord) {
    auto server = serve(echo, options);
    TlsClient client(server->port());
    std::string all;
    for (int i = 0; i < 20; ++i) all += fmt::format("GET /{} HTTP/1.1\r\nHost: test\r\n\r\n", i);
    client.send(all);
    for (int i = 0; i < 20; ++i) EXPECT_NE(client.receive_until(fmt::format("GET {}/", i)), "");
}

TEST_F(HttpTls, StreamsAndNoticesThatTheClientIsGone) {
    class Repeats : public BodySource {
      public:
        explicit Repeats(std::optional<BodyEnd>& end) : end_(end) {}
        BodyState next(BodyPiece& out) override {
            if (count_ == 100) return BodyState::waiting;
            out.bytes().put_text(fmt::format("{:09}", ++count_));
            out.share(std::make_shared<const std::string>(50'000, 'x'));
            return BodyState::more;
        }
        void ended(BodyEnd reason, uint64_t) override { end_ = reason; }

      private:
        std::optional<BodyEnd>& end_;
        int count_ = 0;
    };
    std::optional<BodyEnd> end;
    auto server = serve(
        [&](Request, Responder responder) {
            responder.answer(Response("text/plain", std::make_unique<Repeats>(end)));
        },
        options);
    TlsClient client(server->port());
    client.get("/");
    for (int i = 1; i <= 100; ++i) {
        EXPECT_EQ(client.receive_until("\r\n"), "c359\r\n");
        EXPECT_EQ(client.receive_bytes(50'011), fmt::format("{:09}", i) + std::string(50'000, 'x') + "\r\n");
    }
    client.socket().close();
    EXPECT_TRUE(eventually([&] { return server->stats().streams == 0; }));
    EXPECT_EQ(end, BodyEnd::client_gone);
}

TEST_F(HttpTls, NewConnectionsGetAReloadedCertificate) {
    auto server = serve(echo, options);
    TlsClient before(server->port());
    EXPECT_EQ(before.server_name(), "first");
    write_certificate(certificate, key, "second");
    ASSERT_TRUE(server->reload_certificates());
    EXPECT_EQ(TlsClient(server->port()).server_name(), "second");
    EXPECT_TRUE(before.get("/").starts_with("HTTP/1.1 200 "));

    std::filesystem::remove(key);
    auto failed = server->reload_certificates();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::HTTP_TLS);
    EXPECT_EQ(TlsClient(server->port()).server_name(), "second");
}

TEST_F(HttpTls, RefusesWhatCannotBeUsed) {
    auto refused = [&](TlsOptions tls) {
        options.tls = std::move(tls);
        auto server = Server::open(options, echo);
        EXPECT_FALSE(server);
        if (server) return std::string();
        EXPECT_EQ(server.error().code, ErrorCode::HTTP_TLS);
        return server.error().message;
    };
    auto missing = directory.file("missing.pem"), empty = directory.file("empty.pem");
    ASSERT_TRUE(replace_file(empty, "nothing"));
    EXPECT_NE(refused({missing, key, {}}).find("missing.pem: No such file or directory"), std::string::npos);
    EXPECT_NE(refused({certificate, missing, {}}).find("missing.pem"), std::string::npos);
    EXPECT_NE(refused({empty, key, {}}).find("empty.pem"), std::string::npos);
    EXPECT_NE(refused({certificate, key, missing}).find("client CA"), std::string::npos);
    auto other = directory.file("other.pem"), other_key = directory.file("other.key");
    write_certificate(other, other_key, "other");
    EXPECT_NE(refused({certificate, other_key, {}}).find("other.key"), std::string::npos);

    Key locked(EVP_EC_gen("P-256"));
    auto* file = std::fopen(other_key.c_str(), "w");
    char password[] = "secret";
    PEM_write_PrivateKey(file, locked.get(), EVP_aes_128_cbc(), nullptr, 0, nullptr, password);
    std::fclose(file);
    EXPECT_NE(refused({certificate, other_key, {}}), "");  // and does not ask for the password
}

TEST_F(HttpTls, LetsInOnlyClientsOfItsCa) {
    auto ca = directory.file("client.pem"), ca_key = directory.file("client.key");
    auto other = directory.file("other.pem"), other_key = directory.file("other.key");
    write_certificate(ca, ca_key, "client");
    write_certificate(other, other_key, "client");
    options.tls->client_ca_file = ca;
    auto server = serve(echo, options);
    for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        EXPECT_TRUE(TlsClient(server->port(), version, ca, ca_key).get("/").starts_with("HTTP/1.1 200 "));
        EXPECT_EQ(TlsClient(server->port(), version).get("/"), "");
        EXPECT_EQ(TlsClient(server->port(), version, other, other_key).get("/"), "");
    }
    EXPECT_EQ(server->stats().requests, 2u);
}

TEST_F(HttpTls, TellsAClientThatSpeaksInTheClear) {
    auto server = serve(echo, options);
    Client client(server->port());
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    auto answer = client.receive_answer();
    EXPECT_EQ(answer.status, 400);
    EXPECT_TRUE(answer.whole);
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_EQ(server->stats().requests, 0u);
}

TEST_F(HttpTls, AHandshakeThatDoesNotEndIsCut) {
    options.header_timeout = 100ms;
    auto server = serve(echo, options);
    Client silent(server->port()), broken(server->port());
    broken.send("\x16\x03\x01");
    EXPECT_TRUE(silent.closed_by_server());
    EXPECT_TRUE(broken.closed_by_server());
    EXPECT_EQ(server->stats().timed_out, 2u);
}

TEST_F(HttpTls, AnExpiredCertificateIsServedWithAWarning) {
    write_certificate(certificate, key, "old", -1);
    auto server = serve(echo, options);
    EXPECT_EQ(TlsClient(server->port()).server_name(), "old");
}

}  // namespace leat::http::test
