// LIKE and ILIKE. Compiled once; matching takes at most length of text × length of pattern steps and no
// memory. Immutable; any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace leat {

// One character of UTF-8, and moves on; a byte that is not UTF-8 is a character above all others.
char32_t next_character(std::string_view text, size_t& at);
// By the simple mappings of Unicode, as PostgreSQL does in a UTF-8 locale of the C library.
char32_t lower_character(char32_t character);
char32_t upper_character(char32_t character);

class LikePattern {
  public:
    // escape: one character, or empty for none. The error says what is wrong.
    static std::expected<LikePattern, std::string> compile(std::string_view pattern, std::string_view escape,
                                                           bool ignore_case);
    bool matches(std::string_view text) const;

  private:
    // '%' and '_' that are not themselves.
    static constexpr char32_t any = 0xFFFFFFFF, one = 0xFFFFFFFE;

    bool contains_pieces(std::string_view text) const;

    std::string prefix_;              // bytes that the text begins with; not if case is ignored
    std::vector<char32_t> elements_;  // what follows
    // The same, as the bytes after each '%', if there is neither '_' nor a case to ignore: bytes are found
    // fast.
    std::vector<std::string> pieces_;
    bool ignore_case_ = false;
};

}  // namespace leat
