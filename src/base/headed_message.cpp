#include "base/headed_message.h"

#include <charconv>

namespace leat {

std::optional<HeadedMessage> read_headed_message(std::string_view bytes) {
    size_t end = bytes.find(message_head_end);
    if (end == std::string_view::npos) return std::nullopt;
    size_t at = bytes.substr(0, end).rfind(message_length_header);
    if (at == std::string_view::npos) return std::nullopt;
    size_t length = 0;
    std::string_view digits = bytes.substr(0, end).substr(at + message_length_header.size());
    auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    size_t begin = end + message_head_end.size();
    if (error != std::errc() || rest != digits.data() + digits.size() || length > bytes.size() - begin)
        return std::nullopt;
    return HeadedMessage{bytes.substr(0, at), bytes.substr(begin, length), begin + length};
}

}  // namespace leat
