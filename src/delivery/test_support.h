// For the tests of delivery and of what stands on it: a log in memory of one table with one column, whose
// blocks have one transaction each.
#pragma once

#include <condition_variable>

#include "delivery/feed.h"
#include "model/block_builder.h"

namespace leat::test {

inline std::shared_ptr<const TableSchema> items_table(std::string name = "items") {
    TableDefinition d;
    d.id = SchemaId(1);
    d.table = TableId(7);
    d.schema = "public";
    d.name = std::move(name);
    d.replica_identity = 'd';
    Column id;
    id.name = "id";
    id.type.kind = Kind::int64;
    id.identity = true;
    d.columns = {id};
    d.key = {0};
    return TableSchema::make(d);
}

class MemoryLog {
  public:
    // A transaction of so many inserts, with the commit time 1000 times its first sequence.
    void append(uint64_t changes) {
        std::lock_guard lock(mutex_);
        BlockBuilder builder;
        Transaction transaction;
        transaction.id = TransactionId(next_);
        transaction.commit_time_us = static_cast<int64_t>(next_ * 1000);
        builder.add_schema(*schema_);
        builder.begin_transaction(transaction, 0);
        for (uint64_t i = 0; i < changes; ++i) {
            builder.begin_row(Op::create, *schema_, SourceOffset(next_ + i));
            builder.begin_after();
            builder.set_fixed<int64_t>(0, static_cast<int64_t>(next_ + i));
            builder.end_tuple();
            builder.end_row();
        }
        builder.end_transaction(changes, SourceOffset(next_));
        Block block = builder.finish(BlockFlag::unit_begin | BlockFlag::unit_end, "P");
        block.seal(Seq(next_), UnitId(next_));
        next_ += changes;
        blocks_.push_back(std::make_shared<const Block>(std::move(block)));
        grown_.notify_all();
    }
    // What is read from now on, once all is read, is this.
    void fail_with(Error error) {
        std::lock_guard lock(mutex_);
        error_ = std::move(error);
        grown_.notify_all();
    }
    LogRange range() const {
        std::lock_guard lock(mutex_);
        LogRange range;
        range.next_seq = Seq(next_);
        return range;
    }
    std::unique_ptr<LogReader> read(Seq from) { return std::make_unique<Reader>(*this, from); }

    FeedSource source(Framing framing = Framing::ndjson, SelectionSpec selection = {}, size_t kept = 4 << 20);

  private:
    class Reader : public LogReader {
      public:
        Reader(MemoryLog& log, Seq from) : log_(log), from_(from) {}
        Result<std::optional<Block>> next(std::chrono::milliseconds wait) override {
            std::unique_lock lock(log_.mutex_);
            auto ready = [&] {
                while (at_ < log_.blocks_.size() && log_.blocks_[at_]->header().end_seq() <= from_.value)
                    ++at_;
                return at_ < log_.blocks_.size() || log_.error_;
            };
            log_.grown_.wait_for(lock, wait, ready);
            if (!ready()) return std::nullopt;
            if (at_ >= log_.blocks_.size()) return fail(*log_.error_);
            Block again = *log_.blocks_[at_++];
            LEAT_TRY(schemas_.add_from(again));
            return std::optional<Block>(std::move(again));
        }
        SchemaSet& schemas() override { return schemas_; }

      private:
        MemoryLog& log_;
        const Seq from_;
        size_t at_ = 0;
        SchemaSet schemas_;
    };

    const std::shared_ptr<const TableSchema> schema_ = items_table();
    mutable std::mutex mutex_;
    std::condition_variable grown_;
    std::vector<std::shared_ptr<const Block>> blocks_;
    uint64_t next_ = 1;
    std::optional<Error> error_;
};

// Tells each change as its sequence; one with a sequence that ends in 5 as two records.
class SeqEncoder : public Encoder {
  public:
    Status begin(const Transaction&, RecordSink&) override { return {}; }
    Status encode(const Change& change, const Transaction&, int64_t, RecordSink& out) override {
        std::string value = std::to_string(change.seq.value);
        Record record;
        record.topic = "t";
        record.value = value;
        out.write(record);
        if (change.seq.value % 10 == 5) out.write(record);
        return {};
    }
    Status commit(const Transaction&, uint64_t, int64_t, RecordSink&) override { return {}; }
};

inline FeedSource MemoryLog::source(Framing framing, SelectionSpec selection, size_t kept) {
    FeedSource feed;
    feed.read = [this](ReadFrom from) -> Result<std::unique_ptr<LogReader>> {
        auto* seq = std::get_if<Seq>(&from);
        return read(seq ? *seq : Seq(1));
    };
    feed.range = [this]() -> Result<LogRange> { return range(); };
    feed.make_encoder = [=]() -> Result<std::unique_ptr<BlockEncoder>> {
        LEAT_ASSIGN(auto wanted, ChangeSelection::make(selection));
        return std::make_unique<BlockEncoder>(std::make_unique<SeqEncoder>(), std::move(wanted), framing);
    };
    feed.kept_bytes = kept;
    return feed;
}

}  // namespace leat::test
