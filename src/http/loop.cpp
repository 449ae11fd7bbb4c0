#include "http/loop.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>

namespace leat::http {

Result<std::unique_ptr<Loop>> Loop::open(std::chrono::milliseconds tick) {
    std::unique_ptr<Loop> loop(new Loop);
    loop->tick_ = tick;
    loop->epoll_ = FileDescriptor(::epoll_create1(EPOLL_CLOEXEC));
    loop->wake_ = FileDescriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!loop->epoll_ || !loop->wake_)
        return fail(ErrorCode::IO, fmt::format("cannot make an epoll set: {}", errno_text(errno)));
    epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
    ::epoll_ctl(loop->epoll_.get(), EPOLL_CTL_ADD, loop->wake_.get(), &event);
    loop->thread_ = std::jthread([raw = loop.get()] {
        pthread_setname_np(pthread_self(), "http-io");
        raw->run();
    });
    return loop;
}

bool Loop::post(Task task) {
    std::lock_guard lock(mutex_);
    if (closed_) return false;
    posted_.push_back(std::move(task));
    if (posted_.size() == 1) ::eventfd_write(wake_.get(), 1);
    return true;
}

void Loop::close() {
    {
        std::lock_guard lock(mutex_);
        if (closed_) return;
        closed_ = true;
        ::eventfd_write(wake_.get(), 1);
    }
    thread_.join();
    objects_.clear();
}

void Loop::add(std::shared_ptr<Watched> object, int fd, uint32_t events) {
    object->index_ = objects_.size();
    epoll_event event{.events = events, .data = {.ptr = object.get()}};
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
    if (objects_.empty()) next_tick_ = now_ + tick_;
    objects_.push_back(std::move(object));
}

void Loop::change(Watched& object, int fd, uint32_t events) {
    epoll_event event{.events = events, .data = {.ptr = &object}};
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

// It stays in the list until this round is over: an event of it may be next in the row.
void Loop::remove(Watched& object, int fd) {
    if (object.removed_) return;
    object.removed_ = true;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
    removed_.push_back(&object);
}

void Loop::sweep_removed() {
    // What is destroyed here may not remove others: it is taken out first.
    std::vector<std::shared_ptr<Watched>> gone;
    for (auto* object : removed_) {
        size_t index = object->index_;
        gone.push_back(std::move(objects_[index]));
        if (index + 1 < objects_.size()) {
            objects_[index] = std::move(objects_.back());
            objects_[index]->index_ = index;
        }
        objects_.pop_back();
    }
    removed_.clear();
}

void Loop::run_posted() {
    std::vector<Task> calls;
    {
        std::lock_guard lock(mutex_);
        calls.swap(posted_);
    }
    for (auto& call : calls) call();
}

void Loop::tick() {
    if (now_ < next_tick_) return;
    next_tick_ = now_ + tick_;
    for (size_t i = 0; i < objects_.size(); ++i)
        if (!objects_[i]->removed_) objects_[i]->on_tick(now_);
}

void Loop::run() {
    std::array<epoll_event, 256> events;
    while (true) {
        // Without objects there are no deadlines, and nothing to wake for.
        int wait_ms = -1;
        if (!objects_.empty()) {
            auto left = std::chrono::ceil<std::chrono::milliseconds>(next_tick_ - SteadyClock::now());
            wait_ms = static_cast<int>(std::max<int64_t>(left.count(), 0));
        }
        int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), wait_ms);
        now_ = SteadyClock::now();
        for (int i = 0; i < count; ++i) {
            auto& event = events[static_cast<size_t>(i)];
            if (auto* object = static_cast<Watched*>(event.data.ptr)) {
                if (!object->removed_) object->on_ready(event.events);
            } else {
                eventfd_t ignored;
                ::eventfd_read(wake_.get(), &ignored);
                run_posted();
                std::lock_guard lock(mutex_);
                if (closed_ && posted_.empty()) return;
                if (closed_) ::eventfd_write(wake_.get(), 1);
            }
        }
        tick();
        sweep_removed();
    }
}

}  // namespace leat::http
