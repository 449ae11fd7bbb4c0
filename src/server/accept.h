// What form an answer is to have, and what form a body has.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/error.h"
#include "http/request.h"

namespace leat::server {

// The one of `answers` that an Accept header takes rather than the others; none: it takes none of them. The
// first without a header.
std::optional<std::string_view> acceptable(std::optional<std::string_view> accept,
                                           std::span<const std::string_view> answers);

// What a path answers with, problems apart; the first if nothing is asked for.
std::span<const std::string_view> answers_of(std::string_view pattern);

// API_NOT_ACCEPTABLE; API_MEDIA_TYPE: there is a body that is not said to be JSON.
Status check_media_types(const http::Request& request, std::string_view pattern);

}  // namespace leat::server
