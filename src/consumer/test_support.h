// For the tests of consumers: a destination in memory that does as it is told, and dead letters likewise.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>

#include "consumer/consumer_runner.h"
#include "delivery/test_support.h"

namespace leat::test {

// Outlives the sinks that write to it, as a destination does.
struct Target {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<uint64_t> taken;   // in the order in which they came
    std::vector<uint64_t> resent;  // of dead letters
    size_t opens = 0, writes = 0;
    std::vector<size_t> batches;  // how many changes each had

    // What it does:
    std::map<uint64_t, int> refuse;    // sequence → how many times; -1: always
    std::vector<Error> troubles;       // for the next writes, one each
    size_t take_before_trouble = 0;    // of the batch
    std::optional<Seq> checkpoint;     // kept here
    bool durable_by_flush = false;     // otherwise at once
    std::optional<Error> flush_error;  // once
    bool stuck = false;                // write waits until it is not, or is to stop

    template <class Condition>
    bool wait(Condition condition) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, std::chrono::seconds(20), condition);
    }
    bool wait_for(std::vector<uint64_t> seqs) {
        return wait([&] { return taken == seqs; });
    }
};

class TargetSink final : public Sink {
  public:
    explicit TargetSink(Target& target) : target_(target) {}

    Result<std::optional<Seq>> open(std::stop_token) override {
        std::lock_guard lock(target_.mutex);
        ++target_.opens;
        target_.changed.notify_all();
        return target_.checkpoint;
    }
    Written write(const Batch& batch, std::stop_token stop) override {
        std::unique_lock lock(target_.mutex);
        ++target_.writes;
        target_.batches.push_back(batch.changes.size());
        target_.changed.notify_all();
        while (target_.stuck && !stop.stop_requested())
            target_.changed.wait_for(lock, std::chrono::milliseconds(10));
        Written written;
        size_t takes = batch.changes.size();
        if (!target_.troubles.empty()) {
            written.error = target_.troubles.front();
            target_.troubles.erase(target_.troubles.begin());
            takes = std::min(takes, target_.take_before_trouble);
        }
        for (size_t i = 0; i < takes; ++i) {
            Seq seq = batch.changes[i].seq;
            auto refused = target_.refuse.find(seq.value);
            if (refused != target_.refuse.end() && refused->second != 0) {
                if (refused->second > 0) --refused->second;
                written.refused.push_back({seq, {ErrorCode::SINK_REFUSED, "no", ""}});
                break;
            }
            (batch.resent ? target_.resent : target_.taken).push_back(seq.value);
            ++written.accepted;
            if (!batch.resent) last_ = seq;
        }
        if (!target_.durable_by_flush) durable_ = last_;
        written.durable = durable_;
        target_.changed.notify_all();
        return written;
    }
    Result<Seq> flush(std::stop_token) override {
        std::lock_guard lock(target_.mutex);
        if (target_.flush_error) return fail(*std::exchange(target_.flush_error, std::nullopt));
        durable_ = last_;
        return durable_;
    }

  private:
    Target& target_;
    Seq last_{0}, durable_{0};
};

class MemoryLetters final : public DeadLetters {
  public:
    Status put(const Letter& letter) override {
        std::lock_guard lock(mutex_);
        letters_[letter.seq.value] = letter;
        return {};
    }
    Result<uint64_t> count() override {
        std::lock_guard lock(mutex_);
        return letters_.size();
    }
    Result<std::vector<LetterKeys>> keys() override {
        std::lock_guard lock(mutex_);
        std::vector<LetterKeys> keys;
        for (auto& [seq, letter] : letters_) keys.push_back(letter.keys);
        return keys;
    }
    Result<std::optional<Letter>> load(Seq seq) override {
        std::lock_guard lock(mutex_);
        auto found = letters_.find(seq.value);
        if (found == letters_.end()) return std::nullopt;
        return found->second;
    }
    Status remove(Seq seq) override {
        std::lock_guard lock(mutex_);
        letters_.erase(seq.value);
        return {};
    }
    std::vector<uint64_t> seqs() {
        std::lock_guard lock(mutex_);
        std::vector<uint64_t> seqs;
        for (auto& [seq, letter] : letters_) seqs.push_back(seq);
        return seqs;
    }

  private:
    std::mutex mutex_;
    std::map<uint64_t, Letter> letters_;
};

// Of a key that several changes share: their sequence modulo so many.
class KeyedEncoder : public Encoder {
  public:
    explicit KeyedEncoder(uint64_t keys) : keys_(keys) {}
    Status begin(const Transaction&, RecordSink&) override { return {}; }
    Status encode(const Change& change, const Transaction&, int64_t, RecordSink& out) override {
        std::string key = std::to_string(change.seq.value % keys_), value = std::to_string(change.seq.value);
        Record record;
        record.topic = "t";
        record.key = key;
        record.value = value;
        out.write(record);
        return {};
    }
    Status commit(const Transaction&, uint64_t, int64_t, RecordSink&) override { return {}; }

  private:
    const uint64_t keys_;
};

inline FeedSource keyed_source(MemoryLog& log, uint64_t keys) {
    auto source = log.source();
    source.make_encoder = [keys]() -> Result<std::unique_ptr<BlockEncoder>> {
        LEAT_ASSIGN(auto all, ChangeSelection::make({}));
        return std::make_unique<BlockEncoder>(std::make_unique<KeyedEncoder>(keys), std::move(all),
                                              Framing::ndjson);
    };
    return source;
}

}  // namespace leat::test
