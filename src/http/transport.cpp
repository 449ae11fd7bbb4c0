#include "http/transport.h"

#include <linux/sockios.h>
#include <openssl/err.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace leat::http {

namespace {

IoState state_of(int error, IoState blocked) {
    if (error == EAGAIN || error == EWOULDBLOCK) return blocked;
    return IoState::broken;
}

ssize_t receive(int fd, void* to, size_t size) {
    ssize_t count;
    do count = ::recv(fd, to, size, 0);
    while (count < 0 && errno == EINTR);
    return count;
}

ssize_t send_bytes(int fd, const void* from, size_t size) {
    ssize_t count;
    do count = ::send(fd, from, size, MSG_NOSIGNAL);
    while (count < 0 && errno == EINTR);
    return count;
}

// OpenSSL's own socket BIO writes with write(2), which raises SIGPIPE.
int bio_read(BIO* bio, char* to, int size) {
    BIO_clear_retry_flags(bio);
    ssize_t count = receive(static_cast<Transport*>(BIO_get_data(bio))->fd(), to, static_cast<size_t>(size));
    if (count < 0 && state_of(errno, IoState::want_read) == IoState::want_read) BIO_set_retry_read(bio);
    return static_cast<int>(count);
}

int bio_write(BIO* bio, const char* from, int size) {
    BIO_clear_retry_flags(bio);
    ssize_t count =
        send_bytes(static_cast<Transport*>(BIO_get_data(bio))->fd(), from, static_cast<size_t>(size));
    if (count < 0 && state_of(errno, IoState::want_write) == IoState::want_write) BIO_set_retry_write(bio);
    return static_cast<int>(count);
}

long bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* bio_method() {
    static BIO_METHOD* const method = [] {
        auto* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "leat socket");
        BIO_meth_set_read(made, bio_read);
        BIO_meth_set_write(made, bio_write);
        BIO_meth_set_ctrl(made, bio_control);
        return made;
    }();
    return method;
}

constexpr std::string_view plain_on_tls =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 46\r\n\r\n"
    "This port speaks TLS only: use https instead.\n";

}  // namespace

Transport::Transport(FileDescriptor socket, SSL_CTX* tls, Role role) : socket_(std::move(socket)) {
    if (!tls) return;
    ssl_ = SSL_new(tls);
    BIO* bio = BIO_new(bio_method());
    if (!ssl_ || !bio) throw std::bad_alloc();
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_, bio, bio);
    if (role == Role::server)
        SSL_set_accept_state(ssl_);
    else
        SSL_set_connect_state(ssl_);
}

Transport::~Transport() { close(false); }

void Transport::close(bool reset) {
    if (ssl_) {
        SSL_free(ssl_);
        ssl_ = nullptr;
    }
    if (!socket_) return;
    if (reset) {
        linger now{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    socket_ = FileDescriptor();
}

IoState Transport::tls_state(int result) {
    switch (SSL_get_error(ssl_, result)) {
        case SSL_ERROR_WANT_READ:
            return IoState::want_read;
        case SSL_ERROR_WANT_WRITE:
            return IoState::want_write;
        case SSL_ERROR_ZERO_RETURN:
            return IoState::closed;
        default:
            return IoState::broken;
    }
}

IoState Transport::handshake() {
    if (!ssl_) return IoState::done;
    ERR_clear_error();
    int result = SSL_do_handshake(ssl_);
    if (result == 1) return IoState::done;
    auto state = tls_state(result);
    if (state == IoState::broken && ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST)
        send_bytes(fd(), plain_on_tls.data(), plain_on_tls.size());
    return state;
}

IoResult Transport::read(std::span<uint8_t> to) {
    if (!ssl_) return read_plain(to);
    ERR_clear_error();
    size_t count = 0;
    int result = SSL_read_ex(ssl_, to.data(), to.size(), &count);
    if (result == 1) return {IoState::done, count};
    return {tls_state(result), 0};
}

IoResult Transport::read_plain(std::span<uint8_t> to) {
    ssize_t count = receive(fd(), to.data(), to.size());
    if (count > 0) return {IoState::done, static_cast<size_t>(count)};
    if (count == 0) return {IoState::closed, 0};
    return {state_of(errno, IoState::want_read), 0};
}

IoResult Transport::write(std::span<const iovec> from) { return ssl_ ? write_tls(from) : write_plain(from); }

IoResult Transport::write_plain(std::span<const iovec> from) {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(from.data());
    message.msg_iovlen = std::min<size_t>(from.size(), 64);
    ssize_t count;
    do count = ::sendmsg(fd(), &message, MSG_NOSIGNAL);
    while (count < 0 && errno == EINTR);
    if (count >= 0) return {IoState::done, static_cast<size_t>(count)};
    return {state_of(errno, IoState::want_write), 0};
}

// One record at a time, so that a chunk with its frame does not become three records.
IoResult Transport::write_tls(std::span<const iovec> from) {
    constexpr size_t record_bytes = 16 << 10;
    std::array<uint8_t, record_bytes> gathered;
    const uint8_t* record = static_cast<const uint8_t*>(from[0].iov_base);
    size_t size = std::min(from[0].iov_len, record_bytes);
    if (size < record_bytes && from.size() > 1) {
        size = 0;
        for (auto& part : from) {
            size_t count = std::min(part.iov_len, record_bytes - size);
            std::memcpy(gathered.data() + size, part.iov_base, count);
            size += count;
            if (size == record_bytes) break;
        }
        record = gathered.data();
    }
    ERR_clear_error();
    size_t count = 0;
    int result = SSL_write_ex(ssl_, record, size, &count);
    if (result == 1) return {IoState::done, count};
    return {tls_state(result), 0};
}

void Transport::end_writing() {
    if (ssl_) {
        ERR_clear_error();
        SSL_shutdown(ssl_);  // close_notify, if the socket takes it now
    }
    ::shutdown(fd(), SHUT_WR);
}

size_t Transport::unacknowledged() const {
    int count = 0;
    return ::ioctl(fd(), SIOCOUTQ, &count) == 0 ? static_cast<size_t>(count) : 0;
}

bool Transport::has_unread() const {
    int count = 0;
    return ::ioctl(fd(), FIONREAD, &count) == 0 && count > 0;
}

}  // namespace leat::http
