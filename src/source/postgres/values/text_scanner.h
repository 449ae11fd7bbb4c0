// Reading the text form of one value: where it stops following its type's format, and a checked cursor over
// it. Nothing here reads past the end, and nothing repeats the value: values are secrets (invariant 10).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace leat::pg {

// What is wrong with a value's text; false if nothing is.
struct [[nodiscard]] Fault {
    enum class Kind : uint8_t { none, malformed, unsupported };

    size_t offset = 0;  // in the text
    Kind kind = Kind::none;

    explicit operator bool() const { return kind != Kind::none; }
    // The same fault seen from a text that holds this one at `start`.
    Fault inside(size_t start) const { return {start + offset, kind}; }

    static Fault none() { return {}; }
    // The text does not follow the format.
    static Fault malformed(size_t offset) { return {offset, Kind::malformed}; }
    // The text is fine, but the canonical value cannot hold it.
    static Fault unsupported() { return {0, Kind::unsupported}; }
};

// 0–9, or more than 9 for every other character.
inline unsigned digit_of(char c) { return static_cast<unsigned>(static_cast<unsigned char>(c)) - '0'; }

// The text outlives the scanner.
class TextScanner {
  public:
    explicit TextScanner(std::string_view text)
        : begin_(text.data()), next_(text.data()), end_(text.data() + text.size()) {}

    bool at_end() const { return next_ == end_; }
    size_t offset() const { return static_cast<size_t>(next_ - begin_); }
    size_t remaining() const { return static_cast<size_t>(end_ - next_); }
    // 0 at the end.
    char peek() const { return next_ == end_ ? '\0' : *next_; }
    std::string_view rest() const { return {next_, remaining()}; }
    void skip(size_t count) { next_ += count; }

    bool take(char c) {
        if (next_ == end_ || *next_ != c) return false;
        ++next_;
        return true;
    }
    bool take(std::string_view word) {
        if (!rest().starts_with(word)) return false;
        next_ += word.size();
        return true;
    }

    // Passes up to max digits (at most 18, so that nothing overflows) and returns how many there were.
    int digits(int max, uint64_t& value) {
        int count = 0;
        uint64_t sum = 0;
        while (count < max && next_ != end_ && digit_of(*next_) <= 9) {
            sum = sum * 10 + digit_of(*next_++);
            ++count;
        }
        value = sum;
        return count;
    }
    bool two_digits(unsigned& value) {
        if (remaining() < 2) return false;
        unsigned high = digit_of(next_[0]), low = digit_of(next_[1]);
        if (high > 9 || low > 9) return false;
        value = high * 10 + low;
        next_ += 2;
        return true;
    }

    Fault malformed() const { return Fault::malformed(offset()); }
    // For the end of a parser: nothing may follow.
    Fault end_fault() const { return at_end() ? Fault::none() : malformed(); }

  private:
    const char* begin_;
    const char* next_;
    const char* end_;
};

}  // namespace leat::pg
