// Any bytes as JSON: what is read is written out, and reads back as the same.
#include <cstdlib>

#include "json/json_value.h"

namespace {
bool same(const leat::json::Value& a, const leat::json::Value& b) {
    if (a.kind != b.kind || a.text != b.text || a.names != b.names || a.items.size() != b.items.size())
        return false;
    for (size_t i = 0; i < a.items.size(); ++i)
        if (!same(a.items[i], b.items[i])) return false;
    return true;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace leat;
    auto value = json::read({reinterpret_cast<const char*>(data), size});
    if (!value) {
        if (value.error().code != ErrorCode::JSON_INVALID || value.error().message.empty()) std::abort();
        return 0;
    }
    // Writing escapes, so what comes back may be longer than what was read.
    auto again = json::read(json::to_text(*value), {.bytes = SIZE_MAX});
    if (!again || !same(*value, *again)) std::abort();
    return 0;
}
