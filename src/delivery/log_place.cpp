#include "delivery/log_place.h"

namespace leat {

Result<Seq> place_of_time(const std::function<Result<std::unique_ptr<LogReader>>(ReadFrom)>& read,
                          const LogRange& range, int64_t time_us) {
    LEAT_ASSIGN(auto reader, read(FromTime{time_us}));
    while (true) {
        LEAT_ASSIGN(auto block, reader->next(std::chrono::milliseconds(0)));
        if (!block) return Seq(range.next_seq.value - 1);
        BlockReader items(*block, reader->schemas());
        while (true) {
            LEAT_ASSIGN(auto item, items.next());
            if (item == BlockReader::Item::end_of_block) break;
            if (item == BlockReader::Item::change && items.transaction().commit_time_us >= time_us)
                return Seq(items.change().seq.value - 1);
        }
    }
}

}  // namespace leat
