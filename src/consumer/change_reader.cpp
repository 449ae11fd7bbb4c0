#include "consumer/change_reader.h"

#include <malloc.h>

#include "base/clock.h"

namespace leat {

using namespace std::chrono_literals;

namespace {
constexpr size_t part_bytes_min = 256 << 10;
}

Result<ChangeReader> ChangeReader::open(const FeedSource& source, Seq after) {
    LEAT_ASSIGN(auto reader, source.read(Seq(after.value + 1)));
    LEAT_ASSIGN(auto encoder, source.make_encoder());
    return ChangeReader(source, std::move(reader), std::move(encoder), after);
}

void ChangeReader::release() {
    reader_.reset();
    raw_.reset();
    // Each thread has a heap of its own, which would keep it: a hundred that are stuck held 200 MB.
    ::malloc_trim(0);
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
        auto status = read(std::max(left, 0ms));
        if (status && *status) {
            read_some = true;
            if (auto encoded = encode(limits); !encoded) status = fail(std::move(encoded.error()));
        }
        if (!status && !pending_.empty()) break;  // what was read before it comes first; it comes again
        if (!status) return fail(std::move(status.error()));
        if (!*status && left <= 0ms) break;
    }
    return !pending_.empty();
}

// True: there is something to encode.
Result<bool> ChangeReader::read(std::chrono::milliseconds wait) {
    if (raw_) return true;
    if (!reader_) {
        LEAT_ASSIGN(reader_, source_->read(Seq(read_to_.value + 1)));
    }
    LEAT_ASSIGN(raw_, reader_->next(wait));
    if (raw_ && raw_->header().end_seq() <= read_to_.value + 1) raw_.reset();
    return raw_.has_value();
}

// As much as batches of this size are made of, so that a block of small changes in a wordy format does not
// become many times its size.
Status ChangeReader::encode(const BatchLimits& limits) {
    size_t part = std::max(limits.bytes, part_bytes_min);
    told_ = read_to_;
    LEAT_ASSIGN(block_, encoder_->encode(*raw_, reader_->schemas(), read_to_, part));
    read_to_ = Seq(block_->next.value - 1);
    next_ = 0;
    if (block_->next.value >= raw_->header().end_seq()) raw_.reset();
    return {};
}

void ChangeReader::take_from_block(const BatchLimits& limits, Seq until) {
    while (next_in_block() && !is_full(limits)) {
        const EncodedBlock::End& end = block_->ends[next_];
        if (end.seq <= told_) {  // what is told of transactions that have nothing for us
            ++next_;
            continue;
        }
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
