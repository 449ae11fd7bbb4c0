// One I/O thread: an epoll set, the objects whose sockets are in it, and a list of calls that other threads
// want made here. An object is added, called and removed on this thread only.
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "http/worker_pool.h"

namespace leat::http {

// Something with a socket. The loop keeps it alive from add() to remove().
class Watched {
  public:
    virtual ~Watched() = default;
    virtual void on_ready(uint32_t events) = 0;             // EPOLLIN, …; level-triggered
    virtual void on_tick(SteadyClock::time_point now) = 0;  // about every Loop::tick

  private:
    friend class Loop;
    size_t index_ = 0;  // in the loop's list
    bool removed_ = false;
};

class Loop {
  public:
    ~Loop() { close(); }

    // IO. Deadlines are looked at once a tick, for all connections in one go: no timer per connection, and
    // none to set again with each write.
    static Result<std::unique_ptr<Loop>> open(std::chrono::milliseconds tick);

    // Any thread; false once the loop is closed. Calls are made in their order.
    bool post(Task task);
    // Any thread but its own: returns when the thread has ended. Objects still in it are let go.
    void close();

    // On its thread.
    void add(std::shared_ptr<Watched> object, int fd, uint32_t events);
    void change(Watched& object, int fd, uint32_t events);
    void remove(Watched& object, int fd);  // before the socket is closed
    SteadyClock::time_point now() const { return now_; }
    const std::vector<std::shared_ptr<Watched>>& objects() const { return objects_; }
    std::span<uint8_t> scratch() { return scratch_; }  // to read into, for as long as a call lasts

  private:
    Loop() = default;
    void run();
    void run_posted();
    void tick();
    void sweep_removed();

    FileDescriptor epoll_, wake_;
    std::chrono::milliseconds tick_{};
    SteadyClock::time_point now_ = SteadyClock::now(), next_tick_ = now_;
    std::vector<std::shared_ptr<Watched>> objects_;
    std::vector<Watched*> removed_;
    std::vector<uint8_t> scratch_ = std::vector<uint8_t>(64 << 10);

    std::mutex mutex_;
    std::vector<Task> posted_;
    bool closed_ = false;
    std::jthread thread_;
};

}  // namespace leat::http
