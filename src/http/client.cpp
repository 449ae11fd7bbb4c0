#include "http/client.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "http/response_reader.h"
#include "http/transport.h"
#include "http/url.h"

namespace leat::http {

namespace {

using namespace std::chrono_literals;

enum class Waited : uint8_t { ready, late, stopped };

Waited wait_for(int fd, short events, SteadyClock::time_point deadline, const std::stop_token& stop) {
    while (true) {
        if (stop.stop_requested()) return Waited::stopped;
        auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now());
        if (left <= 0ms) return Waited::late;
        // A stop is seen in slices: nothing can wake a poll without a descriptor of its own.
        auto slice = stop.stop_possible() ? std::min(left, std::chrono::milliseconds(100)) : left;
        pollfd ready{fd, events, 0};
        if (::poll(&ready, 1, static_cast<int>(slice.count())) > 0) return Waited::ready;
    }
}

std::unexpected<Error> stopped() { return fail(ErrorCode::STOPPED, "the request was stopped"); }

bool is_address(const std::string& host) {
    in6_addr ignored{};
    return ::inet_pton(AF_INET, host.c_str(), &ignored) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

std::string numeric(const addrinfo& found) {
    char text[NI_MAXHOST] = {};
    ::getnameinfo(found.ai_addr, found.ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
    return text;
}

std::string tls_reason(SSL* ssl) {
    if (long verify = SSL_get_verify_result(ssl); verify != X509_V_OK)
        return X509_verify_cert_error_string(verify);
    auto number = ERR_peek_error();
    const char* reason = number ? ERR_reason_error_string(number) : nullptr;
    return reason ? reason : "the server ended the handshake";
}

}  // namespace

class Client::Impl {
  public:
    explicit Impl(ClientOptions options) : options_(std::move(options)) {}

    Result<ClientResponse> send(const ClientRequest& request, const BodyReceiver& receiver,
                                std::stop_token stop) {
        stop_ = std::move(stop);
        LEAT_ASSIGN(auto url, parse_url(request.url));
        LEAT_ASSIGN(auto head, head_of(request, url));
        if (!can_reuse(url)) {
            connection_.reset();
            LEAT_TRY(connect(url));
        }
        auto response = exchange(request, head + request.body, receiver);
        if (!response || !reusable_) connection_.reset();
        return response;
    }

  private:
    Result<std::string> head_of(const ClientRequest& request, const Url& url) {
        std::string head =
            fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", name(request.method), url.target, url.authority());
        for (auto& [field, value] : request.headers) {
            bool clean = value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos;
            if (!is_token(field) || !clean)
                return fail(ErrorCode::USAGE, fmt::format("the header \"{}\" cannot be sent", field));
            head += fmt::format("{}: {}\r\n", field, value);
        }
        bool has_body = !request.body.empty() || request.method == Method::post ||
                        request.method == Method::put || request.method == Method::patch;
        if (has_body) head += fmt::format("Content-Length: {}\r\n", request.body.size());
        return head + "\r\n";
    }

    // A kept connection with something to read has been closed by the server, or is out of step.
    bool can_reuse(const Url& url) {
        if (!connection_ || url.tls != url_.tls || url.host != url_.host || url.port != url_.port)
            return false;
        pollfd ready{connection_->fd(), POLLIN, 0};
        return ::poll(&ready, 1, 0) == 0;
    }

    Status connect(const Url& url) {
        auto deadline = SteadyClock::now() + options_.connect_timeout;
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        addrinfo* found = nullptr;
        int error = ::getaddrinfo(url.host.c_str(), std::to_string(url.port).c_str(), &hints, &found);
        if (error != 0)
            return fail(ErrorCode::HTTP_CONNECT,
                        fmt::format("{} cannot be resolved: {}", url.host, ::gai_strerror(error)));
        std::unique_ptr<addrinfo, void (*)(addrinfo*)> guard(found, ::freeaddrinfo);
        Status last = fail(ErrorCode::HTTP_CONNECT, fmt::format("{} has no address", url.host));
        for (auto* one = found; one; one = one->ai_next) {
            auto address = numeric(*one);
            if (options_.address_filter)
                if (auto allowed = options_.address_filter(address); !allowed) {
                    last = std::move(allowed);
                    continue;
                }
            last = connect_to(*one, address, url, deadline);
            if (last || last.error().code == ErrorCode::STOPPED) break;
        }
        LEAT_TRY(std::move(last));
        url_ = url;
        return url.tls ? handshake(url, deadline) : Status();
    }

    Status connect_to(const addrinfo& one, const std::string& address, const Url& url,
                      SteadyClock::time_point deadline) {
        auto failed = [&](std::string_view why) {
            return fail(ErrorCode::HTTP_CONNECT, fmt::format("cannot connect to {} at {} port {}: {}",
                                                             url.host, address, url.port, why));
        };
        FileDescriptor fd(::socket(one.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        if (!fd) return failed(errno_text(errno));
        int on = 1;
        ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (::connect(fd.get(), one.ai_addr, one.ai_addrlen) != 0) {
            if (errno != EINPROGRESS) return failed(errno_text(errno));
            auto waited = wait_for(fd.get(), POLLOUT, deadline, stop_);
            if (waited == Waited::stopped) return stopped();
            if (waited == Waited::late) return failed("it did not answer in time");
            int error = 0;
            socklen_t size = sizeof error;
            ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
            if (error != 0) return failed(errno_text(error));
        }
        LEAT_TRY(prepare_tls(url));
        connection_ = std::make_unique<Transport>(std::move(fd), url.tls ? tls_.get() : nullptr,
                                                  Transport::Role::client);
        return {};
    }

    Status prepare_tls(const Url& url) {
        if (!url.tls || tls_) return {};
        ERR_clear_error();
        tls_.reset(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
        SSL_CTX_set_min_proto_version(tls_.get(), TLS1_2_VERSION);
        SSL_CTX_set_mode(tls_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        SSL_CTX_set_verify(tls_.get(), options_.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
        int loaded = options_.ca_file.empty()
                         ? SSL_CTX_set_default_verify_paths(tls_.get())
                         : SSL_CTX_load_verify_file(tls_.get(), options_.ca_file.c_str());
        if (loaded == 1) return {};
        tls_.reset();
        return fail(ErrorCode::HTTP_TLS_PEER, fmt::format("cannot load the CA file {}", options_.ca_file),
                    "Give a PEM file that the user running Leat can read.");
    }

    Status handshake(const Url& url, SteadyClock::time_point deadline) {
        auto* ssl = connection_->ssl();
        if (is_address(url.host)) {
            X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), url.host.c_str());
        } else {
            // SSL_set_tlsext_host_name, whose macro has a cast that the compiler is told to refuse.
            SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                     const_cast<char*>(url.host.c_str()));
            SSL_set1_host(ssl, url.host.c_str());
        }
        auto failed = [&](ErrorCode code, std::string_view why) {
            auto error =
                fail(code, fmt::format("no TLS connection to {} port {}: {}", url.host, url.port, why));
            connection_.reset();
            return error;
        };
        while (true) {
            auto state = connection_->handshake();
            if (state == IoState::done) return {};
            if (state != IoState::want_read && state != IoState::want_write)
                return failed(ErrorCode::HTTP_TLS_PEER, tls_reason(ssl));
            auto waited =
                wait_for(connection_->fd(), state == IoState::want_read ? POLLIN : POLLOUT, deadline, stop_);
            if (waited == Waited::late) return failed(ErrorCode::HTTP_CONNECT, "the handshake took too long");
            if (waited == Waited::stopped) return failed(ErrorCode::STOPPED, "the request was stopped");
        }
    }

    Result<ClientResponse> exchange(const ClientRequest& request, std::string_view bytes,
                                    const BodyReceiver& receiver) {
        deadline_ = SteadyClock::now() + options_.timeout;
        reusable_ = false;
        // A server may answer, and close, before it has taken all of a large body: its answer counts.
        bool sent = write_all(bytes);
        if (stop_.stop_requested()) return stopped();
        bool idle = false;
        ResponseReader reader(
            [&](std::span<uint8_t> to) {
                if (idle) deadline_ = SteadyClock::now() + options_.idle_timeout;
                return read_some(to);
            },
            options_.body_bytes_max);
        LEAT_ASSIGN(auto response, reader.read_head());
        idle = static_cast<bool>(receiver);
        LEAT_ASSIGN(bool whole, reader.read_body(response, request.method == Method::head, receiver));
        reusable_ = whole && sent && reader.reusable();
        return response;
    }

    bool write_all(std::string_view bytes) {
        while (!bytes.empty()) {
            iovec part{const_cast<char*>(bytes.data()), bytes.size()};
            auto result = connection_->write({&part, 1});
            if (result.state == IoState::done) {
                bytes.remove_prefix(result.bytes);
                continue;
            }
            if (result.state != IoState::want_read && result.state != IoState::want_write) return false;
            short events = result.state == IoState::want_read ? POLLIN : POLLOUT;
            if (wait_for(connection_->fd(), events, deadline_, stop_) != Waited::ready) return false;
        }
        return true;
    }

    Result<size_t> read_some(std::span<uint8_t> to) {
        while (true) {
            auto result = connection_->read(to);
            switch (result.state) {
                case IoState::done:
                    return result.bytes;
                case IoState::closed:
                    return size_t{0};
                case IoState::broken:
                    return fail(ErrorCode::HTTP_NO_ANSWER,
                                "the connection broke before the answer was whole");
                default:
                    break;
            }
            short events = result.state == IoState::want_read ? POLLIN : POLLOUT;
            auto waited = wait_for(connection_->fd(), events, deadline_, stop_);
            if (waited == Waited::stopped) return stopped();
            if (waited == Waited::late)
                return fail(ErrorCode::HTTP_NO_ANSWER, "the server did not answer in time");
        }
    }

    const ClientOptions options_;
    std::shared_ptr<SSL_CTX> tls_;
    std::unique_ptr<Transport> connection_;
    Url url_;  // where the connection leads
    SteadyClock::time_point deadline_{};
    bool reusable_ = false;
    std::stop_token stop_;
};

Client::Client(ClientOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;

Result<ClientResponse> Client::send(const ClientRequest& request, const BodyReceiver& receiver,
                                    std::stop_token stop) {
    return impl_->send(request, receiver, std::move(stop));
}

}  // namespace leat::http
