// Where a consumer puts changes aside that its destination refuses. Implemented over the store; a fake in the
// tests. Called by the consumer's thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/ids.h"

namespace leat {

struct LetterKeys {
    uint64_t key_hash = 0, other_key_hash = 0;
};

struct Letter {
    Seq seq;
    LetterKeys keys;
    bool held = false;  // not refused itself: it follows one of its key
    uint64_t attempts = 0;
    Error error;  // of one that is held: of none
    std::string bytes;
};

class DeadLetters {
  public:
    virtual ~DeadLetters() = default;
    // Durable on return; one of the same sequence is replaced.
    virtual Status put(const Letter& letter) = 0;
    virtual Result<uint64_t> count() = 0;
    // Of all that wait, in any order.
    virtual Result<std::vector<LetterKeys>> keys() = 0;
    // None: it is gone by now.
    virtual Result<std::optional<Letter>> load(Seq seq) = 0;
    virtual Status remove(Seq seq) = 0;
};

}  // namespace leat
