// /api/v1/jobs, and the replays of a source. docs/api.md describes it for users. Any thread.
#pragma once

#include "http/request.h"
#include "http/response.h"
#include "server/consumers.h"
#include "server/jobs.h"
#include "server/sources.h"

namespace leat::server {

class JobsApi {
  public:
    JobsApi(Jobs& jobs, Sources& sources, Consumers& consumers)
        : jobs_(jobs), sources_(sources), consumers_(consumers) {}

    using Answer = Result<http::Response>;
    Answer replay(const http::Request& request, const std::string& source);
    Answer list(const http::Request& request);
    Answer get(const std::string& id);
    Answer cancel(const http::Request& request, const std::string& id);

  private:
    Jobs& jobs_;
    Sources& sources_;
    Consumers& consumers_;
};

}  // namespace leat::server
