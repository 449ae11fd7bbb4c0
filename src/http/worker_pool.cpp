#include "http/worker_pool.h"

#include <pthread.h>

namespace leat::http {

WorkerPool::WorkerPool(unsigned threads) {
    for (unsigned i = 0; i < std::max(threads, 1u); ++i)
        threads_.emplace_back([this] {
            pthread_setname_np(pthread_self(), "http-worker");
            run();
        });
}

void WorkerPool::post(Task task) {
    std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    if (idle_ > 0) posted_.notify_one();
}

void WorkerPool::close() {
    {
        std::lock_guard lock(mutex_);
        closed_ = true;
        posted_.notify_all();
    }
    threads_.clear();
}

void WorkerPool::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        if (tasks_.empty()) {
            if (closed_) return;
            ++idle_;
            posted_.wait(lock);
            --idle_;
            continue;
        }
        Task next = std::move(tasks_.front());
        tasks_.pop_front();
        lock.unlock();
        next();
        next = {};  // what it holds may be the last reference: not under the lock
        lock.lock();
    }
}

}  // namespace leat::http
