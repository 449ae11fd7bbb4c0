// Threads that run handlers and body sources. What runs may block a little: see Options::workers.
// Any thread may call post().
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace leat::http {

// One call of a member function of a shared object: two pointers and a reference, no allocation.
struct Task {
    std::shared_ptr<void> target;
    void (*run)(void* target) = nullptr;

    void operator()() const { run(target.get()); }
};

template <auto member, class T>
Task task(std::shared_ptr<T> target) {
    return {std::move(target), [](void* object) { (static_cast<T*>(object)->*member)(); }};
}

// The queue is as long as there are connections at most: each has one task at a time.
class WorkerPool {
  public:
    explicit WorkerPool(unsigned threads);
    ~WorkerPool() { close(); }
    WorkerPool(const WorkerPool&) = delete;

    void post(Task task);
    void close();  // runs what is posted, then ends. Not from a worker.

  private:
    void run();

    std::mutex mutex_;
    std::condition_variable posted_;
    std::deque<Task> tasks_;
    unsigned idle_ = 0;
    bool closed_ = false;
    std::vector<std::jthread> threads_;
};

}  // namespace leat::http
