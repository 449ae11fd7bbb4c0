#include "server/parameters.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/text.h"

namespace leat::server {

namespace {
// "request: FIELD: …": the problem that becomes of it names the field (answers.h).
std::unexpected<Error> wrong(std::string_view name, std::string_view what, std::string action = {}) {
    return fail(ErrorCode::API_PARAMETER, fmt::format("request: {}: {}", name, what), std::move(action));
}
}  // namespace

Result<Parameters> Parameters::read(const http::Request& request, std::span<const std::string_view> known) {
    std::set<std::string_view> seen;
    for (auto& [name, value] : request.target.parameters) {
        if (std::ranges::find(known, name) == known.end()) {
            auto near = nearest(name, known);
            bool none = known.empty() || known.front().empty();
            return wrong(name, "there is no such parameter",
                         near   ? fmt::format("Did you mean {}?", *near)
                         : none ? "The path takes none."
                                : fmt::format("The path takes {}.", fmt::join(known, ", ")));
        }
        if (!seen.insert(name).second) return wrong(name, "it is given twice");
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
    if (error != std::errc() || end != given->data() + given->size()) return wrong(name, "it takes a number");
    return value;
}

Result<bool> Parameters::flag(std::string_view name, bool otherwise) const {
    auto given = text(name);
    if (!given) return otherwise;
    if (*given == "true") return true;
    if (*given == "false") return false;
    return wrong(name, "it is true or false");
}

}  // namespace leat::server
