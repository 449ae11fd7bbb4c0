#include "delivery/feed_reader.h"

namespace leat {

using namespace std::chrono_literals;

Result<std::optional<FeedReader::Piece>> FeedReader::next() {
    while (true) {
        LEAT_ASSIGN(auto next, feed_->next(after_, wake_));
        switch (next.kind) {
            case Feed::Next::Kind::encoded:
                return take(std::move(next.block));
            case Feed::Next::Kind::nothing_now:
                return std::nullopt;
            case Feed::Next::Kind::behind:
                break;
        }
        LEAT_ASSIGN(auto piece, read_log());
        if (piece) return piece;
    }
}

FeedReader::Piece FeedReader::take(std::shared_ptr<const EncodedBlock> block) {
    std::string_view bytes = block->from(after_);
    after_ = std::max(after_, Seq(block->next.value - 1));
    return {std::move(block), bytes};
}

// Empty: the feed has it by now.
Result<std::optional<FeedReader::Piece>> FeedReader::read_log() {
    LEAT_ASSIGN(auto follower, feed_->borrow(after_));
    while (true) {
        LEAT_ASSIGN(auto block, follower.reader->next(0ms));
        if (!block) return std::nullopt;
        if (Seq(block->header().end_seq()) <= Seq(after_.value + 1)) continue;
        LEAT_ASSIGN(auto encoded, follower.encoder->encode(*block, follower.reader->schemas(), after_));
        Piece piece = take(std::move(encoded));
        follower.after = after_;
        feed_->give_back(std::move(follower));
        return piece;
    }
}

}  // namespace leat
