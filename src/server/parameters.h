// The query parameters of a request, read strictly: one that is not known or given twice is an error that
// names the nearest known one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "http/request.h"

namespace leat::server {

class Parameters {
  public:
    // API_PARAMETER if there is one that is not known.
    static Result<Parameters> read(const http::Request& request, std::span<const std::string_view> known);

    std::optional<std::string_view> text(std::string_view name) const { return request_.query(name); }
    // Separated by commas.
    std::vector<std::string> list(std::string_view name) const;
    Result<std::optional<uint64_t>> number(std::string_view name) const;
    Result<bool> flag(std::string_view name, bool otherwise) const;

  private:
    explicit Parameters(const http::Request& request) : request_(request) {}
    const http::Request& request_;
};

}  // namespace leat::server
