#include "source/postgres/snapshot/copy_text_row.h"

#include <fmt/core.h>

#include <bit>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace leat::pg {

namespace {

constexpr size_t step = 16;

// Which of the next 16 bytes are tabs, and which backslashes.
struct Marks {
    uint32_t tabs, backslashes;
};

Marks find_marks(const char* p) {
#if defined(__SSE2__)
    __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    __m128i tabs = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
    __m128i backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    return {static_cast<uint32_t>(_mm_movemask_epi8(tabs)),
            static_cast<uint32_t>(_mm_movemask_epi8(backslashes))};
#else
    Marks marks{0, 0};
    for (size_t i = 0; i < step; ++i) {
        marks.tabs |= uint32_t{p[i] == '\t'} << i;
        marks.backslashes |= uint32_t{p[i] == '\\'} << i;
    }
    return marks;
#endif
}

// The last bytes of a row, without reading past them.
Marks find_last_marks(const char* p, size_t count) {
    char padded[step] = {};
    std::memcpy(padded, p, count);
    return find_marks(padded);
}

// The character after a backslash as the character it stands for; 0 if the server writes no such escape.
char escaped_char(char c) {
    switch (c) {
        case 'b':
            return '\b';
        case 'f':
            return '\f';
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        case 'v':
            return '\v';
        case '\\':
            return '\\';
        default:
            return 0;
    }
}

}  // namespace

Status CopyTextRow::split(std::string_view row, size_t columns) {
    columns_.clear();
    scratch_.clear();
    if (row.ends_with('\n')) row.remove_suffix(1);
    if (columns == 0 && row.empty()) return {};
    size_t start = 0;
    bool escaped = false;
    for (size_t at = 0; at < row.size(); at += step) {
        size_t count = std::min(step, row.size() - at);
        Marks marks = count == step ? find_marks(row.data() + at) : find_last_marks(row.data() + at, count);
        uint32_t done = 0;  // bits of the columns that ended in this step
        for (uint32_t tabs = marks.tabs; tabs != 0; tabs &= tabs - 1) {
            uint32_t before = (tabs & -tabs) - 1;
            size_t end = at + static_cast<size_t>(std::countr_zero(tabs));
            escaped |= (marks.backslashes & before & ~done) != 0;
            LEAT_TRY(end_column(row, start, end, escaped));
            start = end + 1;
            escaped = false;
            done = before;
        }
        escaped |= (marks.backslashes & ~done) != 0;
    }
    LEAT_TRY(end_column(row, start, row.size(), escaped));
    if (columns_.size() == columns) return {};
    return fail(ErrorCode::PG_VALUE_MALFORMED,
                fmt::format("a copied row has {} columns instead of {}", columns_.size(), columns));
}

Status CopyTextRow::end_column(std::string_view row, size_t start, size_t end, bool escaped) {
    std::string_view raw = row.substr(start, end - start);
    if (!escaped) [[likely]] {
        columns_.emplace_back(raw);
        return {};
    }
    if (raw == "\\N") {
        columns_.emplace_back(std::nullopt);
        return {};
    }
    // Room for the whole row at once: views into the scratch memory stay valid.
    scratch_.reserve(row.size());
    auto value = unescape(raw);
    if (!value)
        return fail(ErrorCode::PG_VALUE_MALFORMED,
                    fmt::format("column {} of a copied row has an unknown escape", columns_.size() + 1));
    columns_.push_back(value);
    return {};
}

std::optional<std::string_view> CopyTextRow::unescape(std::string_view raw) {
    size_t begin = scratch_.size();
    while (!raw.empty()) {
        size_t run = std::min(raw.find('\\'), raw.size());
        scratch_.put_text(raw.substr(0, run));
        raw.remove_prefix(run);
        if (raw.empty()) break;
        char c = raw.size() > 1 ? escaped_char(raw[1]) : '\0';
        if (c == 0) return std::nullopt;
        scratch_.put_char(c);
        raw.remove_prefix(2);
    }
    return scratch_.text().substr(begin);
}

}  // namespace leat::pg
