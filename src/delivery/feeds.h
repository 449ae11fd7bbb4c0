// The feeds of a server: who asks for the same gets the same one. A feed lasts as long as somebody has it.
// Any thread.
#pragma once

#include <map>

#include "delivery/feed.h"

namespace leat {

class Feeds {
  public:
    // `key` says all that tells one feed from another: source, format, framing, selection.
    Result<std::shared_ptr<Feed>> get(const std::string& key, FeedSource source);
    size_t count() const;

  private:
    mutable std::mutex mutex_;
    std::map<std::string, std::weak_ptr<Feed>> feeds_;
};

}  // namespace leat
