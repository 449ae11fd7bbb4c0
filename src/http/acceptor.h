// The listening socket: takes connections and hands them to the loops in turn. It lives in one of them.
#pragma once

#include <sys/socket.h>

#include "http/loop.h"
#include "http/services.h"

namespace leat::http {

struct ListeningSocket {
    FileDescriptor socket;
    std::string address;  // "127.0.0.1:8083"
    uint16_t port = 0;
};

// HTTP_ADDRESS_IN_USE, which names the process that has the port where that can be found out; HTTP_LISTEN.
Result<ListeningSocket> listen_at(const ListenAddress& address);

class Acceptor : public Watched, public std::enable_shared_from_this<Acceptor> {
  public:
    Acceptor(Services& services, std::vector<std::shared_ptr<Loop>> loops, FileDescriptor socket);

    // On the first loop's thread.
    void start();
    void stop();  // the port is free after that

    void on_ready(uint32_t events) override;
    void on_tick(SteadyClock::time_point now) override;

  private:
    void take(FileDescriptor socket, const sockaddr_storage& from);
    void pause(int error);

    Services& services_;
    const std::vector<std::shared_ptr<Loop>> loops_;
    FileDescriptor socket_;
    size_t next_loop_ = 0;
    bool paused_ = false;
    SteadyClock::time_point resume_at_{}, quiet_until_{};
};

}  // namespace leat::http
