// What the resources of the API answer with: JSON, and problems by their code.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "http/request.h"
#include "http/response.h"

namespace leat::server {

// The status that says what kind of error it is to a client.
int http_status(ErrorCode code);

// A problem. What is wrong with a field of the request's body ("request: FIELD: …") has it as a member.
http::Response refuse(Error error);
http::Response refuse(Error error, int status);

http::Response json_answer(int status, std::string text);

// {"code", "message", "action"} or null.
std::string error_json(const std::optional<Error>& error);
// A time as the API writes it, or null.
std::string json_time(int64_t time_us);

// Of what was made by REST: its version, and the one that a request expects (If-Match).
http::Response with_etag(http::Response response, uint64_t revision);
Result<std::optional<uint64_t>> expected_revision(const http::Request& request);

}  // namespace leat::server
