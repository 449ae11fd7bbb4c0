#include "delivery/operations.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"

namespace leat {

namespace {

struct Word {
    std::string_view name;
    char letter;
};
constexpr Word words[] = {{"insert", 'c'},   {"create", 'c'}, {"update", 'u'},   {"delete", 'd'},
                          {"snapshot", 'r'}, {"read", 'r'},   {"truncate", 't'}, {"message", 'm'}};

}  // namespace

Result<std::string> parse_ops(std::span<const std::string> names) {
    std::string letters;
    for (std::string_view name : names) {
        auto word = std::ranges::find(words, name, &Word::name);
        if (word != std::end(words))
            letters += word->letter;
        else if (!name.empty() && name.find_first_not_of("cudrtm") == std::string_view::npos)
            letters += name;
        else
            return fail(
                ErrorCode::USAGE, fmt::format("\"{}\" is no operation", name),
                "Operations are c create, u update, d delete, r snapshot read, t truncate, m message.");
    }
    return letters;
}

}  // namespace leat
