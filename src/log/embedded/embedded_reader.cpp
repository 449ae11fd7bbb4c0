#include "log/embedded/embedded_reader.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>

#include "log/embedded/segment_scan.h"

namespace leat {

namespace {

// How long a reader waits before it looks whether the writer is still there.
constexpr auto wait_max = std::chrono::milliseconds(200);

std::unexpected<Error> trimmed(const SourcePaths& paths, uint64_t wanted, Seq first) {
    return fail(ErrorCode::LOG_TRIMMED,
                fmt::format("sequence {} of {} is no longer kept, the log begins with {}", wanted,
                            paths.source(), first.value),
                fmt::format("Start from {} and take what lies between from a snapshot.", first.value));
}

}  // namespace

EmbeddedReader::EmbeddedReader(const std::string& data_directory, const SourcePaths& paths)
    : paths_(paths), watch_(data_directory, paths) {}

Result<std::unique_ptr<LogReader>> EmbeddedReader::open(const std::string& data_directory,
                                                        const SourcePaths& paths, ReadFrom from) {
    std::unique_ptr<EmbeddedReader> reader(new EmbeddedReader(data_directory, paths));
    Status found = reader->seek(from);
    // Retention may remove a segment between looking and opening; then the answer is another one.
    for (int i = 0; i < 3 && !found && found.error().code == ErrorCode::LOG_TRIMMED; ++i)
        found = reader->seek(from);
    if (!found) return fail(found.error());
    return reader;
}

Status EmbeddedReader::seek(ReadFrom from) {
    LEAT_ASSIGN(auto segments, paths_.segments());
    if (segments.empty())
        return fail(ErrorCode::LOG_NO_SOURCE,
                    fmt::format("the change log has no source \"{}\"", paths_.source()));
    LEAT_ASSIGN(Seq first, start_segment(from, segments));
    LEAT_TRY(open_segment(first));
    auto more = find_more();
    // Damage behind the start is for next() to report, once it comes there.
    if (!more && more.error().code != ErrorCode::LOG_CORRUPT) return fail(more.error());
    return skip_by_index();
}

Result<Seq> EmbeddedReader::start_segment(ReadFrom from, const std::vector<SegmentFile>& segments) {
    if (std::holds_alternative<FromEarliest>(from)) return segments.front().first_seq;
    if (auto* time = std::get_if<FromTime>(&from)) {
        skip_until_time_ = time->time_us;
        return segment_at_time(segments, time->time_us);
    }
    if (auto* seq = std::get_if<Seq>(&from)) {
        skip_before_seq_ = std::max<uint64_t>(seq->value, 1);
    } else {
        LEAT_ASSIGN(auto extent, watch_.read());
        skip_before_seq_ = extent ? extent->next_seq.value : segments.back().first_seq.value;
    }
    if (skip_before_seq_ < segments.front().first_seq.value)
        return trimmed(paths_, skip_before_seq_, segments.front().first_seq);
    auto after = std::ranges::upper_bound(segments, Seq(skip_before_seq_), {}, &SegmentFile::first_seq);
    return std::prev(after)->first_seq;
}

// The first segment that holds a commit time at or after time_us, as the header of the one after it says.
Result<Seq> EmbeddedReader::segment_at_time(const std::vector<SegmentFile>& segments, int64_t time_us) const {
    for (size_t i = 0; i + 1 < segments.size(); ++i) {
        auto file = open_file(paths_.segment(segments[i + 1].first_seq), O_RDONLY);
        auto header = file ? SegmentHeader::read(file->get()) : fail(file.error());
        // Where it cannot be read, an earlier start is right too.
        if (!header || header->previous_commit_time_us_max >= time_us) return segments[i].first_seq;
    }
    return segments.back().first_seq;
}

Status EmbeddedReader::open_segment(Seq first) {
    std::string path = paths_.segment(first);
    if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
        LEAT_ASSIGN(auto segments, paths_.segments());
        return trimmed(paths_, first.value, segments.empty() ? first : segments.front().first_seq);
    }
    LEAT_ASSIGN(auto file, open_file(path, O_RDONLY));
    auto header = SegmentHeader::read(file.get());
    if (!header && header.error().code == ErrorCode::BLOCK_MALFORMED)
        return corrupt(path, 0, first.value, header.error().message);
    if (!header) return fail(header.error());
    bool follows = segment_.value == 0 || header->first_unit.value == order_.last_unit + 1;
    if (header->first_seq != first || !follows)
        return corrupt(path, 0, first.value, "the header is that of another segment");
    file_ = std::move(file);
    window_.reset(file_.get());
    segment_ = first;
    offset_ = limit_ = header->length;
    catalog_at_ = header->has_catalog ? header->length : 0;
    sealed_ = false;
    order_ = {first.value, header->first_unit.value - 1, false};
    return {};
}

Status EmbeddedReader::skip_by_index() {
    std::optional<IndexEntry> place;
    std::vector<IndexEntry> entries = load_index(paths_.index(segment_));
    for (const IndexEntry& entry : entries)
        if (entry.kind == IndexEntry::place && before_start(entry)) place = entry;
    if (!place) return {};
    LEAT_ASSIGN(Bytes head, window_.view(place->offset, block_header_bytes, limit_));
    auto header = BlockHeader::parse(head);
    if (!header || header->first_seq != place->seq || header->unit != place->unit) return {};
    // Where schemas cannot be read, going through from the segment's start will say why.
    if (catalog_at_ && !load_schemas(catalog_at_)) return {};
    for (const IndexEntry& entry : entries)
        if (entry.kind == IndexEntry::schemas && entry.offset < place->offset && !load_schemas(entry.offset))
            return {};
    offset_ = place->offset;
    bool in_unit = !header->has(BlockFlag::unit_begin);
    order_ = {header->first_seq, in_unit ? header->unit : header->unit - 1, in_unit};
    return {};
}

bool EmbeddedReader::before_start(const IndexEntry& place) const {
    if (place.offset <= offset_ || place.offset >= limit_) return false;
    if (skip_until_time_) return place.commit_time_us_max < *skip_until_time_;
    return place.seq <= skip_before_seq_;
}

Status EmbeddedReader::load_schemas(uint64_t offset) {
    LEAT_ASSIGN(auto block, read_any_block(window_, offset, limit_));
    return schemas_.add_from(block);
}

Result<std::optional<Block>> EmbeddedReader::next(std::chrono::milliseconds wait) {
    auto deadline = std::chrono::steady_clock::now() + wait;
    while (true) {
        LEAT_ASSIGN(auto block, read_visible());
        if (block && wanted(block->header())) return block;
        if (block) continue;
        auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) return std::nullopt;
        watch_.wait(std::min(left, wait_max));
    }
}

Result<std::optional<Block>> EmbeddedReader::read_visible() {
    while (offset_ >= limit_) {
        if (sealed_) {
            LEAT_TRY(next_segment());
            continue;
        }
        LEAT_ASSIGN(bool more, find_more());
        if (!more && !sealed_) return std::nullopt;
    }
    auto block = read_block(window_, offset_, limit_, order_, offset_ == catalog_at_);
    if (!block) return damaged(block.error());
    if (auto added = schemas_.add_from(*block); !added) return damaged(added.error());
    offset_ += block->size();
    if (!block->header().has(BlockFlag::catalog)) order_.take(block->header());
    return block;
}

Result<bool> EmbeddedReader::find_more() {
    // Once a later segment is known to exist, this one does not change.
    if (!extent_ || extent_->segment <= segment_) {
        LEAT_ASSIGN(extent_, watch_.read());
    }
    const auto& extent = extent_;
    if (!extent || extent->segment < segment_) return false;
    if (extent->segment > segment_) {
        sealed_ = true;
        LEAT_ASSIGN(limit_, file_size(file_.get()));
        return offset_ < limit_;
    }
    if (extent->offset < offset_)
        return corrupt(paths_.segment(segment_), extent->offset, extent->next_seq.value,
                       "the writer could not make durable what was read here");
    limit_ = extent->offset;
    if (offset_ == limit_ && !watch_.sound()) return fail(watch_.sound().error());
    return offset_ < limit_;
}

Status EmbeddedReader::next_segment() {
    if (order_.in_unit)
        return corrupt(paths_.segment(segment_), offset_, order_.next_seq, "the segment ends inside a unit");
    return open_segment(Seq(order_.next_seq));
}

bool EmbeddedReader::wanted(const BlockHeader& header) {
    // A commit time without changes: the end of a transaction whose last change filled the block before. The
    // end of a unit tells that the source was alive then.
    bool of_interest =
        header.change_count > 0 || header.commit_time_us_max != 0 || header.has(BlockFlag::unit_end);
    if (!of_interest || header.has(BlockFlag::catalog)) return false;
    if (header.end_seq() <= skip_before_seq_) return false;
    if (skip_until_time_ && header.commit_time_us_max < *skip_until_time_) return false;
    skip_until_time_.reset();
    return true;
}

std::unexpected<Error> EmbeddedReader::damaged(const Error& error) const {
    if (error.code != ErrorCode::BLOCK_MALFORMED) return fail(error);
    return corrupt(paths_.segment(segment_), offset_, order_.next_seq, error.message);
}

}  // namespace leat
