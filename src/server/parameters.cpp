#include "server/parameters.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/text.h"

namespace leat::server {

Result<Parameters> Parameters::read(const http::Request& request, std::span<const std::string_view> known) {
    std::set<std::string_view> seen;
    for (auto& [name, value] : request.target.parameters) {
        if (std::ranges::find(known, name) == known.end()) {
            auto near = nearest(name, known);
            return fail(ErrorCode::API_PARAMETER, fmt::format("there is no parameter {}", name),
                        near ? fmt::format("Did you mean {}?", *near)
                             : fmt::format("It takes: {}.", fmt::join(known, ", ")));
        }
        if (!seen.insert(name).second)
            return fail(ErrorCode::API_PARAMETER, fmt::format("parameter {} is given twice", name));
    }
    return Parameters(request);
}

std::vector<std::string> Parameters::list(std::string_view name) const {
    std::vector<std::string> items;
    for (std::string_view item : split(text(name).value_or(""), ','))
        if (item = trim(item); !item.empty()) items.emplace_back(item);
    return items;
}

Result<std::optional<uint64_t>> Parameters::number(std::string_view name) const {
    auto given = text(name);
    if (!given) return std::nullopt;
    uint64_t value = 0;
    auto [end, error] = std::from_chars(given->data(), given->data() + given->size(), value);
    if (error != std::errc() || end != given->data() + given->size())
        return fail(ErrorCode::API_PARAMETER, fmt::format("{} takes a number", name));
    return value;
}

Result<bool> Parameters::flag(std::string_view name, bool otherwise) const {
    auto given = text(name);
    if (!given) return otherwise;
    if (*given == "true") return true;
    if (*given == "false") return false;
    return fail(ErrorCode::API_PARAMETER, fmt::format("{} is true or false", name));
}

}  // namespace leat::server
