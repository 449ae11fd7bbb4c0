// A condition of any text, on rows whose values are any text too: refused, or evaluated alike twice; NOT
// turns it around, and IS TRUE says whether it passes. The first line is the condition, the others are
// values.
#include <cstdlib>

#include "base/text.h"
#include "filter/test_support.h"

using namespace leat;
using namespace leat::test;

namespace {

std::vector<Cell> row(const std::vector<std::string_view>& lines, int32_t number) {
    auto line = [&](size_t i) { return std::string(i < lines.size() ? lines[i] : std::string_view("1.5")); };
    std::array<uint8_t, 16> wide{};
    std::string bytes = line(5);
    std::copy_n(bytes.begin(), std::min<size_t>(16, bytes.size()), wide.begin());
    Cell mood = text_cell("mood", line(4), Kind::enumeration, "mood");
    mood.column.type.labels = {"sad", "ok", "happy"};
    return {
        identity(fixed_cell<int32_t>("id", Kind::int32, "int4", number)),
        fixed_cell<uint8_t>("active", Kind::boolean, "bool", number & 1),
        fixed_cell<int64_t>("big", Kind::int64, "int8", INT64_MAX - (number & 1)),
        fixed_cell<double>("f8", Kind::float64, "float8", number * 0.1),
        text_cell("amount", line(1), Kind::decimal, "numeric"),
        text_cell("status", line(2)),
        text_cell("code", line(3), Kind::text, "bpchar"),
        text_cell("body", line(3), Kind::bytes, "bytea"),
        text_cell("bits", line(5), Kind::bits, "varbit"),
        mood,
        fixed_cell<int32_t>("day", Kind::date, "date", number),
        fixed_cell<int64_t>("at", Kind::timestamp, "timestamp", number),
        fixed_cell<std::array<uint8_t, 16>>("span", Kind::interval, "interval", wide),
        fixed_cell<std::array<uint8_t, 16>>("uid", Kind::uuid, "uuid", wide),
        text_cell("doc", line(2), Kind::json, "jsonb"),
        state_cell("nothing", ValueState::null),
        state_cell("toasted", number & 1 ? ValueState::unchanged : ValueState::absent),
    };
}

void require(bool holds) {
    if (!holds) std::abort();
}

Verdict evaluate(const BoundCondition& condition, const Change& change) {
    ConditionScratch scratch;
    return condition.evaluate(change, scratch);
}

Truth opposite(Truth truth) {
    return truth == Truth::yes ? Truth::no : truth == Truth::no ? Truth::yes : Truth::unknown;
}

// The condition within another, where that does not go beyond a bound.
std::optional<BoundCondition> around(const std::string& before, std::string_view text,
                                     const std::string& after, const TableSchema& schema) {
    auto condition = RowCondition::parse(before + std::string(text) + after);
    if (!condition) return std::nullopt;
    auto bound = condition->bind(schema);
    return bound ? std::optional(*bound) : std::nullopt;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size > 20000) return 0;
    auto lines = split(as_text({data, size}), '\n');
    auto condition = RowCondition::parse(lines[0]);
    if (!condition) return 0;
    static_cast<void>(condition->bind_without_row());
    auto old = row(lines, -7), fresh = row(lines, 42);
    OneChange created(Op::create, nullptr, false, &fresh), updated(Op::update, &old, false, &fresh),
        removed(Op::remove, &old, true, nullptr), truncated(Op::truncate, nullptr, false, &fresh);
    auto bound = condition->bind(created.schema());
    if (!bound) return 0;
    // Parentheses around it, and a line's end in case it ends with a comment.
    auto inverse = around("NOT (", lines[0], "\n)", created.schema());
    auto passing = around("(", lines[0], "\n) IS TRUE", created.schema());
    for (const OneChange* one : {&created, &updated, &removed, &truncated}) {
        Verdict verdict = evaluate(*bound, one->change());
        require(verdict.truth == evaluate(*bound, one->change()).truth);
        require(!inverse || evaluate(*inverse, one->change()).truth == opposite(verdict.truth));
        require(!passing || !verdict.passes() || evaluate(*passing, one->change()).passes());
        require((verdict.truth == Truth::unknown) == (verdict.reason != Unknown::none));
    }
    return 0;
}
