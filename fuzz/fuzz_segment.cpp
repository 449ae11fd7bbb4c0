// A segment file and its index of any bytes: the scan ends inside the file, and a reader without a writer
// yields exactly the complete units the scan found, in order, or says what is damaged.
// Input: u8 mode (1: mend the checksums, which a fuzzer would not find) · u8 entries of the index · segment.
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/crc32c.h"
#include "log/embedded/embedded_reader.h"
#include "log/embedded/recovery.h"

using namespace leat;

namespace {

// Removed at exit, in memory if that can be.
const std::string& directory() {
    struct Temporary {
        std::string path =
            ::access("/dev/shm", W_OK) == 0 ? "/dev/shm/leat_fuzz_XXXXXX" : "/tmp/leat_fuzz_XXXXXX";
        Temporary() {
            LEAT_ASSERT(::mkdtemp(path.data()));
            std::filesystem::create_directories(sources_directory(path) + "/s");
        }
        ~Temporary() { std::filesystem::remove_all(path); }
    };
    static const Temporary temporary;
    return temporary.path;
}

void mend(uint8_t* at, size_t left, size_t length) {
    if (length >= 12 && length <= left) store(at + 8, crc32c({at + 12, length - 12}));
}

void mend_segment(ByteBuffer& bytes) {
    size_t offset = 0;
    while (bytes.size() - offset >= segment_header_bytes_min) {
        uint8_t* at = bytes.data() + offset;
        size_t length = load<uint32_t>(at + 4);
        mend(at, bytes.size() - offset, length);
        if (length < segment_header_bytes_min || length > bytes.size() - offset) return;
        offset += length;
    }
}

void mend_index(ByteBuffer& bytes) {
    for (size_t at = 0; at + index_entry_bytes <= bytes.size(); at += index_entry_bytes)
        store(bytes.data() + at + index_entry_bytes - 4,
              crc32c(bytes.view().subspan(at, index_entry_bytes - 4)));
}

void write_file(const std::string& path, Bytes bytes) {
    auto file = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
    LEAT_ASSERT(file && write_all_at(file->get(), bytes, 0));
}

void check_reader(const SourcePaths& paths, ReadFrom from, const SegmentTracker& tracker, bool sound) {
    auto reader = EmbeddedReader::open(directory(), paths, from);
    if (!reader) return;
    uint64_t next = 0;
    while (true) {
        auto block = (*reader)->next(std::chrono::milliseconds(0));
        if (!block) LEAT_ASSERT(!sound);
        if (!block || !*block) break;
        LEAT_ASSERT(next == 0 || (*block)->header().first_seq == next);
        next = (*block)->header().end_seq();
        LEAT_ASSERT((*block)->header().change_count > 0);
        BlockReader items(**block, (*reader)->schemas());
        while (auto item = items.next())
            if (*item == BlockReader::Item::end_of_block) break;
    }
    // Times go up and down: from a time, a start inside is right. From the beginning it is all or nothing.
    if (sound && std::holds_alternative<FromEarliest>(from))
        LEAT_ASSERT(next == 0 || next == tracker.complete().order.next_seq);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 2) return 0;
    bool mended = data[0] & 1;
    size_t index_bytes = std::min<size_t>(data[1] % 8 * index_entry_bytes, size - 2);
    ByteBuffer index, segment;
    index.put_bytes({data + 2, index_bytes});
    segment.put_bytes({data + 2 + index_bytes, size - 2 - index_bytes});
    if (mended) {
        mend_segment(segment);
        mend_index(index);
    }
    SourcePaths paths(directory(), "s");
    write_file(paths.segment(Seq(1)), segment.view());
    write_file(paths.index(Seq(1)), index.view());
    auto files = examine_log(paths, std::nullopt);
    if (!files || !files->last) return 0;
    const SegmentTracker& tracker = files->last->tracker;
    LEAT_ASSERT(tracker.complete().offset <= segment.size());
    LEAT_ASSERT(tracker.complete().offset <= tracker.current().offset);
    bool sound = files->last->sound.has_value();
    check_reader(paths, FromEarliest{}, tracker, sound);
    check_reader(paths, FromEnd{}, tracker, sound);
    check_reader(paths, Seq(tracker.complete().order.next_seq / 2), tracker, sound);
    check_reader(paths, FromTime{tracker.complete().commit_time_us_max}, tracker, sound);
    return 0;
}
