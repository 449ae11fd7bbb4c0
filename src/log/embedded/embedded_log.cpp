#include "log/embedded/embedded_log.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>

#include "base/clock.h"
#include "log/embedded/embedded_reader.h"
#include "log/embedded/log_range.h"
#include "log/embedded/retention.h"
#include "log/embedded/retention_holds.h"
#include "model/block_builder.h"

namespace leat {

namespace {
// Where a log is written in small appends, each with a sync, the place for the next ones is written
// beforehand: a sync that need not make the file longer spares the file system's journal a commit, most of
// its cost.
constexpr uint64_t zeroed_bytes = 512 << 10;
constexpr size_t small_append = 32 << 10;
}  // namespace

EmbeddedLog::EmbeddedLog(const std::string& data_directory, SourcePaths paths, WriterClaim claim,
                         const LogOptions& options)
    : data_directory_(data_directory),
      paths_(std::move(paths)),
      claim_(std::move(claim)),
      options_(options),
      io_(options.io ? *options.io : StorageIo::system()) {}

Result<std::unique_ptr<EmbeddedLog>> EmbeddedLog::open(const std::string& data_directory, SourcePaths paths,
                                                       WriterClaim claim, const LogOptions& options) {
    std::unique_ptr<EmbeddedLog> log(
        new EmbeddedLog(data_directory, std::move(paths), std::move(claim), options));
    LEAT_TRY(log->recover());
    LEAT_TRY(log->trim());
    return log;
}

EmbeddedLog::~EmbeddedLog() {
    if (!broken_ && file_) static_cast<void>(cut_zeros());
}

Status EmbeddedLog::recover() {
    LEAT_ASSIGN(tail_, Tail::open_for_writing(paths_.tail()));
    LEAT_ASSIGN(auto files, recover_log(paths_, tail_->read_abandoned()));
    if (files.last) {
        file_ = std::move(files.last->file);
        path_ = files.last->path;
        tracker_ = std::move(files.last->tracker);
        index_ = IndexWriter(paths_.index(tracker_.segment_first_seq()), tracker_.drain_index());
    } else {
        SegmentHeader header;
        header.created_at_us = wall_time_us();
        header.source = paths_.source();
        tracker_ = SegmentTracker(header);
        LEAT_TRY(create_segment(header));
    }
    note_synced();
    publish();
    return {};
}

// Looked at again with every try: cursors may have moved since.
Status EmbeddedLog::wait_for_consumers() {
    if (!options_.holds || options_.holds->writer_held_for().empty()) return {};
    LEAT_TRY(trim());
    std::string who = options_.holds->writer_held_for();
    if (who.empty()) return {};
    return fail(
        ErrorCode::CONSUMER_RETENTION,
        fmt::format("the log keeps more for the consumer {} than its retention.budget.bytes, and its "
                    "retention.policy is hold_source",
                    who),
        "Nothing is lost: the database keeps its log meanwhile. Mend what holds up the consumer; Leat "
        "then goes on by itself.");
}

Result<Seq> EmbeddedLog::append(Block& block) {
    LEAT_TRY(usable());
    const BlockHeader& header = block.header();
    const UnitOrder& order = tracker_.current().order;
    LEAT_ASSERT(!header.has(BlockFlag::catalog));
    LEAT_ASSERT(header.has(BlockFlag::unit_begin) != order.in_unit);
    LEAT_ASSERT(header.has(BlockFlag::unit_end) ? header.position_length > 0 : header.position_length == 0);
    if (!order.in_unit && segment_is_full()) LEAT_TRY(roll());
    if (!order.in_unit) LEAT_TRY(wait_for_consumers());

    Seq first(order.next_seq);
    block.seal(first, UnitId(order.expected_unit()), synced_unit_);
    uint64_t offset = tracker_.current().offset;
    if (auto wrote = io_.write(file_.get(), block.bytes(), offset); !wrote) {
        LEAT_TRY(cut_to(offset));
        return failed(wrote.error(), path_);
    }
    bool alone = written_unsynced_ == 0;
    written_unsynced_ += block.size();
    Status taken = tracker_.take(block);
    LEAT_ASSERT(taken.has_value());  // the builder wrote the schemas
    index_.add(tracker_.drain_index());
    if (alone && block.size() <= small_append) zero_ahead();
    return first;
}

bool EmbeddedLog::segment_is_full() const {
    return tracker_.complete().offset >= options_.segment_bytes && tracker_.segment_has_changes();
}

// The old segment is durable before the new one exists, so that only the last can be torn.
Status EmbeddedLog::roll() {
    LEAT_TRY(cut_zeros());
    LEAT_TRY(sync_file());
    SegmentHeader header;
    header.first_seq = Seq(tracker_.complete().order.next_seq);
    header.first_unit = UnitId(tracker_.complete().order.last_unit + 1);
    header.created_at_us = wall_time_us();
    header.previous_commit_time_us_max = tracker_.complete().commit_time_us_max;
    header.source = paths_.source();
    header.position = tracker_.position();
    header.has_catalog = !tracker_.schemas().empty();
    LEAT_TRY(create_segment(header));
    publish();
    // What could not be removed now is tried again with the next segment.
    static_cast<void>(trim());
    return {};
}

Status EmbeddedLog::create_segment(const SegmentHeader& header) {
    std::string temporary = paths_.new_segment(header.first_seq), path = paths_.segment(header.first_seq);
    auto opened = open_file(temporary, O_RDWR | O_CREAT | O_TRUNC);
    if (!opened) return failed(opened.error(), temporary);
    FileDescriptor file = std::move(*opened);
    Status made = write_segment(file.get(), header);
    if (made && ::rename(temporary.c_str(), path.c_str()) != 0)
        made = fail(io_error("rename", "file", errno));
    if (!made) {
        ::unlink(temporary.c_str());
        return failed(made.error(), temporary);
    }
    // From here on the new segment is the log's end, whether or not the directory reached the disk: without
    // it recovery goes on in the old segment, which is complete.
    LEAT_ASSIGN(uint64_t bytes, file_size(file.get()));
    tracker_.begin_segment(bytes);
    file_ = std::move(file);
    path_ = path;
    index_ = IndexWriter(paths_.index(header.first_seq), {});
    synced_offset_ = zeroed_end_ = bytes;
    if (auto synced = sync_directory(paths_.directory()); !synced) {
        broken_ = synced.error();
        return fail(synced.error());
    }
    return {};
}

Status EmbeddedLog::write_segment(int fd, const SegmentHeader& header) {
    ByteBuffer bytes;
    header.encode(bytes);
    if (header.has_catalog) {
        BlockBuilder builder;
        for (const auto& schema : tracker_.schemas().all()) builder.add_schema(*schema);
        Block catalog = builder.finish(static_cast<BlockFlags>(BlockFlag::catalog));
        catalog.seal(header.first_seq, UnitId(header.first_unit.value - 1), synced_unit_);
        bytes.put_bytes(catalog.bytes());
    }
    LEAT_TRY(io_.write(fd, bytes.view(), 0));
    return io_.sync(fd);
}

Status EmbeddedLog::sync() {
    LEAT_TRY(usable());
    if (sync_is_due()) LEAT_TRY(sync_file());
    if (options_.fsync == FsyncPolicy::never) {
        std::lock_guard lock(durable_mutex_);
        durable_position_ = tracker_.position();
    }
    if (published_unit_ != tracker_.complete().order.last_unit) publish();
    return {};
}

bool EmbeddedLog::sync_is_due() const {
    if (written_unsynced_ == 0 || options_.fsync == FsyncPolicy::never) return false;
    if (options_.fsync == FsyncPolicy::always) return true;
    return SteadyClock::now() - last_sync_ >= options_.fsync_interval;
}

Status EmbeddedLog::sync_file() {
    if (written_unsynced_ > 0) {
        if (auto synced = io_.sync(file_.get()); !synced) {
            // The kernel may have dropped the pages: what is not on disk must not be found again either.
            tail_->set_sync_failed();
            broken_ = synced.error();
            static_cast<void>(io_.truncate(file_.get(), synced_offset_));
            return failed(synced.error(), path_);
        }
    }
    note_synced();
    return {};
}

void EmbeddedLog::note_synced() {
    written_unsynced_ = 0;
    synced_offset_ = tracker_.complete().offset;
    synced_unit_ = UnitId(tracker_.complete().order.last_unit);
    last_sync_ = SteadyClock::now();
    std::lock_guard lock(durable_mutex_);
    durable_position_ = tracker_.position();
}

void EmbeddedLog::publish() {
    const auto& complete = tracker_.complete();
    TailState state;
    state.generation = claim_.lock->generation();
    state.extent = {tracker_.segment_first_seq(), complete.offset, Seq(complete.order.next_seq),
                    tracker_.log_commit_time_us_max()};
    state.synced_unit = synced_unit_;
    tail_->publish(state);
    published_unit_ = complete.order.last_unit;
}

Position EmbeddedLog::durable_position() const {
    std::lock_guard lock(durable_mutex_);
    return durable_position_;
}

Status EmbeddedLog::discard_unfinished() {
    LEAT_TRY(usable());
    if (!tracker_.current().order.in_unit) return {};
    LEAT_TRY(cut_to(tracker_.complete().offset));
    tracker_.forget_open_unit();
    return {};
}

// Zeros are no block: recovery cuts them off like a torn tail. Without room for them it goes as well.
void EmbeddedLog::zero_ahead() {
    uint64_t end = tracker_.current().offset;
    if (options_.fsync != FsyncPolicy::always || end <= zeroed_end_) return;
    zeroed_end_ = end + zeroed_bytes;
    if (!io_.write_zeros(file_.get(), end, zeroed_bytes)) static_cast<void>(cut_zeros());
}

Status EmbeddedLog::cut_zeros() {
    uint64_t end = tracker_.current().offset;
    return zeroed_end_ > end ? cut_to(end) : Status{};
}

// A file that cannot be cut holds bytes that nothing vouches for: only recovery may go on from there.
Status EmbeddedLog::cut_to(uint64_t offset) {
    auto cut = io_.truncate(file_.get(), offset);
    zeroed_end_ = offset;
    if (cut) return {};
    broken_ = cut.error();
    return failed(cut.error(), path_);
}

Status EmbeddedLog::usable() const {
    if (!broken_) return {};
    return fail(
        ErrorCode::IO,
        fmt::format("the change log in {} stopped after an error: {}", paths_.directory(), broken_->message),
        "It goes on from its last durable position when it is opened again. Check the disk.");
}

std::unexpected<Error> EmbeddedLog::failed(const Error& error, const std::string& path) const {
    Error told = error;
    told.message += fmt::format(" ({})", path);
    if (told.code == ErrorCode::LOG_DISK_FULL)
        told.action =
            fmt::format("Make room on the disk of {}; the source then goes on by itself.", data_directory_);
    return fail(std::move(told));
}

Result<std::unique_ptr<LogReader>> EmbeddedLog::read(ReadFrom from) {
    return EmbeddedReader::open(data_directory_, paths_, from);
}

LogRange EmbeddedLog::range() const {
    auto range = read_range(data_directory_, paths_);
    return range ? *range : LogRange{};
}

Status EmbeddedLog::trim() { return trim_segments(paths_, options_, tracker_.segment_first_seq()); }

}  // namespace leat
