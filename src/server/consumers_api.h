// /api/v1/consumers: consumers made, changed and driven by REST, their dead letters, and the acknowledgements
// of subscriptions. docs/api.md describes it for users. Any thread.
#pragma once

#include "http/request.h"
#include "http/response.h"
#include "server/consumers.h"
#include "server/source_control.h"

namespace leat::server {

class ConsumersApi {
  public:
    ConsumersApi(Consumers& consumers, SourceControl& sources) : consumers_(consumers), sources_(sources) {}

    using Answer = Result<http::Response>;
    Answer list();
    Answer create(const http::Request& request);
    Answer get(const std::string& name);
    Answer replace(const http::Request& request, const std::string& name);  // PUT
    Answer merge(const http::Request& request, const std::string& name);    // PATCH
    Answer remove(const http::Request& request, const std::string& name);
    Answer start(const http::Request& request, const std::string& name);
    Answer stop(const http::Request& request, const std::string& name);
    Answer pause(const http::Request& request, const std::string& name);
    Answer resume(const http::Request& request, const std::string& name);
    Answer acknowledge(const http::Request& request, const std::string& name);

    Answer dead_letters(const http::Request& request, const std::string& name);
    Answer dead_letter(const std::string& name, const std::string& seq);
    Answer resend(const http::Request& request, const std::string& name);
    Answer drop(const http::Request& request, const std::string& name);

  private:
    using Act = Status (Consumers::*)(const std::string&);
    using Settle = Result<uint64_t> (Consumers::*)(const std::string&, const std::vector<Seq>&);
    Answer act(const http::Request& request, const std::string& name, Act what);
    Answer settle(const http::Request& request, const std::string& name, Settle what);
    Answer update(const http::Request& request, const SettingGroup& settings);
    Status check(const SettingGroup& settings) const;
    std::string free_name() const;

    Consumers& consumers_;
    SourceControl& sources_;
};

}  // namespace leat::server
