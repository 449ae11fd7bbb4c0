// The note beside a consumer's file: whatever is decoded encodes to the same bytes again.
#include <cstdlib>

#include "sink/file/file_journal.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    auto intent = leat::FileIntent::decode({data, size});
    if (!intent) return 0;
    leat::ByteBuffer again;
    intent->encode(again);
    if (again.size() > size || std::memcmp(again.data(), data, again.size()) != 0) std::abort();
    return 0;
}
