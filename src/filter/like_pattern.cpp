#include "filter/like_pattern.h"

#include <locale.h>

#include <cwctype>

#include "base/utf8.h"

namespace leat {
namespace {

constexpr char32_t not_unicode = 0x110000;  // a byte that is no character, above all characters

locale_t unicode() {
    static const locale_t locale = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return locale;
}

}  // namespace

char32_t next_character(std::string_view text, size_t& at) {
    auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
    uint8_t first = byte(at);
    if (first < 0x80) return ++at, first;
    size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    char32_t character = first & (0xFF >> (length + 1));
    bool valid = first >= 0xC2 && first <= 0xF4 && text.size() - at >= length;
    for (size_t i = 1; valid && i < length; ++i) {
        valid = (byte(at + i) & 0xC0) == 0x80;
        character = character << 6 | (byte(at + i) & 0x3F);
    }
    if (!valid) return ++at, not_unicode + first;
    at += length;
    return character;
}

char32_t lower_character(char32_t character) {
    if (character < 0x80) return character >= 'A' && character <= 'Z' ? character + 32 : character;
    if (!unicode() || character >= not_unicode) return character;
    return static_cast<char32_t>(::towlower_l(static_cast<wint_t>(character), unicode()));
}

char32_t upper_character(char32_t character) {
    if (character < 0x80) return character >= 'a' && character <= 'z' ? character - 32 : character;
    if (!unicode() || character >= not_unicode) return character;
    return static_cast<char32_t>(::towupper_l(static_cast<wint_t>(character), unicode()));
}

std::expected<LikePattern, std::string> LikePattern::compile(std::string_view pattern,
                                                             std::string_view escape, bool ignore_case) {
    size_t escape_end = 0;
    char32_t escaped_by = escape.empty() ? any : next_character(escape, escape_end);
    if (escape_end != escape.size()) return std::unexpected("ESCAPE takes one character");
    LikePattern made;
    made.ignore_case_ = ignore_case;
    bool at_prefix = !ignore_case;
    for (size_t at = 0; at < pattern.size();) {
        size_t begin = at;
        char32_t character = next_character(pattern, at);
        bool special = false;
        if (character == escaped_by) {
            if (at == pattern.size()) return std::unexpected("the pattern ends with its escape character");
            begin = at;
            character = next_character(pattern, at);
        } else if (character == '%' || character == '_') {
            special = true;
            character = character == '%' ? any : one;
        }
        if (at_prefix && !special) {
            made.prefix_ += pattern.substr(begin, at - begin);
            continue;
        }
        at_prefix = false;
        if (!special && ignore_case) character = lower_character(character);
        if (character == any && !made.elements_.empty() && made.elements_.back() == any) continue;
        made.elements_.push_back(character);
    }
    bool plain =
        !ignore_case && std::find(made.elements_.begin(), made.elements_.end(), one) == made.elements_.end();
    for (char32_t element : plain ? made.elements_ : std::vector<char32_t>()) {
        if (element == any)
            made.pieces_.emplace_back();
        else if (element >= not_unicode)
            made.pieces_.back() += static_cast<char>(element - not_unicode);
        else
            append_utf8(element, made.pieces_.back());
    }
    return made;
}

// Each piece at its first place leaves most for those after it; the last one ends the text.
bool LikePattern::contains_pieces(std::string_view text) const {
    for (size_t i = 0; i + 1 < pieces_.size(); ++i) {
        const std::string& piece = pieces_[i];
        const void* found = ::memmem(text.data(), text.size(), piece.data(), piece.size());
        if (!found) return false;
        text.remove_prefix(static_cast<size_t>(static_cast<const char*>(found) - text.data()) + piece.size());
    }
    return text.ends_with(pieces_.back());
}

bool LikePattern::matches(std::string_view text) const {
    if (!text.starts_with(prefix_)) return false;
    text.remove_prefix(prefix_.size());
    if (!pieces_.empty()) return contains_pieces(text);
    // After a '%' only its last try matters: an earlier '%' that took more would leave less for the later
    // ones.
    size_t at = 0, element = 0, tried_at = 0, after_any = SIZE_MAX;
    while (true) {
        if (element < elements_.size() && elements_[element] == any) {
            after_any = ++element;
            tried_at = at;
            if (element == elements_.size()) return true;
            continue;
        }
        if (at == text.size() && element == elements_.size()) return true;
        if (at < text.size() && element < elements_.size()) {
            size_t next = at;
            char32_t character = next_character(text, next);
            if (ignore_case_) character = lower_character(character);
            if (elements_[element] == one || elements_[element] == character) {
                at = next, ++element;
                continue;
            }
        }
        if (after_any == SIZE_MAX || tried_at >= text.size()) return false;
        next_character(text, tried_at);
        at = tried_at, element = after_any;
    }
}

}  // namespace leat
