#include "http/acceptor.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/logging.h"
#include "http/connection.h"
#include "http/port_owner.h"

namespace leat::http {

namespace {

using namespace std::chrono_literals;

template <class T>
void set_option(int fd, int level, int option, T value) {
    ::setsockopt(fd, level, option, &value, sizeof value);  // all of them are improvements, none is needed
}

struct Client {
    std::string text;  // "127.0.0.1"
    std::string key;   // by which connections are counted
};

// An IPv6 client has a whole /64 to choose its address from. IPv4 clients of an IPv6 socket are told as such.
Client client_of(const sockaddr_storage& from) {
    char text[INET6_ADDRSTRLEN] = {};
    if (from.ss_family == AF_INET) {
        auto& v4 = reinterpret_cast<const sockaddr_in&>(from);
        ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
        return {text, text};
    }
    auto& v6 = reinterpret_cast<const sockaddr_in6&>(from).sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&v6)) {
        ::inet_ntop(AF_INET, v6.s6_addr + 12, text, sizeof text);
        return {text, text};
    }
    ::inet_ntop(AF_INET6, &v6, text, sizeof text);
    return {text, std::string(reinterpret_cast<const char*>(v6.s6_addr), 8)};
}

std::unexpected<Error> listen_error(const ListenAddress& address, uint16_t port, int error) {
    auto where = address.to_string();
    if (error == EADDRINUSE) {
        auto owner = find_port_owner(port);
        return fail(
            ErrorCode::HTTP_ADDRESS_IN_USE,
            fmt::format("cannot listen at {}: {}", where,
                        owner ? "it is used by " + *owner : "another process listens there"),
            fmt::format("Stop that process, or choose another address. Who it is: ss -ltnp 'sport = :{}'",
                        port));
    }
    return fail(ErrorCode::HTTP_LISTEN, fmt::format("cannot listen at {}: {}", where, errno_text(error)),
                error == EACCES
                    ? "Ports below 1024 need the capability CAP_NET_BIND_SERVICE; choose a higher one."
                    : "Choose an address that this machine has: ip address");
}

}  // namespace

Result<ListeningSocket> listen_at(const ListenAddress& address) {
    addrinfo hints{};
    hints.ai_flags = AI_PASSIVE;
    hints.ai_socktype = SOCK_STREAM;
    // For "every address" one IPv6 socket takes IPv4 clients too; "localhost" is IPv4 first, as most expect.
    bool every = address.host.empty();
    addrinfo* found = nullptr;
    auto port_text = std::to_string(address.port);
    int error = ::getaddrinfo(every ? nullptr : address.host.c_str(), port_text.c_str(), &hints, &found);
    if (error != 0)
        return fail(ErrorCode::HTTP_LISTEN,
                    fmt::format("cannot listen at {}: {}", address.to_string(), ::gai_strerror(error)),
                    "Give an address of this machine: ip address");
    std::unique_ptr<addrinfo, void (*)(addrinfo*)> guard(found, ::freeaddrinfo);
    int preferred = every ? AF_INET6 : AF_INET;
    std::vector<addrinfo*> candidates;
    for (bool first : {true, false})
        for (auto* one = found; one; one = one->ai_next)
            if ((one->ai_family == preferred) == first) candidates.push_back(one);

    int last_error = EADDRNOTAVAIL;
    for (auto* one : candidates) {
        FileDescriptor fd(::socket(one->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        last_error = errno;
        if (!fd) continue;
        set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
        if (one->ai_family == AF_INET6) set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, every ? 0 : 1);
        if (::bind(fd.get(), one->ai_addr, one->ai_addrlen) != 0 || ::listen(fd.get(), 1024) != 0) {
            last_error = errno;
            if (last_error == EADDRINUSE) break;
            continue;
        }
        sockaddr_storage bound{};
        socklen_t size = sizeof bound;
        ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &size);
        ListenAddress actual = address;
        actual.port = ntohs(bound.ss_family == AF_INET ? reinterpret_cast<sockaddr_in&>(bound).sin_port
                                                       : reinterpret_cast<sockaddr_in6&>(bound).sin6_port);
        return ListeningSocket{std::move(fd), actual.to_string(), actual.port};
    }
    return listen_error(address, address.port, last_error);
}

Acceptor::Acceptor(Services& services, std::vector<std::shared_ptr<Loop>> loops, FileDescriptor socket)
    : services_(services), loops_(std::move(loops)), socket_(std::move(socket)) {}

void Acceptor::start() { loops_[0]->add(shared_from_this(), socket_.get(), EPOLLIN); }

void Acceptor::stop() {
    if (!socket_) return;
    loops_[0]->remove(*this, socket_.get());
    socket_ = FileDescriptor();
}

void Acceptor::on_ready(uint32_t) {
    // Not all at once: the connections of this thread have their turn too.
    for (int i = 0; i < 64 && socket_; ++i) {
        sockaddr_storage from{};
        socklen_t size = sizeof from;
        FileDescriptor fd(::accept4(socket_.get(), reinterpret_cast<sockaddr*>(&from), &size,
                                    SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (fd) {
            take(std::move(fd), from);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            return pause(errno);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        }
    }
}

// No room in the system: those who wait in the socket's queue would wake us again and again.
void Acceptor::pause(int error) {
    paused_ = true;
    loops_[0]->change(*this, socket_.get(), 0);
    auto now = loops_[0]->now();
    resume_at_ = now + 100ms;
    if (now < quiet_until_) return;
    quiet_until_ = now + 10s;
    log_event(LogLevel::warning, "", "connections cannot be accepted for now",
              {{"code", std::string(name(ErrorCode::HTTP_OVERLOADED))}, {"cause", errno_text(error)}});
}

void Acceptor::on_tick(SteadyClock::time_point now) {
    if (!paused_ || now < resume_at_ || !socket_) return;
    paused_ = false;
    loops_[0]->change(*this, socket_.get(), EPOLLIN);
}

void Acceptor::take(FileDescriptor fd, const sockaddr_storage& from) {
    auto& options = services_.options;
    auto client = client_of(from);
    set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
    // What is not sent yet is better with us, where it is bounded and can be seen.
    set_option(fd.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, options.unsent_bytes_max);
    // A client that is gone without a word: acknowledges nothing, or does not answer probes.
    set_option(fd.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<unsigned>(options.write_timeout.count()));
    set_option(fd.get(), SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd.get(), IPPROTO_TCP, TCP_KEEPIDLE, 60);
    set_option(fd.get(), IPPROTO_TCP, TCP_KEEPINTVL, 15);
    set_option(fd.get(), IPPROTO_TCP, TCP_KEEPCNT, 4);

    bool admitted = services_.admission.enter(client.key);
    if (admitted) {
        ++services_.counters.accepted;
    } else if (options.tls || !services_.admission.enter_refused()) {
        ++services_.counters.refused;  // a handshake only to say no costs more than it is worth
        return;
    }
    auto& loop = loops_[next_loop_++ % loops_.size()];
    auto connection = std::make_shared<Connection>(services_, loop, std::move(fd), std::move(client.text),
                                                   std::move(client.key), admitted);
    loop->post(task<&Connection::start>(std::move(connection)));
}

}  // namespace leat::http
