#include "cli/server_client.h"

#include <fmt/core.h>
#include <stdlib.h>

#include "config/postgres_url.h"

namespace leat::cli {

namespace {

std::string environment(const char* name) {
    const char* value = ::getenv(name);
    return value ? value : "";
}

std::string first_of(std::string a, std::string b, std::string c = {}) {
    return !a.empty() ? a : !b.empty() ? b : c;
}

http::ClientOptions client_options(const RemoteOptions& options) {
    http::ClientOptions client;
    client.connect_timeout = std::chrono::seconds(5);
    client.timeout = std::chrono::minutes(2);  // checks wait for a database
    client.ca_file = first_of(options.ca_file, environment("LEAT_CA"));
    return client;
}

// What the server refused, by the code that it gave.
Error refusal(int status, const std::string& body) {
    auto problem = json::read(body);
    if (!problem || !problem->is(json::Value::Kind::object) || problem->text_of("code").empty())
        return {ErrorCode::HTTP_NO_ANSWER,
                fmt::format("the server answered with status {}, and not as Leat does", status),
                "Look whether LEAT_SERVER is the address of a Leat server."};
    std::string message = problem->text_of("detail");
    if (std::string field = problem->text_of("field"); !field.empty() && !message.starts_with(field))
        message = field + ": " + message;
    return {error_code(problem->text_of("code")).value_or(ErrorCode::HTTP_NO_ANSWER), message,
            problem->text_of("action")};
}

}  // namespace

std::string encode(std::string_view text) { return percent_encode(text); }

ServerClient::ServerClient(const RemoteOptions& options)
    : server_(first_of(options.server, environment("LEAT_SERVER"), "http://127.0.0.1:8083")),
      token_(environment("LEAT_TOKEN")),
      client_(client_options(options)) {
    if (server_.find("://") == std::string::npos) server_ = "http://" + server_;
    while (server_.ends_with('/')) server_.pop_back();
}

Result<json::Value> ServerClient::get(const std::string& path) { return send(http::Method::get, path); }

Result<json::Value> ServerClient::send(http::Method method, const std::string& path,
                                       const std::string& body) {
    http::ClientRequest request;
    request.method = method;
    request.url = server_ + path;
    request.headers = {{"Accept", "application/json"}, {"User-Agent", "leat"}};
    if (!body.empty()) request.headers.push_back({"Content-Type", "application/json"});
    if (!token_.empty()) request.headers.push_back({"Authorization", "Bearer " + token_});
    request.body = body;
    auto answer = client_.send(request);
    if (!answer) {
        Error& error = answer.error();
        if (error.code == ErrorCode::HTTP_CONNECT)
            error.action =
                fmt::format("Start one with leat run, or say where it is: LEAT_SERVER (now {}).", server_);
        return fail(std::move(error));
    }
    if (answer->status >= 300) return fail(refusal(answer->status, answer->body));
    text_ = std::move(answer->body);
    json::Value empty;
    empty.kind = json::Value::Kind::object;
    if (text_.empty()) return empty;
    auto value = json::read(text_);
    if (!value)
        return fail(ErrorCode::HTTP_NO_ANSWER, "the server's answer is not JSON",
                    "Look whether LEAT_SERVER is the address of a Leat server.");
    return std::move(*value);
}

}  // namespace leat::cli
