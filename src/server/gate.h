// What stands before every route: who it is, what was asked with this idempotency key before; and behind it:
// who changed what. Any thread; lasts longer than the http::Server.
#pragma once

#include <functional>
#include <mutex>
#include <set>

#include "server/access.h"
#include "store/answer_store.h"
#include "store/audit_log.h"

namespace leat::server {

class Gate {
  public:
    Gate(Access& access, std::shared_ptr<db::Database> database)
        : access_(access), audit_(database), answers_(std::move(database)) {}

    // pattern: the route's path with {} in the place of names; empty: there is none. next() carries it out.
    http::Response pass(const http::Request& request, std::string_view pattern,
                        const std::function<http::Response()>& next);

  private:
    http::Response carry_out(const http::Request& request, std::string_view pattern, const Caller& caller,
                             const std::function<http::Response()>& next);
    http::Response once(const http::Request& request, std::string_view pattern, const Caller& caller,
                        std::string_view key, const std::function<http::Response()>& next);
    void note(const http::Request& request, std::string_view pattern, const Caller& caller, int status,
              std::string code);

    Access& access_;
    db::AuditLog audit_;
    db::AnswerStore answers_;
    std::mutex mutex_;
    std::set<std::pair<std::string, std::string>> under_way_;  // actor and key
};

}  // namespace leat::server
