// The JSON body of a request, read strictly: a member that nobody knows, or of the wrong type, is an error
// that names it and the nearest known one.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "config/json_settings.h"
#include "http/request.h"
#include "json/json_value.h"

namespace leat::server {

class RequestBody {
  public:
    // API_BODY: not JSON, or not an object. No body at all is {}.
    static Result<RequestBody> read(const http::Request& request);

    // Members that were asked for; empty: it is not there, or null.
    Result<std::optional<std::string>> text(std::string_view name);
    Result<std::optional<bool>> flag(std::string_view name);
    Result<std::optional<uint64_t>> number(std::string_view name);
    // A single text is a list of one.
    Result<std::vector<std::string>> list(std::string_view name);
    Result<std::vector<uint64_t>> numbers(std::string_view name);
    bool has(std::string_view name) const;

    // Everything that was not asked for, as settings.
    Result<SettingGroup> rest(const std::string& name) const;
    // Nothing else may be there.
    Status end() const;

  private:
    explicit RequestBody(json::Value object) : object_(std::move(object)) {}
    const json::Value* take(std::string_view name);
    json::Value object_;
    std::vector<std::string> asked_;
};

// The words of the issue beside Leat's own: connection_string for url, table_filter for tables.
struct Alias {
    std::string_view alias, key;
};
// Renames the settings; CONFIG_INVALID if both names are there.
Status apply_aliases(SettingGroup& group, std::span<const Alias> aliases);
inline constexpr Alias source_aliases[] = {{"connection_string", "url"}};
inline constexpr Alias consumer_aliases[] = {{"source_id", "source"},
                                             {"table_filter", "tables"},
                                             {"column_filter", "columns"},
                                             {"operation_filter", "ops"}};
// ["insert", "u"] → "c,u".
Status translate_operations(SettingGroup& group);

}  // namespace leat::server
