#include "consumer/change_reader.h"

#include "base/clock.h"

namespace leat {

using namespace std::chrono_literals;

Result<ChangeReader> ChangeReader::open(const FeedSource& source, Seq after) {
    LEAT_ASSIGN(auto reader, source.read(Seq(after.value + 1)));
    LEAT_ASSIGN(auto encoder, source.make_encoder());
    return ChangeReader(std::move(reader), std::move(encoder), after);
}

Result<bool> ChangeReader::fill(const BatchLimits& limits, Seq until, std::chrono::milliseconds wait,
                                const std::stop_token& stop) {
    auto deadline = SteadyClock::now() + wait;
    bool had_some = !pending_.empty(), read_some = false;
    while (true) {
        take_from_block(limits, until);
        if (!pending_.empty() && !std::exchange(had_some, true))
            deadline = SteadyClock::now() + limits.linger;
        if (is_full(limits) || next_in_block() || read_to_ >= until || stop.stop_requested()) break;
        auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now());
        // What is not wanted passes by quickly, but whoever waits wants to know how far it is.
        if (left <= 0ms && !had_some && read_some) break;
        auto next = reader_->next(std::max(left, 0ms));
        if (!next && !pending_.empty()) break;  // what was read before it comes first; it comes again
        LEAT_ASSIGN(auto block, std::move(next));
        if (!block && left <= 0ms) break;
        if (!block || Seq(block->header().end_seq()) <= Seq(read_to_.value + 1)) continue;
        read_some = true;
        LEAT_ASSIGN(block_, encoder_->encode(*block, reader_->schemas(), read_to_));
        read_to_ = Seq(block_->next.value - 1);
        next_ = 0;
    }
    return !pending_.empty();
}

void ChangeReader::take_from_block(const BatchLimits& limits, Seq until) {
    while (next_in_block() && !is_full(limits)) {
        const EncodedBlock::End& end = block_->ends[next_];
        if (end.seq > until) {
            next_ = block_->ends.size();
            break;
        }
        size_t begin = next_ == 0 ? 0 : block_->ends[next_ - 1].offset;
        std::string_view bytes = block_->bytes.text().substr(begin, end.offset - begin);
        if (!pending_.empty() && pending_bytes_ + bytes.size() > limits.bytes) return;
        pending_.push_back({{end.seq, bytes, end.key_hash, end.other_key_hash}, end.commit_time_us, block_});
        pending_bytes_ += bytes.size();
        ++next_;
    }
    if (!next_in_block()) block_.reset();
}

void ChangeReader::pop_front() {
    pending_bytes_ -= pending_.front().change.bytes.size();
    pending_.pop_front();
}

uint64_t ChangeReader::first_unsettled() const {
    return pending_.empty() ? block_->ends[next_].seq.value : pending_.front().change.seq.value;
}

}  // namespace leat
