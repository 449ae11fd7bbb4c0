// Api: the routes of sources and consumers.
#include "server/api.h"

namespace leat::server {

using http::Method;
using Answer = Result<http::Response>;

void Api::add_sources() {
    const std::string all = "/api/v1/sources", one = all + "/{}";
    // Handlers take the request, or the source's name, or both.
    using Named = Answer (SourcesApi::*)(const http::Request&, const std::string&);
    auto add = [&](Method method, std::string pattern, Named handler, bool parameters = false) {
        router_.add({method, std::move(pattern),
                     [this, handler](const http::Request& request, const PathArguments& arguments) {
                         return (sources_api_.*handler)(request, arguments[0]);
                     },
                     parameters});
    };
    auto read = [&](std::string pattern, Answer (SourcesApi::*handler)(const std::string&)) {
        router_.add({Method::get, std::move(pattern), [this, handler](auto&, const PathArguments& arguments) {
                         return (sources_api_.*handler)(arguments[0]);
                     }});
    };
    router_.add({Method::get, all, [this](auto&, auto&) -> Answer { return list_sources(); }});
    router_.add({Method::post, all,
                 [this](const http::Request& request, auto&) { return sources_api_.create(request); }});
    read(one, &SourcesApi::get);
    add(Method::put, one, &SourcesApi::replace);
    add(Method::patch, one, &SourcesApi::merge);
    add(Method::del, one, &SourcesApi::remove, true);
    router_.add({Method::get, one + "/status",
                 [this](auto&, const PathArguments& arguments) { return source_status(arguments[0]); }});
    router_.add({Method::get, one + "/changes",
                 [this](const http::Request& request, const PathArguments& arguments) {
                     return open_changes(request, arguments[0]);
                 },
                 true});
    add(Method::post, one + "/start", &SourcesApi::start);
    add(Method::post, one + "/stop", &SourcesApi::stop);
    add(Method::post, one + "/pause", &SourcesApi::pause);
    add(Method::post, one + "/resume", &SourcesApi::resume);
    read(one + "/checks", &SourcesApi::checks);
    add(Method::post, one + "/tables", &SourcesApi::add_tables);
    add(Method::post, one + "/snapshot", &SourcesApi::snapshot);
    add(Method::post, one + "/snapshot/pause", &SourcesApi::pause_snapshot);
    add(Method::post, one + "/snapshot/resume", &SourcesApi::resume_snapshot);
    add(Method::post, one + "/snapshot/stop", &SourcesApi::stop_snapshot);
    read(one + "/schemas", &SourcesApi::schemas);
    router_.add({Method::get, one + "/schemas/{}",
                 [this](const http::Request& request, const PathArguments& arguments) {
                     return sources_api_.schema(request, arguments[0], arguments[1]);
                 },
                 true});
}

void Api::add_jobs() {
    const std::string all = "/api/v1/jobs", one = all + "/{}";
    router_.add({Method::post, "/api/v1/sources/{}/replay",
                 [this](const http::Request& request, const PathArguments& arguments) {
                     return jobs_api_->replay(request, arguments[0]);
                 }});
    router_.add({Method::get, all,
                 [this](const http::Request& request, auto&) { return jobs_api_->list(request); }, true});
    router_.add({Method::get, one,
                 [this](auto&, const PathArguments& arguments) { return jobs_api_->get(arguments[0]); }});
    router_.add(
        {Method::post, one + "/cancel", [this](const http::Request& request, const PathArguments& arguments) {
             return jobs_api_->cancel(request, arguments[0]);
         }});
}

void Api::add_consumers() {
    const std::string all = "/api/v1/consumers", one = all + "/{}", letters = one + "/dead-letters";
    using Named = Answer (ConsumersApi::*)(const http::Request&, const std::string&);
    auto add = [&](Method method, std::string pattern, Named handler, bool parameters = false) {
        router_.add({method, std::move(pattern),
                     [this, handler](const http::Request& request, const PathArguments& arguments) {
                         return ((*consumers_api_).*handler)(request, arguments[0]);
                     },
                     parameters});
    };
    router_.add({Method::get, all, [this](auto&, auto&) { return consumers_api_->list(); }});
    router_.add({Method::post, all,
                 [this](const http::Request& request, auto&) { return consumers_api_->create(request); }});
    router_.add({Method::get, one, [this](auto&, const PathArguments& arguments) {
                     return consumers_api_->get(arguments[0]);
                 }});
    add(Method::put, one, &ConsumersApi::replace);
    add(Method::patch, one, &ConsumersApi::merge);
    add(Method::del, one, &ConsumersApi::remove);
    add(Method::post, one + "/start", &ConsumersApi::start);
    add(Method::post, one + "/stop", &ConsumersApi::stop);
    add(Method::post, one + "/pause", &ConsumersApi::pause);
    add(Method::post, one + "/resume", &ConsumersApi::resume);
    add(Method::post, one + "/ack", &ConsumersApi::acknowledge);
    router_.add({Method::get, one + "/changes",
                 [this](const http::Request& request, const PathArguments& arguments) {
                     return open_subscription(request, arguments[0]);
                 },
                 true});
    add(Method::get, letters, &ConsumersApi::dead_letters, true);
    add(Method::post, letters + "/resend", &ConsumersApi::resend);
    add(Method::post, letters + "/drop", &ConsumersApi::drop);
    router_.add({Method::get, letters + "/{}", [this](auto&, const PathArguments& arguments) {
                     return consumers_api_->dead_letter(arguments[0], arguments[1]);
                 }});
}

}  // namespace leat::server
