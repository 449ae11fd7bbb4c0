// Any bytes as a program: records are appended to two sequences that share little memory, the file may be
// damaged at one byte, then they are read. What comes back is what was appended, in order; after damage it is
// that up to an error, and never anything else.
#include <unistd.h>

#include <deque>

#include "spill/spill.h"

namespace {

using namespace leat;

// What the next file that is opened will have.
int next_descriptor() {
    int fd = ::dup(0);
    ::close(fd);
    return fd;
}

struct Sequence {
    explicit Sequence(Spill& spill) : records(spill) {}
    SpilledRecords records;
    std::deque<std::string> expected;

    // The content is told by the length, so that short inputs make long files.
    bool append(size_t length, uint8_t pattern) {
        std::string text(length, 0);
        for (size_t i = 0; i < length; ++i)
            text[i] = static_cast<char>(pattern & 1 ? i * i * pattern >> 3 : pattern);
        if (!records.append({as_bytes(text).first(length / 2), as_bytes(text).subspan(length / 2)}))
            return false;
        expected.push_back(std::move(text));
        return true;
    }
    // Whether all came back.
    bool read() {
        while (true) {
            auto record = records.next();
            if (!record) return false;
            if (!*record) return expected.empty();
            LEAT_ASSERT(!expected.empty() && as_text(**record) == expected.front());
            expected.pop_front();
        }
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    FormatCursor from(Bytes{data, size});
    size_t memory = size_t{from.u8()} << 12;
    uint32_t damage_at = from.u32();
    uint8_t damage = from.u8();
    auto space = std::make_shared<SpillSpace>("/tmp", 64 << 20);
    Spill spill(space, memory);
    Sequence one(spill), two(spill);
    int fd = next_descriptor();
    while (from.ok() && !from.at_end()) {
        uint8_t head = from.u8();
        size_t length = size_t{from.u8()} << std::min(head >> 4, 11);  // two pieces and more
        if (!(head & 1 ? one : two).append(length, head)) return 0;
    }
    bool damaged = false;
    uint64_t file = one.records.file_bytes() + two.records.file_bytes();
    if (damage && file > 0) {
        uint8_t byte = 0;
        damaged = ::pread(fd, &byte, 1, damage_at) == 1;
        byte ^= damage;
        if (damaged) LEAT_ASSERT(::pwrite(fd, &byte, 1, damage_at) == 1);
    }
    bool whole_one = one.read(), whole_two = two.read();
    LEAT_ASSERT((whole_one && whole_two) == !damaged);
    return 0;
}
