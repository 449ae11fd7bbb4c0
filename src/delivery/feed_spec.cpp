#include "delivery/feed_spec.h"

#include <fmt/core.h>

namespace leat {

// Each part with its length, so that no two specs have the same key.
std::string FeedSpec::key() const {
    std::string key = fmt::format("{} {} {}", static_cast<int>(format), static_cast<int>(framing),
                                  static_cast<int>(selection.leaving));
    auto put = [&](const std::string& text) { key += fmt::format(" {}:{}", text.size(), text); };
    auto put_list = [&](const std::vector<std::string>& list) {
        put(std::to_string(list.size()));
        for (const std::string& item : list) put(item);
    };
    put(source);
    put(replay);
    put(selection.ops);
    put(selection.where);
    put_list(selection.tables);
    put_list(selection.columns);
    return key;
}

}  // namespace leat
