#include "server/tokens_api.h"

#include <fmt/core.h>

#include "config/units.h"
#include "json/json_text.h"
#include "server/answers.h"
#include "server/paging.h"
#include "server/request_body.h"
#include "server/token.h"

namespace leat::server {

using http::Method;
using json::quoted;

namespace {

std::string_view state_of(const db::Token& token) {
    if (token.revoked_us) return "revoked";
    return token.expires_us && *token.expires_us <= wall_time_us() ? "expired" : "valid";
}

// secret: only once.
std::string token_json(const db::Token& token, std::string_view secret = {}) {
    return fmt::format("{{\"name\":{},\"role\":{},\"state\":\"{}\",\"created\":{},\"expires\":{}{}}}",
                       quoted(token.name), quoted(token.role), state_of(token), json_time(token.created_us),
                       json_time(token.expires_us.value_or(0)),
                       secret.empty() ? "" : fmt::format(",\"token\":{}", quoted(secret)));
}

std::unexpected<Error> wrong(std::string_view field, std::string_view what) {
    return fail(ErrorCode::CONFIG_INVALID, fmt::format("request: {}: {}", field, what));
}

}  // namespace

void TokensApi::add_routes(Router& router) {
    router.add({Method::get, "/api/v1/tokens", [this](auto&, auto&) { return list(); }});
    router.add({Method::post, "/api/v1/tokens",
                [this](const http::Request& request, auto&) { return create(request); }});
    router.add({Method::del, "/api/v1/tokens/{}",
                [this](auto&, const PathArguments& arguments) { return revoke(arguments[0]); }});
    router.add({Method::get, "/api/v1/audit",
                [this](const http::Request& request, auto&) { return audit(request); }, true});
}

Result<http::Response> TokensApi::list() const {
    LEAT_ASSIGN(auto tokens, access_.list());
    std::string text;
    for (const db::Token& token : tokens) {
        if (!text.empty()) text += ',';
        text += token_json(token);
    }
    return json_answer(200, "{\"tokens\":[" + text + "]}");
}

Result<http::Response> TokensApi::create(const http::Request& request) {
    LEAT_ASSIGN(auto body, RequestBody::read(request));
    LEAT_ASSIGN(auto name, body.text("name"));
    LEAT_ASSIGN(auto role, body.text("role"));
    LEAT_ASSIGN(auto expires, body.text("expires_in"));
    LEAT_TRY(body.end());
    if (!name) return wrong("name", "it is missing");
    LEAT_TRY(check_token_name(*name));
    auto known = role_named(role.value_or(""));
    if (!known) return wrong("role", "it is viewer, operator or admin");
    std::optional<int64_t> expires_us;
    if (expires) {
        auto duration = parse_duration(*expires);
        if (!duration || duration->count() <= 0 || *duration > std::chrono::hours(24 * 36500))
            return wrong("expires_in", "it is a duration like 12h or 90d");
        expires_us = wall_time_us() + std::chrono::microseconds(*duration).count();
    }
    LEAT_ASSIGN(auto made, access_.create(*name, *known, expires_us));
    auto response = json_answer(201, token_json(made.token, made.secret));
    response.set("Location", "/api/v1/tokens/" + http::percent_encode(*name));
    response.set("Cache-Control", "no-store");
    return response;
}

Result<http::Response> TokensApi::revoke(const std::string& name) {
    LEAT_TRY(access_.revoke(name));
    return http::Response(204);
}

Result<http::Response> TokensApi::audit(const http::Request& request) const {
    LEAT_ASSIGN(auto query, Parameters::read(request, page_parameters));
    LEAT_ASSIGN(auto page, page_of(query));
    LEAT_ASSIGN(uint64_t before, number_of(page));
    LEAT_ASSIGN(auto entries, audit_.list(before, page.limit));
    std::string text;
    for (const db::AuditEntry& entry : entries)
        text += fmt::format(
            "{}{{\"id\":{},\"timestamp\":{},\"actor\":{},\"address\":{},\"action\":{},\"target\":{},"
            "\"status\":{},\"code\":{}}}",
            text.empty() ? "" : ",", entry.id, json_time(entry.time_us), quoted(entry.actor),
            quoted(entry.address), quoted(entry.action), quoted(entry.target), entry.status,
            entry.code.empty() ? "null" : quoted(entry.code));
    auto response = json_answer(200, "{\"entries\":[" + text + "]}");
    if (entries.size() == page.limit) set_next(response, request, std::to_string(entries.back().id));
    return response;
}

}  // namespace leat::server
