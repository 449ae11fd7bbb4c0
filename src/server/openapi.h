// The description of the API as OpenAPI 3.1, as /api/v1/openapi.json gives it.
#pragma once

#include <string_view>

namespace leat::server {

std::string_view openapi_json();
// A page that shows it, as /api/v1/docs gives it.
std::string_view docs_html();

}  // namespace leat::server
