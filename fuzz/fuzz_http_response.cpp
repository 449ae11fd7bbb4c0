// Any bytes as an answer: in whatever pieces they come, the same is made of them. And as a URL: what is taken
// apart and put together is the same.
#include <cstring>

#include "base/byte_cursor.h"
#include "http/response_reader.h"
#include "http/url.h"

namespace {

using namespace leat;
using namespace leat::http;

std::string read(Bytes all, size_t piece, bool no_body) {
    size_t at = 0;
    ResponseReader reader(
        [&](std::span<uint8_t> to) -> Result<size_t> {
            size_t count = std::min({to.size(), all.size() - at, piece});
            if (count > 0) std::memcpy(to.data(), all.data() + at, count);
            at += count;
            return count;
        },
        100);
    auto response = reader.read_head();
    if (!response) return "refused";
    LEAT_ASSERT(response->status >= 200 && response->status <= 999);
    auto whole = reader.read_body(*response, no_body, {});
    if (!whole) return "refused";
    LEAT_ASSERT(*whole && response->body.size() <= 100);
    std::string text = std::to_string(response->status);
    for (auto& header : response->headers) text += "\n" + header.name + ":" + header.value;
    return text + "\n\n" + response->body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size > 4000) return 0;
    Bytes all{data, size};
    for (bool no_body : {false, true}) {
        auto whole = read(all, std::max<size_t>(size, 1), no_body);
        for (size_t piece : {1, 7}) LEAT_ASSERT(read(all, piece, no_body) == whole);
    }
    if (auto url = parse_url(as_text(all))) {
        auto again = parse_url((url->tls ? "https://" : "http://") + url->authority() + url->target);
        LEAT_ASSERT(again && again->tls == url->tls && again->host == url->host && again->port == url->port &&
                    again->target == url->target);
    }
    return 0;
}
