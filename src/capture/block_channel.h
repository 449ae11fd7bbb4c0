// The way of blocks from the reader side (the reader thread, and during a snapshot its helpers) to the
// capture thread: bounded in bytes, with a hand-shake for blocks that must be durable before their sender
// goes on. Any thread may call any method.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>

#include "base/bounded_queue.h"
#include "base/error.h"
#include "model/block.h"

namespace leat {

class BlockChannel {
  public:
    struct Item {
        Block block;
        bool wait_durable = false;
    };

    explicit BlockChannel(size_t bytes_max) : queue_(bytes_max) {}

    // Waits for room; while it waits, calls `idle` twice a second. STOPPED once stopped or closed.
    Status push(Block block, std::stop_token stop, const std::function<Status()>& idle = {});
    // As push, and returns after the block is durable. Only one thread may do this.
    Status push_and_wait_durable(Block block, std::stop_token stop, const std::function<Status()>& idle = {});

    std::optional<Item> pop(std::chrono::milliseconds wait) { return queue_.pop(wait); }
    // The capture thread's answer to items with wait_durable.
    void set_durable();

    void close();
    bool closed() const { return queue_.closed(); }
    size_t bytes() const { return queue_.bytes(); }

  private:
    Status push_item(Item item, std::stop_token stop, const std::function<Status()>& idle);

    BoundedQueue<Item> queue_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool durable_ = false;
};

}  // namespace leat
