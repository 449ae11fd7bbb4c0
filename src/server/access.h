// Who is let in: tokens, as leat.db has them. Once a token was made, every request needs one, at loopback
// too; until then whoever reaches the server (this machine alone) is an admin. Any thread.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "http/response.h"
#include "server/caller.h"
#include "server/login_failures.h"
#include "store/token_store.h"

namespace leat::server {

class StreamGuard;

class Access {
  public:
    static Result<std::unique_ptr<Access>> open(std::shared_ptr<db::Database> database);

    bool required() const { return known()->required; }
    // Whether there is a token that lets somebody in now.
    bool any_valid() const;

    // API_UNAUTHENTICATED, API_FORBIDDEN, API_THROTTLED. A request with a valid token is never throttled: 256
    // random bits are not guessed, and others behind the same proxy are not to suffer.
    Result<Caller> admit(const http::Request& request, Role least);
    bool valid(uint64_t token) const;

    // Gives the token, which is known nowhere else. STORE_EXISTS, STORE_LIMIT, CONFIG_INVALID.
    struct Made {
        db::Token token;
        std::string secret;
    };
    Result<Made> create(const std::string& name, Role role, std::optional<int64_t> expires_us);
    Status revoke(const std::string& name);  // STORE_NOT_FOUND
    Result<std::vector<db::Token>> list() const { return tokens_.list(); }

    // Ends the stream when the token is not valid any more.
    void guard(http::Response& response, uint64_t token);
    // Often, by one thread: sees what `leat token` changed, and ends streams, twice a second.
    void tick();

  private:
    struct Known {
        std::vector<db::Token> tokens;  // that are not revoked; of any age
        bool required = false;
    };
    explicit Access(std::shared_ptr<db::Database> database)
        : database_(std::move(database)), tokens_(database_) {}
    std::shared_ptr<const Known> known() const;
    Status load();
    void look_again();
    void end_streams();
    const db::Token* find(const Known& known, std::string_view secret) const;
    std::unexpected<Error> refuse_login(const http::Request& request);

    const std::shared_ptr<db::Database> database_;
    db::TokenStore tokens_;
    LoginFailures failures_;
    mutable std::mutex mutex_;
    std::shared_ptr<const Known> known_;
    int64_t seen_version_ = 0;
    SteadyClock::time_point looked_{}, ticked_{};
    std::vector<std::weak_ptr<StreamGuard>> guards_;
};

}  // namespace leat::server
