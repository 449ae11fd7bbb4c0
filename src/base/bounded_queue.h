// A queue between two threads, bounded by the cost (bytes) of what it holds.
// One item is always let in when the queue is empty, so an item larger than the bound passes alone.
// Thread contract: any thread may call any method.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

namespace leat {

template <class T>
class BoundedQueue {
  public:
    explicit BoundedQueue(size_t bytes_max) : bytes_max_(bytes_max) {}

    // Waits for room up to `wait`; on true the item was moved from. False: no room, or closed.
    bool push(T& item, size_t bytes, std::chrono::milliseconds wait) {
        std::unique_lock lock(mutex_);
        bool room = room_.wait_for(lock, wait,
                                   [&] { return closed_ || bytes_ == 0 || bytes_ + bytes <= bytes_max_; });
        if (!room || closed_) return false;
        items_.push_back({std::move(item), bytes});
        bytes_ += bytes;
        bool was_empty = items_.size() == 1;
        lock.unlock();
        if (was_empty) filled_.notify_one();
        return true;
    }

    // Waits for an item up to `wait`. Items pushed before close() are still handed out.
    std::optional<T> pop(std::chrono::milliseconds wait) {
        std::unique_lock lock(mutex_);
        filled_.wait_for(lock, wait, [&] { return closed_ || !items_.empty(); });
        if (items_.empty()) return std::nullopt;
        std::optional<T> item(std::move(items_.front().item));
        bytes_ -= items_.front().bytes;
        items_.pop_front();
        lock.unlock();
        room_.notify_all();
        return item;
    }

    void close() {
        std::lock_guard lock(mutex_);
        closed_ = true;
        filled_.notify_all();
        room_.notify_all();
    }
    bool closed() const {
        std::lock_guard lock(mutex_);
        return closed_;
    }
    bool empty() const {
        std::lock_guard lock(mutex_);
        return items_.empty();
    }
    size_t bytes() const {
        std::lock_guard lock(mutex_);
        return bytes_;
    }

  private:
    struct Entry {
        T item;
        size_t bytes;
    };
    mutable std::mutex mutex_;
    std::condition_variable filled_, room_;
    std::deque<Entry> items_;
    size_t bytes_ = 0;
    const size_t bytes_max_;
    bool closed_ = false;
};

}  // namespace leat
