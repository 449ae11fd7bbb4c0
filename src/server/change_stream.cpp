#include "server/change_stream.h"

#include "base/logging.h"

namespace leat::server {

void ChangeStream::start(http::Wake wake) { reader_.emplace(feed_, bounds_.after, std::move(wake)); }

http::BodyState ChangeStream::next(http::BodyPiece& out) {
    while (!out.full()) {
        if (bounds_.limit == 0 || reader_->after() >= bounds_.until) return http::BodyState::end;
        Seq before = reader_->after();
        auto piece = reader_->next();
        if (!piece) {
            log_error(LogLevel::warning, source_, "a subscriber is cut", piece.error());
            return http::BodyState::failed;
        }
        if (!*piece) return http::BodyState::waiting;
        put(**piece, before, out);
    }
    return http::BodyState::more;
}

// All of a block is handed over as it is, to whoever wants it; a part of it is copied.
void ChangeStream::put(const FeedReader::Piece& piece, Seq before, http::BodyPiece& out) {
    const EncodedBlock& block = *piece.block;
    if (piece.bytes.empty()) return;
    auto first = std::ranges::partition_point(block.ends, [&](auto& end) { return end.seq <= before; });
    auto last = std::ranges::partition_point(block.ends, [&](auto& end) { return end.seq <= bounds_.until; });
    auto count = static_cast<uint64_t>(last - first);
    if (count > bounds_.limit) {
        last = first + static_cast<ptrdiff_t>(bounds_.limit);
        count = bounds_.limit;
    }
    bounds_.limit -= bounds_.limit == UINT64_MAX ? 0 : count;
    if (last == block.ends.end() && piece.bytes.size() == block.bytes.size()) {
        out.share(std::shared_ptr<const ByteBuffer>(piece.block, &block.bytes));
    } else if (last != first) {
        size_t begin = block.bytes.size() - piece.bytes.size();
        size_t end = last == block.ends.end() ? block.bytes.size() : std::prev(last)->offset;
        out.bytes().put_text(piece.bytes.substr(0, end - begin));
    }
}

}  // namespace leat::server
