// A consumer's dead letters in the store.
#pragma once

#include "consumer/dead_letters.h"
#include "store/dead_letter_store.h"

namespace leat::engine {

class StoredLetters final : public DeadLetters {
  public:
    StoredLetters(std::string consumer, std::string content_type, std::shared_ptr<db::Database> database)
        : consumer_(std::move(consumer)),
          content_type_(std::move(content_type)),
          store_(std::move(database)) {}

    Status put(const Letter& letter) override;
    Result<uint64_t> count() override { return store_.count(consumer_); }
    Result<std::vector<LetterKeys>> keys() override;
    Result<std::optional<Letter>> load(Seq seq) override;
    Status remove(Seq seq) override;

  private:
    const std::string consumer_, content_type_;
    db::DeadLetterStore store_;
};

}  // namespace leat::engine
