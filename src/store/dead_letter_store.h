// Changes that a consumer's destination refused, with their original bytes. Any thread. Every function:
// STORE_… of Database::open.
#pragma once

#include <span>
#include <vector>

#include "model/ids.h"
#include "store/database.h"

namespace leat::db {

struct DeadLetter {
    Seq seq;
    uint64_t key_hash = 0, other_key_hash = 0;  // delivery/encoded_block.h
    bool held = false;                          // not refused itself: it follows one of its key
    uint64_t attempts = 0;
    std::string code, message;
    std::string content_type;
    std::string bytes;       // in lists: empty
    int64_t created_us = 0;  // set by the store
};

class DeadLetterStore {
  public:
    explicit DeadLetterStore(std::shared_ptr<Database> database) : database_(std::move(database)) {}

    // Takes the place of one of the same sequence.
    Status put(const std::string& consumer, const DeadLetter& letter);
    Result<uint64_t> count(const std::string& consumer) const;
    // By sequence, those after one.
    Result<std::vector<DeadLetter>> list(const std::string& consumer, Seq after, size_t limit) const;
    Result<std::optional<DeadLetter>> find(const std::string& consumer, Seq seq) const;
    // How many there were; of no sequences: all of the consumer's.
    Result<uint64_t> remove(const std::string& consumer, std::span<const Seq> seqs);

  private:
    const std::shared_ptr<Database> database_;
};

}  // namespace leat::db
