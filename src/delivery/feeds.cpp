#include "delivery/feeds.h"

#include <algorithm>

namespace leat {

Result<std::shared_ptr<Feed>> Feeds::get(const std::string& key, FeedSource source) {
    std::lock_guard lock(mutex_);
    std::erase_if(feeds_, [](auto& one) { return one.second.expired(); });
    if (auto found = feeds_.find(key); found != feeds_.end())
        if (auto feed = found->second.lock(); feed && !feed->failed()) return feed;
    LEAT_ASSIGN(auto feed, Feed::open(std::move(source)));
    feeds_[key] = feed;
    return feed;
}

size_t Feeds::count() const {
    std::lock_guard lock(mutex_);
    return static_cast<size_t>(
        std::ranges::count_if(feeds_, [](auto& one) { return !one.second.expired(); }));
}

}  // namespace leat
