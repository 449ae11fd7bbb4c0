#include "source/postgres/wire/read_pace.h"

#include <arpa/inet.h>
#include <sys/socket.h>

namespace leat::pg {

using namespace std::chrono_literals;

namespace {
constexpr size_t much = 32 << 10;  // one read that brought it: the source lags
constexpr auto short_pause = 500us;

// Found by measurement: the server's CPU time per message is least with a buffer of 16 to 32 KiB (which the
// kernel doubles) and pauses of 4 ms or more.
constexpr int small_buffer = 32 << 10;
constexpr int large_buffer = 4 << 20;
constexpr size_t emptied = 16 << 10;  // a read that brought less has emptied the socket
constexpr auto long_pause = 4ms;
constexpr uint64_t judged_bytes = 1 << 20;
constexpr uint64_t long_message = 2048;

bool is_loopback(int socket) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    if (socket < 0 || ::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return false;
    if (peer.ss_family == AF_INET) {
        auto& address = reinterpret_cast<const sockaddr_in&>(peer);
        return (ntohl(address.sin_addr.s_addr) >> 24) == IN_LOOPBACKNET;
    }
    if (peer.ss_family != AF_INET6) return false;
    return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr);
}

bool set_buffer(int socket, int bytes) {
    return ::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) == 0;
}
}  // namespace

ReadPace::ReadPace(int socket) : socket_(socket) {
    gathering_ = is_loopback(socket) && set_buffer(socket, small_buffer);
}

std::chrono::microseconds ReadPace::pause(size_t bytes, bool late) {
    bytes_ += bytes;
    if (bytes_ >= judged_bytes) {
        if (gathering_ && bytes_ > messages_ * long_message) widen();
        bytes_ = messages_ = 0;
    }
    if (bytes == 0) return 0us;
    if (gathering_) return late && bytes < emptied ? long_pause : 0us;
    return late || bytes >= much ? short_pause : 0us;
}

void ReadPace::widen() {
    set_buffer(socket_, large_buffer);
    gathering_ = false;
}

}  // namespace leat::pg
