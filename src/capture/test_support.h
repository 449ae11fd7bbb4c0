// Fakes for the tests of this folder: a source, a snapshot and a log that do as they are told and write down
// what was asked of them. Tests wait for what happened, never for time to pass.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>

#include "log/change_log.h"
#include "model/block_builder.h"
#include "source/source.h"

namespace leat::capture_test {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

// What happened, in order. Any thread.
class Journal {
  public:
    void add(std::string line) {
        std::lock_guard lock(mutex_);
        lines_.push_back(std::move(line));
        changed_.notify_all();
    }
    Lines lines() const {
        std::lock_guard lock(mutex_);
        return lines_;
    }
    bool has(const std::string& line) const { return count(line) > 0; }
    size_t count(const std::string& line) const {
        std::lock_guard lock(mutex_);
        return static_cast<size_t>(std::count(lines_.begin(), lines_.end(), line));
    }
    // Where the line stands; after all others if it does not.
    size_t place(const std::string& line) const {
        std::lock_guard lock(mutex_);
        return static_cast<size_t>(std::find(lines_.begin(), lines_.end(), line) - lines_.begin());
    }
    // Waits until the line was written so many times. Only a test that fails gets to the deadline.
    bool wait_for(const std::string& line, size_t times = 1) {
        std::unique_lock lock(mutex_);
        auto seen = [&] {
            return static_cast<size_t>(std::count(lines_.begin(), lines_.end(), line)) >= times;
        };
        bool in_time = changed_.wait_for(lock, 60s, seen);
        EXPECT_TRUE(in_time) << "not seen: " << line << "\n" << fmt::format("{}", fmt::join(lines_, "\n"));
        return in_time;
    }

  private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    Lines lines_;
};

// Waits until a stop is asked for; what a call that can be stopped does.
inline Status wait_for_stop(std::stop_token stop) {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    changed.wait(lock, stop, [] { return false; });
    return fail(ErrorCode::STOPPED, "stopped on request");
}

// ---- blocks ----

constexpr BlockFlags whole_unit = BlockFlag::unit_begin | BlockFlag::unit_end;
constexpr auto unit_begin = static_cast<BlockFlags>(BlockFlag::unit_begin);
constexpr auto unit_end = static_cast<BlockFlags>(BlockFlag::unit_end);

// A block of messages, which need no table.
inline Block make_block(std::string_view position, BlockFlags flags = whole_unit, int changes = 1,
                        size_t bytes = 10) {
    BlockBuilder builder(256);
    for (int i = 0; i < changes; ++i)
        builder.add_message(SourceOffset(1), false, "", as_bytes(std::string(bytes, 'x')));
    return builder.finish(flags, position);
}

inline std::shared_ptr<const TableSchema> make_schema(uint32_t id) {
    TableDefinition definition;
    definition.id = SchemaId(id);
    definition.table = TableId(100 + id);
    definition.name = "t" + std::to_string(id);
    definition.columns.resize(1);
    definition.columns[0].name = "id";
    definition.columns[0].type.kind = Kind::int32;
    return TableSchema::make(std::move(definition));
}

// Rows first to last of a table, as a chunk reader hands them on.
inline Block make_rows(const TableSchema& schema, int first, int last) {
    BlockBuilder builder(256);
    Transaction transaction;
    transaction.snapshot = true;
    builder.begin_transaction(transaction, 0);
    for (int id = first; id <= last; ++id) {
        builder.begin_row(Op::read, schema, SourceOffset(1), SnapshotPlace::inside);
        builder.begin_after();
        builder.set_fixed<int32_t>(0, id);
        builder.end_tuple();
        builder.end_row();
    }
    builder.end_transaction(builder.change_count(), SourceOffset(1));
    return builder.finish(static_cast<BlockFlags>(BlockFlag::snapshot));
}

// ---- the log ----

// What is on the disk: outlives the logs that are opened on it.
struct LogStore {
    explicit LogStore(Journal& to) : journal(to) {}

    // What the next calls do before anything else; an error is what they return.
    std::function<Status()> on_open, on_append, on_sync;
    std::atomic<bool> makes_durable{true};  // false: as under fsync: interval, before the interval is over

    Journal& journal;
    std::mutex mutex;
    std::vector<Block> blocks;  // appended
    size_t durable = 0;         // of them, to the end of a unit
    std::vector<std::shared_ptr<const TableSchema>> schemas;

    Position position_of(size_t count) {
        for (size_t i = count; i > 0; --i)
            if (blocks[i - 1].header().has(BlockFlag::unit_end))
                return {std::string(blocks[i - 1].position())};
        return {};
    }
    // The positions of the complete units.
    Lines units() {
        std::lock_guard lock(mutex);
        Lines positions;
        for (const Block& block : blocks)
            if (block.header().has(BlockFlag::unit_end)) positions.emplace_back(block.position());
        return positions;
    }
    uint64_t changes() {
        std::lock_guard lock(mutex);
        uint64_t sum = 0;
        for (const Block& block : blocks) sum += block.header().change_count;
        return sum;
    }
};

class FakeLog : public ChangeLog {
  public:
    // Recovery: what was not made durable before a sync failed, and an unfinished unit, are gone.
    static Result<std::unique_ptr<ChangeLog>> open(LogStore& store) {
        if (store.on_open) LEAT_TRY(store.on_open());
        {
            std::lock_guard lock(store.mutex);
            while (!store.blocks.empty() && !store.blocks.back().header().has(BlockFlag::unit_end))
                store.blocks.pop_back();
            store.durable = store.blocks.size();
        }
        store.journal.add("log opened");
        return std::unique_ptr<ChangeLog>(new FakeLog(store));
    }
    ~FakeLog() override { store_.journal.add("log closed"); }

    const Position& position() const override { return position_; }
    std::vector<std::shared_ptr<const TableSchema>> latest_schemas() const override { return store_.schemas; }
    LogRange range() const override { return {}; }

    Result<Seq> append(Block& block) override {
        EXPECT_FALSE(broken_) << "appended to a log that failed";
        if (store_.on_append) LEAT_TRY(store_.on_append());
        std::lock_guard lock(store_.mutex);
        bool begins = block.header().has(BlockFlag::unit_begin);
        bool in_unit = !store_.blocks.empty() && !store_.blocks.back().header().has(BlockFlag::unit_end);
        EXPECT_NE(begins, in_unit) << "units do not follow one another";
        store_.blocks.push_back(block);
        store_.journal.add(fmt::format("append{}{}{}", begins ? " begin" : "",
                                       block.header().has(BlockFlag::unit_end) ? " end " : "",
                                       block.position()));
        return Seq(1);
    }
    Status sync() override {
        EXPECT_FALSE(broken_) << "synced a log that failed";
        Status status = store_.on_sync ? store_.on_sync() : Status{};
        std::lock_guard lock(store_.mutex);
        if (!status && status.error().code != ErrorCode::LOG_DISK_FULL) {
            broken_ = true;
            store_.blocks.resize(store_.durable);
        }
        LEAT_TRY(status);
        if (store_.makes_durable) {
            for (size_t i = store_.durable; i < store_.blocks.size(); ++i)
                if (store_.blocks[i].header().has(BlockFlag::unit_end)) store_.durable = i + 1;
        }
        store_.journal.add("sync " + store_.position_of(store_.durable).bytes);
        return {};
    }
    Position durable_position() const override {
        std::lock_guard lock(store_.mutex);
        return store_.position_of(store_.durable);
    }
    Status discard_unfinished() override { return {}; }
    Result<std::unique_ptr<LogReader>> read(ReadFrom) override {
        return fail(ErrorCode::INTERNAL, "not read here");
    }
    Status trim() override { return {}; }

  private:
    explicit FakeLog(LogStore& store) : store_(store), position_(store.position_of(store.blocks.size())) {}

    LogStore& store_;
    const Position position_;
    bool broken_ = false;
};

// ---- the source ----

class FakeSource : public Source {
  public:
    explicit FakeSource(Journal& journal) : journal_(journal) {}

    using Plan = std::unique_ptr<SnapshotPlan>;
    std::function<Result<Plan>(const ResumePoint&, std::stop_token)> on_open;
    std::function<Status(std::stop_token)> on_start_streaming;
    std::atomic<bool> answers_signals{true};

    // What read() gives next; after that nothing comes. Any thread.
    void gives(Block block) { give(std::move(block)); }
    void fails(ErrorCode code) { give(fail(code, "told to")); }

    Result<std::vector<Finding>> check() override { return std::vector<Finding>{}; }
    Result<Plan> open(const ResumePoint& from, std::stop_token stop) override {
        journal_.add("open " + from.position.bytes);
        if (on_open) return on_open(from, stop);
        return nullptr;
    }
    void listen_to(SignalQueue& signals) override { signals_ = &signals; }
    Status start_streaming(std::stop_token stop) override {
        journal_.add("start streaming");
        return on_start_streaming ? on_start_streaming(stop) : Status{};
    }
    Result<std::optional<Block>> read(std::chrono::milliseconds wait) override {
        journal_.add("read");
        if (answers_signals && signals_->waiting()) {
            auto entry = signals_->take();
            journal_.add("signal " + entry->id);
            signals_->carried_out(SignalOutcome{{entry->id}, {}});
            return make_block("signal " + entry->id);
        }
        std::unique_lock lock(mutex_);
        given_.wait_for(lock, std::min<std::chrono::milliseconds>(wait, 5ms),
                        [&] { return !queue_.empty(); });
        if (queue_.empty()) return std::nullopt;
        auto next = std::move(queue_.front());
        queue_.pop_front();
        if (!next) return fail(std::move(next.error()));
        return std::optional<Block>(std::move(*next));
    }
    Status keep_alive() override {
        journal_.add("keep alive");
        return {};
    }
    void confirm(const Position& durable) override { journal_.add("confirm " + durable.bytes); }
    void close() override { journal_.add("close"); }
    Status release(std::stop_token) override {
        journal_.add("release");
        return {};
    }
    std::string describe(const Position& position) const override { return position.bytes; }

  private:
    void give(Result<Block> next) {
        std::lock_guard lock(mutex_);
        queue_.push_back(std::move(next));
        given_.notify_all();
    }
    Journal& journal_;
    SignalQueue* signals_ = nullptr;
    std::mutex mutex_;
    std::condition_variable given_;
    std::deque<Result<Block>> queue_;
};

// ---- snapshots ----

class FakeSnapshotPlan : public SnapshotPlan {
  public:
    explicit FakeSnapshotPlan(Journal& journal) : journal_(journal) {}

    using Take = std::function<Status(Block)>;
    std::function<Status(std::stop_token)> on_begin;
    std::function<Status()> on_open_reader;
    // What a chunk reader does; without it, it hands on the chunk's rows.
    std::function<Status(const Chunk&, const Take&, std::stop_token)> on_read;
    std::vector<std::shared_ptr<const TableSchema>> markers;

    // A table whose chunks hold the rows 1 to rows_per_chunk, and so on.
    void add_table(uint32_t chunks, int rows_per_chunk = 2) {
        auto index = static_cast<uint32_t>(tables_.size());
        tables_.push_back({make_schema(index + 1), chunks * static_cast<uint64_t>(rows_per_chunk), 0});
        SnapshotStep step;
        step.tables = {index};
        for (uint32_t i = 0; i < chunks; ++i) {
            Chunk chunk;
            chunk.table = index;
            chunk.from = std::to_string(i * static_cast<uint32_t>(rows_per_chunk) + 1);
            chunk.to = std::to_string((i + 1) * static_cast<uint32_t>(rows_per_chunk));
            step.chunks.push_back(chunk);
        }
        steps_.push_back(std::move(step));
    }
    // Puts the last table into the step before its own.
    void join_last_steps() {
        SnapshotStep last = std::move(steps_.back());
        steps_.pop_back();
        steps_.back().tables.push_back(last.tables[0]);
        for (Chunk& chunk : last.chunks) steps_.back().chunks.push_back(std::move(chunk));
    }

    Position position_before() const override { return {"before"}; }
    std::vector<std::shared_ptr<const TableSchema>> schemas_before() const override { return markers; }
    Status begin(std::stop_token stop) override {
        journal_.add("begin");
        return on_begin ? on_begin(stop) : Status{};
    }
    const std::vector<SnapshotTable>& tables() const override { return tables_; }
    const std::vector<SnapshotStep>& steps() const override { return steps_; }
    Result<std::unique_ptr<ChunkReader>> open_reader() override {
        journal_.add("open reader");
        if (on_open_reader) LEAT_TRY(on_open_reader());
        return std::make_unique<Reader>(*this);
    }
    void make_divisible() {
        for (SnapshotStep& step : steps_) step.divisible = true;
    }
    void step_begun(size_t step) override { done_ = fmt::format("in step {}:", step); }
    void chunk_done(const Chunk& chunk) override { done_ += fmt::format(" {}-{}", chunk.from, chunk.to); }
    Position position_within_step() override { return {done_}; }
    Position position_after_step(size_t step) override { return {fmt::format("step {}", step)}; }
    Position position_after() override { return {"after"}; }

  private:
    class Reader : public ChunkReader {
      public:
        explicit Reader(FakeSnapshotPlan& plan) : plan_(plan) {}
        Status read(const Chunk& chunk, const Take& take, std::stop_token stop) override {
            plan_.journal_.add(fmt::format("chunk {} {}-{}", chunk.table, chunk.from, chunk.to));
            if (plan_.on_read) return plan_.on_read(chunk, take, stop);
            return take(
                make_rows(*plan_.tables_[chunk.table].schema, std::stoi(chunk.from), std::stoi(chunk.to)));
        }

      private:
        FakeSnapshotPlan& plan_;
    };

    Journal& journal_;
    std::vector<SnapshotTable> tables_;
    std::vector<SnapshotStep> steps_;
    std::string done_;
};

}  // namespace leat::capture_test
