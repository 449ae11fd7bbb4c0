#include "capture/block_channel.h"

namespace leat {

using namespace std::chrono_literals;

namespace {
constexpr auto wait_slice = 500ms;
Status stopped() { return fail(ErrorCode::STOPPED, "stopped on request"); }
}  // namespace

Status BlockChannel::push_item(Item item, std::stop_token stop, const std::function<Status()>& idle) {
    size_t bytes = item.block.size();
    while (!queue_.push(item, bytes, wait_slice)) {
        if (stop.stop_requested() || queue_.closed()) return stopped();
        if (idle) LEAT_TRY(idle());
    }
    return {};
}

Status BlockChannel::push(Block block, std::stop_token stop, const std::function<Status()>& idle) {
    return push_item({std::move(block), false}, stop, idle);
}

Status BlockChannel::push_and_wait_durable(Block block, std::stop_token stop,
                                           const std::function<Status()>& idle) {
    {
        std::lock_guard lock(mutex_);
        durable_ = false;
    }
    LEAT_TRY(push_item({std::move(block), true}, stop, idle));
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait_for(lock, wait_slice, [this] { return durable_ || queue_.closed(); });
        if (durable_) return {};
        if (stop.stop_requested() || queue_.closed()) return stopped();
        if (!idle) continue;
        lock.unlock();
        LEAT_TRY(idle());
        lock.lock();
    }
}

void BlockChannel::set_durable() {
    std::lock_guard lock(mutex_);
    durable_ = true;
    changed_.notify_all();
}

void BlockChannel::close() {
    queue_.close();
    changed_.notify_all();
}

}  // namespace leat
