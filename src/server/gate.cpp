#include "server/gate.h"

#include <fmt/core.h>

#include "base/logging.h"
#include "base/text.h"
#include "server/answers.h"
#include "server/token.h"

namespace leat::server {

namespace {

using http::Method;

constexpr size_t key_bytes_max = 255;
constexpr size_t kept_bytes_max = 256 << 10;
constexpr std::string_view kept_headers[] = {"Content-Type", "Location", "ETag"};

bool reads(Method method) { return method == Method::get || method == Method::head; }

// An answer that shows something once is not kept.
bool secret_answer(std::string_view pattern) { return pattern.starts_with("/api/v1/tokens"); }

// The code of a problem that we wrote ourselves.
std::string code_of(const http::Response& response) {
    constexpr std::string_view before = ",\"code\":\"";
    if (response.status < 400) return {};
    size_t at = response.body.find(before);
    if (at == std::string::npos) return {};
    at += before.size();
    return response.body.substr(at, response.body.find('"', at) - at);
}

db::KeptAnswer to_keep(const http::Response& response, std::string hash) {
    db::KeptAnswer kept{std::move(hash), response.status, {}, response.body};
    for (std::string_view name : kept_headers)
        if (auto* value = http::find_header(response.headers, name))
            kept.headers += fmt::format("{}: {}\n", name, *value);
    return kept;
}

http::Response again(const db::KeptAnswer& kept) {
    http::Response response(kept.status);
    for (std::string_view line : split(kept.headers, '\n'))
        if (size_t colon = line.find(": "); colon != std::string_view::npos)
            response.set(line.substr(0, colon), std::string(line.substr(colon + 2)));
    response.set("Idempotency-Replayed", "true");
    response.body = kept.body;
    return response;
}

http::Response with_wait(http::Response response, const Error& error) {
    if (error.code == ErrorCode::API_UNAUTHENTICATED)
        response.set("WWW-Authenticate", "Bearer realm=\"leat\"");
    if (error.code == ErrorCode::API_THROTTLED) response.set("Retry-After", "60");
    return response;
}

}  // namespace

http::Response Gate::pass(const http::Request& request, std::string_view pattern,
                          const std::function<http::Response()>& next) {
    Method method = request.method == Method::head ? Method::get : request.method;
    // What there is not is not told to strangers.
    Role least = pattern.empty() ? Role::viewer : least_role(method, pattern);
    auto caller = access_.admit(request, least);
    if (!caller) {
        if (caller.error().code == ErrorCode::API_FORBIDDEN && !reads(method))
            if (auto who = access_.admit(request, Role::anyone))
                note(request, pattern, *who, 403, std::string(name(caller.error().code)));
        return with_wait(refuse(caller.error()), caller.error());
    }
    if (!reads(method) && !pattern.empty()) return carry_out(request, pattern, *caller, next);
    auto response = next();
    // Which sources there are and what is wrong with them is not for anyone.
    if (caller->role == Role::anyone && (pattern == "/readyz" || pattern == "/healthz"))
        response.body = pattern == "/readyz" ? "{}\n" : response.status == 200 ? "ok\n" : "standing still\n";
    access_.guard(response, caller->token);
    return response;
}

http::Response Gate::carry_out(const http::Request& request, std::string_view pattern, const Caller& caller,
                               const std::function<http::Response()>& next) {
    auto key = request.header("Idempotency-Key");
    bool keyed = key && request.method == Method::post && !secret_answer(pattern);
    auto response = keyed ? once(request, pattern, caller, *key, next) : next();
    // A reader's own cursor is moved all the time, and would drive everything else out.
    bool noted = !pattern.ends_with("/ack") && !http::find_header(response.headers, "Idempotency-Replayed");
    if (noted) note(request, pattern, caller, response.status, code_of(response));
    return response;
}

http::Response Gate::once(const http::Request& request, std::string_view pattern, const Caller& caller,
                          std::string_view key, const std::function<http::Response()>& next) {
    if (key.empty() || key.size() > key_bytes_max)
        return refuse({ErrorCode::API_PARAMETER, "Idempotency-Key has 1 to 255 characters", ""});
    std::string hash = sha256(
        fmt::format("{} {}\n{}", http::name(request.method), request.target.path_text(), request.body));
    std::pair name(caller.name, std::string(key));
    {
        std::lock_guard lock(mutex_);
        if (!under_way_.insert(name).second)
            return refuse({ErrorCode::API_IDEMPOTENCY,
                           "the first request with this Idempotency-Key has not been answered yet",
                           "Ask again a little later: the answer will be that of the first."},
                          409);
    }
    struct Leave {
        Gate& gate;
        const std::pair<std::string, std::string>& name;
        ~Leave() {
            std::lock_guard lock(gate.mutex_);
            gate.under_way_.erase(name);
        }
    } leave{*this, name};
    auto kept = answers_.find(name.first, name.second);
    if (!kept) return refuse(kept.error());
    if (*kept && (*kept)->request_hash != hash)
        return refuse({ErrorCode::API_IDEMPOTENCY, "this Idempotency-Key was used for another request",
                       "Use a new key for each request."});
    if (*kept) return again(**kept);
    auto response = next();
    // What failed did nothing, and may be tried again.
    if (response.status < 200 || response.status >= 300 || response.stream || response.shared_body ||
        response.body.size() > kept_bytes_max)
        return response;
    auto put =
        answers_.put(name.first, name.second, fmt::format("{} {}", http::name(request.method), pattern),
                     to_keep(response, std::move(hash)));
    if (!put)
        log_error(LogLevel::warning, "", "an answer could not be kept for its Idempotency-Key", put.error());
    return response;
}

void Gate::note(const http::Request& request, std::string_view pattern, const Caller& caller, int status,
                std::string code) {
    db::AuditEntry entry;
    entry.actor = caller.name;
    entry.address = caller.address;
    entry.action = fmt::format("{} {}", http::name(request.method), pattern);
    entry.target = request.target.path_text();
    entry.status = status;
    entry.code = std::move(code);
    if (auto added = audit_.add(entry); !added)
        log_error(LogLevel::error, "", fmt::format("the audit log lacks {} by {}", entry.action, entry.actor),
                  added.error());
}

}  // namespace leat::server
