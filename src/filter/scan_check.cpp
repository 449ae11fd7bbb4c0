// What is refused before the grammar sees a condition: too long, nested too deep, words of statements.
#include "filter/scan_check.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "filter/condition.h"

namespace leat {
namespace {

// Reserved words that a condition may have. The others belong to statements, or to expressions that nest
// without parentheses, whose depth is not to be seen by the tokens.
constexpr std::array<std::string_view, 10> allowed = {"and",  "or", "not",      "true", "false",
                                                      "null", "in", "distinct", "cast", "symmetric"};

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return result;
}

// An upper bound of how deep the parse tree can be at a token: every token since the parentheses around it
// were opened may nest in the one before, but what AND, OR and a comma stand between lies side by side.
class Depth {
  public:
    bool add(std::string_view token, const std::string& word) {
        if (token == "(" || token == "[") {
            open_.push_back({here_ + 1, betweens_});
            below_ += here_ + 1;
            here_ = betweens_ = 0;
        } else if (token == ")" || token == "]") {
            if (!open_.empty()) {
                here_ = open_.back().tokens, betweens_ = open_.back().betweens;
                below_ -= here_;
                open_.pop_back();
            }
        } else if (token == ",") {
            here_ = betweens_ = 0;
        } else if (word == "between") {
            ++here_, ++betweens_;
        } else if (word == "and" && betweens_ > 0) {
            // Belongs to BETWEEN: what follows may still be inside of it.
            ++here_, --betweens_;
        } else if (word == "and" || word == "or") {
            here_ = 0;
        } else {
            ++here_;
        }
        return below_ + here_ <= RowCondition::depth_max;
    }

  private:
    struct Open {
        size_t tokens, betweens;
    };
    std::vector<Open> open_;
    size_t below_ = 0, here_ = 0, betweens_ = 0;
};

}  // namespace

Result<std::vector<SqlToken>> check_tokens(const std::string& text) {
    if (text.size() > RowCondition::bytes_max)
        return invalid_condition(
            text, 0, fmt::format("it has {} bytes, more than {}", text.size(), RowCondition::bytes_max));
    if (size_t zero = text.find('\0'); zero != std::string::npos)
        return invalid_condition(text, zero, "a zero byte");
    auto tokens = scan_sql(text);
    if (!tokens) return invalid_at_character(tokens.error().character, tokens.error().message);
    if (tokens->empty()) return invalid_condition(text, 0, "it is empty");
    Depth depth;
    std::string before;
    for (const SqlToken& token : *tokens) {
        if (token.begin > token.end || token.end > text.size()) continue;
        std::string_view written(text.data() + token.begin, token.end - token.begin);
        std::string word = token.keyword == KeywordKind::none ? std::string() : lower(written);
        bool known = token.keyword != KeywordKind::reserved || (word == "from" && before == "distinct") ||
                     (word == "to" && before == "similar") ||
                     std::find(allowed.begin(), allowed.end(), word) != allowed.end();
        if (!known || written == ";")
            return invalid_condition(
                text, token.begin, fmt::format("{} is not part of the language of conditions", written),
                fmt::format("A column of that name stands in double quotes: \"{}\".", word));
        if (!depth.add(written, word))
            return invalid_condition(text, token.begin, "it nests too deep",
                                     "Join comparisons by AND and OR; write many values as IN (...).");
        before = std::move(word);
    }
    return std::move(*tokens);
}

}  // namespace leat
