// /api/v1/tokens and /api/v1/audit: who is let in, and what they did.
#pragma once

#include "server/access.h"
#include "server/router.h"
#include "store/audit_log.h"

namespace leat::server {

class TokensApi {
  public:
    TokensApi(Access& access, std::shared_ptr<db::Database> database)
        : access_(access), audit_(std::move(database)) {}
    void add_routes(Router& router);

  private:
    Result<http::Response> list() const;
    Result<http::Response> create(const http::Request& request);
    Result<http::Response> revoke(const std::string& name);
    Result<http::Response> audit(const http::Request& request) const;

    Access& access_;
    const db::AuditLog audit_;
};

}  // namespace leat::server
