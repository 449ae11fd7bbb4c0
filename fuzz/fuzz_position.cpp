// Any bytes as a PostgreSQL source's position: what is accepted is written as it was read.
#include "source/postgres/server/position.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace leat;
    auto state = pg::ResumeState::decode(as_text({data, size}));
    if (!state) return 0;
    auto again = pg::ResumeState::decode(state->encode().bytes);
    LEAT_ASSERT(again && *again == *state);
    return 0;
}
