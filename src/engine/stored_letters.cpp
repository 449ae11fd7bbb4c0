#include "engine/stored_letters.h"

namespace leat::engine {

namespace {
constexpr size_t page = 1000;
}

Status StoredLetters::put(const Letter& letter) {
    db::DeadLetter stored;
    stored.seq = letter.seq;
    stored.key_hash = letter.keys.key_hash;
    stored.other_key_hash = letter.keys.other_key_hash;
    stored.held = letter.held;
    stored.attempts = letter.attempts;
    if (!letter.held) {
        stored.code = name(letter.error.code);
        stored.message = letter.error.message;
    }
    stored.content_type = content_type_;
    stored.bytes = letter.bytes;
    return store_.put(consumer_, stored);
}

Result<std::vector<LetterKeys>> StoredLetters::keys() {
    std::vector<LetterKeys> keys;
    Seq after{0};
    while (true) {
        LEAT_ASSIGN(auto letters, store_.list(consumer_, after, page));
        if (letters.empty()) return keys;
        for (const auto& letter : letters) keys.push_back({letter.key_hash, letter.other_key_hash});
        after = letters.back().seq;
    }
}

Result<std::optional<Letter>> StoredLetters::load(Seq seq) {
    LEAT_ASSIGN(auto stored, store_.find(consumer_, seq));
    if (!stored) return std::nullopt;
    Letter letter;
    letter.seq = seq;
    letter.keys = {stored->key_hash, stored->other_key_hash};
    letter.held = stored->held;
    letter.attempts = stored->attempts;
    letter.bytes = std::move(stored->bytes);
    return letter;
}

Status StoredLetters::remove(Seq seq) {
    LEAT_TRY(store_.remove(consumer_, {&seq, 1}));
    return {};
}

}  // namespace leat::engine
