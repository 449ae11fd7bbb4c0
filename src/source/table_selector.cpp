#include "source/table_selector.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"

namespace leat {

Status TableSelector::compile(const std::vector<std::string>& from, std::vector<std::regex>& to) {
    for (const std::string& pattern : from) {
        try {
            to.emplace_back(pattern, std::regex::ECMAScript | std::regex::icase | std::regex::optimize);
        } catch (const std::regex_error& error) {
            return fail(ErrorCode::CONFIG_INVALID,
                        fmt::format("\"{}\" is no regular expression: {}", pattern, error.what()));
        }
    }
    return {};
}

Result<TableSelector> TableSelector::make(const TableSelection& selection) {
    TableSelector selector;
    selector.globs_ = selection.globs;
    selector.also_ = selection.also;
    // A name without a schema means the table of that name in any schema.
    for (std::string& glob : selector.globs_)
        if (glob.find('.') == std::string::npos) glob = "*." + glob;
    LEAT_TRY(compile(selection.schema_include, selector.schema_include_));
    LEAT_TRY(compile(selection.schema_exclude, selector.schema_exclude_));
    LEAT_TRY(compile(selection.table_include, selector.table_include_));
    LEAT_TRY(compile(selection.table_exclude, selector.table_exclude_));
    selector.all_ = selection.globs.empty() && selection.schema_include.empty() &&
                    selection.schema_exclude.empty() && selection.table_include.empty() &&
                    selection.table_exclude.empty();
    return selector;
}

bool TableSelector::selects(std::string_view schema, std::string_view table) const {
    if (all_) return true;
    std::string name = fmt::format("{}.{}", schema, table);
    if (!also_.empty() && name == also_) return true;
    auto matches = [](const std::vector<std::regex>& patterns, std::string_view text) {
        return std::any_of(patterns.begin(), patterns.end(),
                           [&](auto& p) { return std::regex_match(text.begin(), text.end(), p); });
    };
    if (!globs_.empty() &&
        std::none_of(globs_.begin(), globs_.end(), [&](auto& glob) { return glob_match(glob, name); }))
        return false;
    if (!schema_include_.empty() && !matches(schema_include_, schema)) return false;
    if (matches(schema_exclude_, schema)) return false;
    if (!table_include_.empty() && !matches(table_include_, name)) return false;
    return !matches(table_exclude_, name);
}

std::vector<std::string> TableSelector::unmatched_globs(const std::vector<std::string>& tables) const {
    std::vector<std::string> unmatched;
    for (const std::string& glob : globs_)
        if (std::none_of(tables.begin(), tables.end(), [&](auto& table) { return glob_match(glob, table); }))
            unmatched.push_back(glob);
    return unmatched;
}

}  // namespace leat
