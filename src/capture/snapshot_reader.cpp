#include "capture/snapshot_reader.h"

#include <fmt/core.h>

#include <thread>

#include "base/logging.h"
#include "base/text.h"
#include "model/block_builder.h"

namespace leat {

using namespace std::chrono_literals;

namespace {
constexpr auto report_every = 2s;
// A unit of a divisible step ends with the first chunk beyond one of these.
constexpr size_t unit_bytes = 4 << 20;
constexpr auto unit_time = 1s;

Block position_block(const Position& position, BlockFlags flags) {
    BlockBuilder builder(256);
    return builder.finish(flags, position.bytes);
}
}  // namespace

Status SnapshotReader::read(SnapshotPlan& plan, std::stop_token stop) {
    constexpr BlockFlags whole_unit = BlockFlag::unit_begin | BlockFlag::unit_end;
    BlockBuilder before(4096);
    for (auto& schema : plan.schemas_before()) before.add_schema(*schema);
    LEAT_TRY(channel_.push_and_wait_durable(before.finish(whole_unit, plan.position_before().bytes), stop));
    LEAT_TRY(plan.begin(stop));
    uint64_t estimate = 0;
    for (const SnapshotTable& table : plan.tables()) estimate += table.rows_estimate;
    rows_estimate_ = estimate;
    started_ = reported_ = SteadyClock::now();
    if (!plan.tables().empty()) {
        // A table that was never analysed has no estimate.
        std::string about =
            estimate ? fmt::format(", about {} rows", human_count(static_cast<double>(estimate))) : "";
        log_event(LogLevel::info, subject_,
                  fmt::format("SNAPSHOTTING {} tables{}", plan.tables().size(), about));
    }
    marker_ = std::make_unique<PlaceMarker>(
        [this, stop](Block block) { return push(std::move(block), stop); },
        [this, &plan, stop](size_t chunk) { return chunk_written(plan, chunk, stop); });
    for (size_t step = 0; step < plan.steps().size(); ++step) LEAT_TRY(read_step(plan, step, stop));
    LEAT_TRY(channel_.push(position_block(plan.position_after(), whole_unit), stop));
    if (!left_out_.empty())
        return fail(ErrorCode::PG_TABLE_CHANGED,
                    fmt::format("{} of {} tables were altered, truncated or locked while the snapshot was "
                                "read ({}, ...); they "
                                "are read under another one",
                                left_out_.size(), plan.tables().size(), left_out_.front()));
    if (plan.tables().empty()) return {};
    auto done = progress();
    log_event(LogLevel::info, subject_,
              fmt::format("snapshot complete: {} rows in {:.1f} s ({} rows/s)", done.rows, done.seconds,
                          human_count(static_cast<double>(done.rows) / std::max(done.seconds, 0.001))));
    return {};
}

Status SnapshotReader::push(Block block, std::stop_token stop) {
    if (!unit_open_) {
        block.set_flags(block.header().flags | BlockFlag::unit_begin);
        unit_begun_ = SteadyClock::now();
        unit_bytes_ = 0;
    }
    unit_open_ = true;
    unit_bytes_ += block.size();
    return channel_.push(std::move(block), stop);
}

Status SnapshotReader::end_unit(const Position& position, std::stop_token stop) {
    LEAT_TRY(push(position_block(position, BlockFlag::unit_end | BlockFlag::snapshot), stop));
    unit_open_ = false;
    return {};
}

Status SnapshotReader::chunk_written(SnapshotPlan& plan, size_t chunk, std::stop_token stop) {
    if (!step_->divisible) return {};
    plan.chunk_done(step_->chunks[chunk]);
    if (!unit_open_ || (unit_bytes_ < unit_bytes && SteadyClock::now() - unit_begun_ < unit_time)) return {};
    return end_unit(plan.position_within_step(), stop);
}

Status SnapshotReader::read_step(SnapshotPlan& plan, size_t index, std::stop_token stop) {
    SnapshotStep step = plan.steps()[index];
    step_ = &step;
    size_t wanted = std::min<size_t>(readers_max_, step.chunks.size());
    while (readers_.size() < wanted) {
        LEAT_ASSIGN(auto reader, plan.open_reader());
        readers_.push_back(std::move(reader));
    }
    LEAT_TRY(hold_tables(plan, step, wanted, stop));
    // Schemas first, in a block of their own: the readers' blocks come in any order.
    BlockBuilder schemas;
    for (uint32_t table : step.tables) schemas.add_schema(*plan.tables()[table].schema);
    if (step.divisible) plan.step_begun(index);
    LEAT_TRY(push(schemas.finish(BlockFlags{} | BlockFlag::snapshot), stop));
    LEAT_TRY(read_chunks(step, wanted, stop));
    LEAT_TRY(marker_->step_done(index + 1 == plan.steps().size() && left_out_.empty()));
    return end_unit(plan.position_after_step(index), stop);
}

// Every reader holds every table of the step before one is read: none of them then waits behind somebody who
// waits for another of them.
Status SnapshotReader::hold_tables(SnapshotPlan& plan, SnapshotStep& step, size_t readers,
                                   std::stop_token stop) {
    std::vector<uint32_t> left_out;
    for (uint32_t table : step.tables) {
        bool held = true;
        for (size_t i = 0; i < readers && held; ++i) {
            LEAT_ASSIGN(held, readers_[i]->hold(table, stop));
        }
        if (held) continue;
        plan.leave_out(table);
        left_out.push_back(table);
        left_out_.push_back(plan.tables()[table].schema->qualified_name());
    }
    auto is_left_out = [&](uint32_t table) {
        return std::find(left_out.begin(), left_out.end(), table) != left_out.end();
    };
    std::erase_if(step.tables, is_left_out);
    std::erase_if(step.chunks, [&](const Chunk& chunk) { return is_left_out(chunk.table); });
    return {};
}

Status SnapshotReader::read_chunks(const SnapshotStep& step, size_t wanted, std::stop_token stop) {
    std::atomic<size_t> next{0};
    std::mutex mutex;
    std::condition_variable ended;
    size_t running = wanted;
    Status outcome;
    std::stop_source step_stop;  // one reader's failure ends the others
    std::stop_callback forward(stop, [&] { step_stop.request_stop(); });

    std::unordered_map<uint32_t, std::atomic<size_t>> chunks_left;  // by table
    for (const Chunk& chunk : step.chunks) ++chunks_left[chunk.table];

    auto work = [&](ChunkReader& reader) -> Status {
        for (size_t index; (index = next++) < step.chunks.size();) {
            if (step_stop.stop_requested()) return fail(ErrorCode::STOPPED, "stopped on request");
            uint32_t table = step.chunks[index].table;
            auto take = [&](Block block) -> Status {
                rows_ += block.header().change_count;
                return marker_->take(table, index, std::move(block));
            };
            LEAT_TRY(reader.read(step.chunks[index], take, step_stop.get_token()));
            LEAT_TRY(marker_->chunk_done(table, index));
            if (--chunks_left.at(table) == 0) LEAT_TRY(marker_->table_done(table));
        }
        return {};
    };
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < wanted; ++i)
        threads.emplace_back([&, i] {
            Status status = work(*readers_[i]);
            std::lock_guard lock(mutex);
            // The first error is the cause; the others only end because of it.
            if (!status && outcome) outcome = std::move(status);
            if (!outcome) step_stop.request_stop();
            --running;
            ended.notify_one();
        });
    {
        std::unique_lock lock(mutex);
        while (running > 0) {
            ended.wait_for(lock, 250ms);
            report();
        }
    }
    threads.clear();
    return outcome;
}

SnapshotProgress SnapshotReader::progress() const {
    return {rows_, rows_estimate_,
            std::chrono::duration<double>(SteadyClock::now() - started_.load()).count()};
}

void SnapshotReader::report() {
    auto now = SteadyClock::now();
    if (now - reported_ < report_every) return;
    reported_ = now;
    auto [rows, estimate, seconds] = progress();
    double rate = static_cast<double>(rows) / std::max(seconds, 0.001);
    std::string text = fmt::format("snapshot: {}", human_count(static_cast<double>(rows)));
    if (estimate > rows) text += fmt::format(" of about {}", human_count(static_cast<double>(estimate)));
    text += fmt::format(" rows, {} rows/s", human_count(rate));
    if (estimate > rows && rate > 0)
        text +=
            fmt::format(", about {:.0f} s remaining ({:.0f} %)", static_cast<double>(estimate - rows) / rate,
                        100.0 * static_cast<double>(rows) / static_cast<double>(estimate));
    log_event(LogLevel::info, subject_, text);
}

}  // namespace leat
