// A body behind header lines, as HTTP writes them, many of which can follow one another: how a format whose
// headers are HTTP's comes to a sink (delivery/stream_framing.h). Pure functions.
//
//     ce-id: shop:2:26000224\r\n
//     content-length: 11\r\n
//     \r\n
//     {"op":"u",…}
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace leat {

// The last of the header lines, and what ends them.
inline constexpr std::string_view message_length_header = "content-length: ", message_head_end = "\r\n\r\n";

struct HeadedMessage {
    std::string_view head;  // the header lines, each with its line end, without the content-length
    std::string_view body;
    size_t size = 0;  // of all of it
};
// The first one of the bytes; nothing if they do not begin with a whole one.
std::optional<HeadedMessage> read_headed_message(std::string_view bytes);

}  // namespace leat
