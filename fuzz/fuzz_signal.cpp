// Any bytes as a signal: the first byte chooses its type, the rest is its data; or they are a line of a file.
#include "snapshot/signal.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace leat;
    if (size == 0) return 0;
    static constexpr std::string_view types[] = {"execute-snapshot", "stop-snapshot", "pause-snapshot",
                                                 "log"};
    auto named = parse_signal_line({reinterpret_cast<const char*>(data), size});
    LEAT_ASSERT(named || !named.error().message.empty());
    std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
    auto signal = parse_signal(types[data[0] % 4], text);
    if (!signal) {
        LEAT_ASSERT(!signal.error().message.empty());
        return 0;
    }
    LEAT_ASSERT(signal->kind != Signal::Kind::execute || !signal->collections.empty());
    for (auto& condition : signal->conditions)
        LEAT_ASSERT(!condition.collection.empty() && !condition.filter.empty());
    return 0;
}
