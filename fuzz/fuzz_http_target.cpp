// Any bytes as a request's target: what is taken can be written again, and reads as the same.
#include "base/utf8.h"
#include "http/target.h"

namespace {

void check_text(std::string_view text) {
    while (!text.empty()) {
        size_t size = leat::utf8_character(text);
        LEAT_ASSERT(size > 0);
        LEAT_ASSERT(text[0] != 0);
        text.remove_prefix(size);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace leat::http;
    auto target = parse_target({reinterpret_cast<const char*>(data), size});
    if (!target) {
        LEAT_ASSERT(target.error().code == leat::ErrorCode::HTTP_REQUEST_MALFORMED);
        LEAT_ASSERT(!target.error().message.empty());
        return 0;
    }
    std::string written = target->path_text();
    // A slash at the end is not seen, so an empty last segment needs one more.
    if (!target->path.empty() && target->path.back().empty()) written += '/';
    char separator = '?';
    for (auto& segment : target->path) {
        check_text(segment);
        LEAT_ASSERT(segment != "." && segment != "..");
    }
    for (auto& [name, value] : target->parameters) {
        check_text(name);
        check_text(value);
        written += separator + percent_encode(name) + "=" + percent_encode(value);
        separator = '&';
    }
    auto again = parse_target(written);
    LEAT_ASSERT(again.has_value());
    LEAT_ASSERT(again->path == target->path);
    LEAT_ASSERT(again->parameters == target->parameters);
    return 0;
}
