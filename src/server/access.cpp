#include "server/access.h"

#include <fmt/core.h>

#include "base/logging.h"
#include "base/text.h"
#include "server/token.h"

namespace leat::server {

using namespace std::chrono_literals;

// What a stream and the list of them share: a stream may end at any time.
class StreamGuard {
  public:
    explicit StreamGuard(uint64_t token) : token_(token) {}
    uint64_t token() const { return token_; }
    void set_wake(http::Wake wake) {
        std::lock_guard lock(mutex_);
        wake_ = std::move(wake);
    }
    void wake() const {
        std::lock_guard lock(mutex_);
        wake_();
    }

  private:
    const uint64_t token_;
    mutable std::mutex mutex_;
    http::Wake wake_;
};

namespace {

constexpr auto look_every = 500ms;

class GuardedBody final : public http::BodySource {
  public:
    GuardedBody(const Access& access, std::shared_ptr<StreamGuard> guard,
                std::unique_ptr<http::BodySource> body)
        : access_(access), guard_(std::move(guard)), body_(std::move(body)) {}

    void start(http::Wake wake) override {
        guard_->set_wake(wake);
        body_->start(std::move(wake));
    }
    http::BodyState next(http::BodyPiece& out) override {
        return access_.valid(guard_->token()) ? body_->next(out) : http::BodyState::failed;
    }
    void ended(http::BodyEnd reason, uint64_t sent) override { body_->ended(reason, sent); }

  private:
    const Access& access_;
    const std::shared_ptr<StreamGuard> guard_;
    const std::unique_ptr<http::BodySource> body_;
};

// "Bearer TOKEN", the scheme in any case.
std::optional<std::string_view> bearer(const http::Request& request) {
    auto header = request.header("Authorization");
    if (!header) return std::nullopt;
    constexpr std::string_view scheme = "bearer ";
    if (header->size() <= scheme.size()) return "";
    for (size_t i = 0; i < scheme.size(); ++i)
        if (((*header)[i] | 32) != (scheme[i] | 32)) return "";
    return trim(header->substr(scheme.size()));
}

bool expired(const db::Token& token, int64_t now_us) {
    return token.expires_us && *token.expires_us <= now_us;
}

}  // namespace

Result<std::unique_ptr<Access>> Access::open(std::shared_ptr<db::Database> database) {
    std::unique_ptr<Access> access(new Access(std::move(database)));
    LEAT_TRY(access->load());
    return access;
}

Status Access::load() {
    // The number first: what changes after it is seen the next time.
    LEAT_ASSIGN(int64_t version, database_->foreign_changes());
    LEAT_ASSIGN(auto all, tokens_.list());
    auto known = std::make_shared<Known>();
    known->required = !all.empty();
    for (db::Token& token : all)
        if (!token.revoked_us) known->tokens.push_back(std::move(token));
    std::lock_guard lock(mutex_);
    known_ = std::move(known);
    seen_version_ = version;
    return {};
}

// If leat.db cannot be read just now, what was known goes on to hold.
void Access::look_again() {
    {
        std::lock_guard lock(mutex_);
        auto now = SteadyClock::now();
        if (now - looked_ < look_every) return;
        looked_ = now;
    }
    auto version = database_->foreign_changes();
    bool same = false;
    if (version) {
        std::lock_guard lock(mutex_);
        same = *version == seen_version_;
    }
    if (same) return;
    if (auto loaded = load(); !loaded)
        log_error(LogLevel::warning, "", "the tokens cannot be read again", loaded.error());
}

std::shared_ptr<const Access::Known> Access::known() const {
    std::lock_guard lock(mutex_);
    return known_;
}

bool Access::any_valid() const {
    int64_t now = wall_time_us();
    return std::ranges::any_of(known()->tokens, [&](auto& token) { return !expired(token, now); });
}

bool Access::valid(uint64_t id) const {
    int64_t now = wall_time_us();
    return std::ranges::any_of(known()->tokens,
                               [&](auto& token) { return token.id == id && !expired(token, now); });
}

// All of them are looked at, whichever it is.
const db::Token* Access::find(const Known& known, std::string_view secret) const {
    std::string hash = token_hash(secret);
    int64_t now = wall_time_us();
    const db::Token* found = nullptr;
    for (const db::Token& token : known.tokens)
        if (same_hash(token.hash, hash) && !expired(token, now)) found = &token;
    return found;
}

Result<Caller> Access::admit(const http::Request& request, Role least) {
    look_again();
    auto now = known();
    if (!now->required) return Caller{Role::admin, "local", request.remote, 0};
    auto secret = bearer(request);
    if (!secret && least == Role::anyone) return Caller{Role::anyone, "", request.remote, 0};
    if (!secret)
        return fail(ErrorCode::API_UNAUTHENTICATED, "the request has no token",
                    "Send Authorization: Bearer TOKEN; leat token create makes one.");
    const db::Token* token = find(*now, *secret);
    if (!token) return refuse_login(request);
    Role role = role_named(token->role).value_or(Role::anyone);
    if (role < least)
        return fail(
            ErrorCode::API_FORBIDDEN,
            fmt::format("the token {} is a {}'s, and this is for {}s", token->name, token->role, name(least)),
            fmt::format("Use a token of the role {}.", name(least)));
    return Caller{role, token->name, request.remote, token->id};
}

std::unexpected<Error> Access::refuse_login(const http::Request& request) {
    auto wait = failures_.failed(request.remote);
    if (wait > 0s)
        return fail(ErrorCode::API_THROTTLED,
                    fmt::format("too many requests with a wrong token came from {}", request.remote),
                    fmt::format("Try again in {} seconds.", wait.count()));
    log_event(LogLevel::warning, "", "a request with a token that is not valid was refused",
              {{"address", request.remote}, {"path", request.target.path_text()}});
    return fail(ErrorCode::API_UNAUTHENTICATED, "the token is not known, has expired or was revoked",
                "leat token list shows which there are; leat token create makes one.");
}

Result<Access::Made> Access::create(const std::string& name, Role role, std::optional<int64_t> expires_us) {
    LEAT_TRY(check_token_name(name));
    Made made;
    made.secret = make_token();
    made.token.name = name;
    made.token.role = server::name(role);
    made.token.hash = token_hash(made.secret);
    made.token.expires_us = expires_us;
    LEAT_ASSIGN(made.token, tokens_.insert(std::move(made.token)));
    LEAT_TRY(load());
    return made;
}

Status Access::revoke(const std::string& name) {
    LEAT_TRY(tokens_.revoke(name));
    LEAT_TRY(load());
    end_streams();
    return {};
}

void Access::guard(http::Response& response, uint64_t token) {
    if (!response.stream || token == 0) return;
    auto guard = std::make_shared<StreamGuard>(token);
    response.stream = std::make_unique<GuardedBody>(*this, guard, std::move(response.stream));
    std::lock_guard lock(mutex_);
    std::erase_if(guards_, [](auto& one) { return one.expired(); });
    guards_.push_back(guard);
}

void Access::tick() {
    auto now = SteadyClock::now();
    if (now - ticked_ < look_every) return;
    ticked_ = now;
    look_again();
    end_streams();
}

void Access::end_streams() {
    std::vector<std::shared_ptr<StreamGuard>> ending;
    {
        std::lock_guard lock(mutex_);
        for (auto& one : guards_)
            if (auto guard = one.lock()) ending.push_back(std::move(guard));
    }
    for (auto& guard : ending)
        if (!valid(guard->token())) guard->wake();
}

}  // namespace leat::server
