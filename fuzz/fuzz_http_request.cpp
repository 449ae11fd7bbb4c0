// Any bytes as a request: whether they come at once, byte by byte, or in pieces, the same is made of them,
// and the request ends at the same place.
#include "http/request_parser.h"

namespace {

using namespace leat;
using namespace leat::http;

struct Outcome {
    std::string text;  // what was understood
    size_t end = 0;    // where it ends

    bool operator==(const Outcome&) const = default;
};

// step: how many bytes become known at a time.
Outcome parse(Bytes all, size_t step) {
    RequestParser parser({200, 600, 10, 100});
    size_t used = 0, known = std::min(step, all.size());
    while (!parser.complete()) {
        if (used == known) {
            if (known == all.size()) return {"unfinished", 0};
            known = std::min(known + step, all.size());
            continue;
        }
        auto taken = parser.feed(all.subspan(used, known - used));
        if (!taken) {
            LEAT_ASSERT(taken.error().status >= 400 && taken.error().status < 600);
            return {"refused", 0};
        }
        LEAT_ASSERT(*taken <= known - used);
        used += *taken;
        if (*taken == 0 && !parser.complete()) {
            if (known == all.size()) return {"unfinished", 0};
            known = std::min(known + step, all.size());
        }
    }
    bool keep_alive = parser.keep_alive();
    auto request = parser.take();
    Outcome outcome{std::string(name(request.method)) + request.target.path_text(), used};
    for (auto& header : request.headers) outcome.text += "\n" + header.name + ":" + header.value;
    LEAT_ASSERT(request.headers.size() <= 10 && request.body.size() <= 100);
    outcome.text += "\n\n" + request.body + (keep_alive ? "+" : "-");
    return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size > 4000) return 0;
    Bytes all{data, size};
    auto whole = parse(all, std::max<size_t>(size, 1));
    for (size_t step : {1, 7, 50}) LEAT_ASSERT(parse(all, step) == whole);
    return 0;
}
