// /api/v1/sources: sources made, changed and driven by REST. docs/api.md describes it for users.
// Any thread.
#pragma once

#include "http/request.h"
#include "http/response.h"
#include "server/consumers.h"
#include "server/source_control.h"

namespace leat::server {

class SourcesApi {
  public:
    // consumers: whether one still reads a source; null: nobody can.
    SourcesApi(Sources& sources, SourceControl& control, const Consumers* consumers)
        : sources_(sources), control_(control), consumers_(consumers) {}

    using Answer = Result<http::Response>;
    Answer create(const http::Request& request);
    Answer get(const std::string& name);
    Answer replace(const http::Request& request, const std::string& name);  // PUT
    Answer merge(const http::Request& request, const std::string& name);    // PATCH
    Answer remove(const http::Request& request, const std::string& name);
    Answer start(const http::Request& request, const std::string& name);
    Answer stop(const http::Request& request, const std::string& name);
    Answer pause(const http::Request& request, const std::string& name);
    Answer resume(const http::Request& request, const std::string& name);
    Answer checks(const std::string& name);
    Answer add_tables(const http::Request& request, const std::string& name);
    Answer snapshot(const http::Request& request, const std::string& name);
    Answer pause_snapshot(const http::Request& request, const std::string& name);
    Answer resume_snapshot(const http::Request& request, const std::string& name);
    Answer stop_snapshot(const http::Request& request, const std::string& name);
    Answer schemas(const std::string& name);
    Answer schema(const http::Request& request, const std::string& name, const std::string& table);

  private:
    Answer update(const http::Request& request, const SettingGroup& settings);

    Answer control_snapshot(const http::Request& request, const std::string& name, Signal::Kind kind);
    Answer signal(const std::string& name, Signal signal);

    Sources& sources_;
    SourceControl& control_;
    const Consumers* const consumers_;
};

}  // namespace leat::server
