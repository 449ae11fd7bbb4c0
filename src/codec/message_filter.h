// Logical decoding messages: which are passed on (message.prefix.include.list and .exclude.list), and what
// they hold. Belongs to one thread.
#pragma once

#include <regex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "codec/debezium_options.h"
#include "model/change.h"

namespace leat {

class MessageFilter {
  public:
    // Regular expressions that match a whole prefix. They have been checked to compile.
    MessageFilter(const std::vector<std::string>& include, const std::vector<std::string>& exclude)
        : include_(compile(include)), exclude_(compile(exclude)) {}

    bool passes(std::string_view prefix) const {
        if (!include_.empty()) return matches(include_, prefix);
        return exclude_.empty() || !matches(exclude_, prefix);
    }

  private:
    static std::vector<std::regex> compile(const std::vector<std::string>& patterns) {
        return {patterns.begin(), patterns.end()};
    }
    static bool matches(const std::vector<std::regex>& patterns, std::string_view prefix) {
        for (auto& pattern : patterns)
            if (std::regex_match(prefix.begin(), prefix.end(), pattern)) return true;
        return false;
    }
    std::vector<std::regex> include_, exclude_;
};

// As a JSON string, in the way of binary.handling.mode.
void put_message_content(const Change& message, const DebeziumOptions& options, ByteBuffer& to);

}  // namespace leat
