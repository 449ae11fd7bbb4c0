#include "server/access.h"

#include <gmock/gmock.h>

#include "server/api.h"
#include "server/gate.h"
#include "server/paging.h"
#include "server/token.h"

namespace leat::server {
namespace {

using http::Method;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

http::Request request(Method method, const std::string& target, const std::string& token = "",
                      std::string body = "") {
    http::Request made;
    made.method = method;
    made.target = *http::parse_target(target);
    made.remote = "192.0.2.1";
    made.body = std::move(body);
    if (!token.empty()) made.headers.push_back({"Authorization", "Bearer " + token});
    return made;
}

class AccessTest : public testing::Test {
  protected:
    AccessTest() : access(std::move(*Access::open(database))) {}
    std::string make(const std::string& name, Role role, std::optional<int64_t> expires_us = {}) {
        auto made = access->create(name, role, expires_us);
        EXPECT_TRUE(made) << name;
        return made ? made->secret : "";
    }
    ErrorCode refused(const http::Request& asked, Role least) {
        auto caller = access->admit(asked, least);
        return caller ? ErrorCode::STOPPED : caller.error().code;
    }
    std::shared_ptr<db::Database> database = db::Database::in_memory();
    std::unique_ptr<Access> access;
};

TEST(Token, IsRandomAndOnlyItsHashIsKept) {
    std::string token = make_token();
    EXPECT_EQ(token.size(), 5u + 43);
    EXPECT_TRUE(token.starts_with("leat_"));
    EXPECT_NE(token, make_token());
    EXPECT_EQ(token_hash("abc").substr(0, 4), "\xBA\x78\x16\xBF");
    EXPECT_TRUE(same_hash("ab", "ab"));
    EXPECT_FALSE(same_hash("ab", "ac"));
    EXPECT_FALSE(same_hash("ab", "abc"));
}

TEST(Roles, OfARouteThatNobodyThoughtOfIsAdmin) {
    EXPECT_EQ(least_role(Method::get, "/healthz"), Role::anyone);
    EXPECT_EQ(least_role(Method::get, "/api/v1/sources"), Role::viewer);
    EXPECT_EQ(least_role(Method::get, "/api/v1/sources/{}/changes"), Role::operating);
    EXPECT_EQ(least_role(Method::post, "/api/v1/sources"), Role::admin);
    EXPECT_EQ(least_role(Method::get, "/api/v1/new"), Role::admin);
    EXPECT_EQ(role_named("operator"), Role::operating);
    EXPECT_EQ(role_named("anyone"), std::nullopt);
}

TEST_F(AccessTest, WithoutATokenEverybodyIsAdmin) {
    EXPECT_FALSE(access->required());
    auto caller = access->admit(request(Method::post, "/x"), Role::admin);
    ASSERT_TRUE(caller);
    EXPECT_EQ(caller->name, "local");
}

TEST_F(AccessTest, OnceThereIsOneItIsAskedFor) {
    std::string viewer = make("v", Role::viewer), admin = make("a", Role::admin);
    EXPECT_TRUE(access->required());
    EXPECT_EQ(refused(request(Method::get, "/x"), Role::viewer), ErrorCode::API_UNAUTHENTICATED);
    EXPECT_EQ(refused(request(Method::get, "/x", "leat_wrong"), Role::viewer),
              ErrorCode::API_UNAUTHENTICATED);
    EXPECT_EQ(refused(request(Method::get, "/x", viewer), Role::operating), ErrorCode::API_FORBIDDEN);
    EXPECT_EQ(access->admit(request(Method::get, "/x", viewer), Role::viewer)->name, "v");
    EXPECT_EQ(access->admit(request(Method::get, "/x", admin), Role::admin)->role, Role::admin);
    EXPECT_EQ(access->admit(request(Method::get, "/x"), Role::anyone)->role, Role::anyone);
    auto odd = request(Method::get, "/x");
    odd.headers.push_back({"Authorization", "bEARER  " + viewer});
    EXPECT_TRUE(access->admit(odd, Role::viewer));
    odd.headers[0].value = "Basic " + viewer;
    EXPECT_EQ(refused(odd, Role::viewer), ErrorCode::API_UNAUTHENTICATED);
}

TEST_F(AccessTest, ARevokedOrExpiredTokenLetsNobodyIn) {
    std::string token = make("one", Role::viewer), old = make("old", Role::viewer, wall_time_us() - 1);
    EXPECT_EQ(refused(request(Method::get, "/x", old), Role::viewer), ErrorCode::API_UNAUTHENTICATED);
    ASSERT_TRUE(access->revoke("one"));
    EXPECT_EQ(refused(request(Method::get, "/x", token), Role::viewer), ErrorCode::API_UNAUTHENTICATED);
    EXPECT_TRUE(access->required()) << "to revoke the last one opens nothing";
    EXPECT_FALSE(access->any_valid());
}

TEST_F(AccessTest, WrongTokensAreThrottledAndRightOnesAreNot) {
    std::string token = make("one", Role::viewer);
    for (int i = 0; i < LoginFailures::failures_max; ++i)
        EXPECT_EQ(refused(request(Method::get, "/x", "wrong"), Role::viewer), ErrorCode::API_UNAUTHENTICATED);
    EXPECT_EQ(refused(request(Method::get, "/x", "wrong"), Role::viewer), ErrorCode::API_THROTTLED);
    EXPECT_TRUE(access->admit(request(Method::get, "/x", token), Role::viewer));
    auto elsewhere = request(Method::get, "/x", "wrong");
    elsewhere.remote = "192.0.2.2";
    EXPECT_EQ(refused(elsewhere, Role::viewer), ErrorCode::API_UNAUTHENTICATED);
}

TEST(LoginFailures, AreForgottenAndBounded) {
    LoginFailures failures;
    auto now = SteadyClock::now();
    for (int i = 0; i < LoginFailures::failures_max; ++i) EXPECT_EQ(failures.failed("2001:db8::1", now), 0s);
    EXPECT_EQ(failures.failed("2001:db8::2", now + 20s), 40s) << "of the same /64";
    EXPECT_EQ(failures.failed("2001:db8:0:1::1", now + 20s), 0s);
    EXPECT_EQ(failures.failed("2001:db8::1", now + 60s), 0s);
    for (int i = 0; i < 5000; ++i) failures.failed(fmt::format("10.0.{}.{}", i / 250, i % 250), now + 61s);
    EXPECT_LE(failures.addresses(), LoginFailures::addresses_max);
}

// Says what it is told, forever.
class Endless final : public http::BodySource {
  public:
    http::BodyState next(http::BodyPiece& out) override {
        out.bytes().put_text("x\n");
        return http::BodyState::more;
    }
};

TEST_F(AccessTest, AStreamEndsWithItsToken) {
    make("one", Role::operating);
    uint64_t id = (*access->list())[0].id;
    http::Response response("application/x-ndjson", std::make_unique<Endless>());
    access->guard(response, id);
    http::BodyPiece piece(100);
    EXPECT_EQ(response.stream->next(piece), http::BodyState::more);
    ASSERT_TRUE(access->revoke("one"));
    EXPECT_EQ(response.stream->next(piece), http::BodyState::failed);
}

class GateTest : public AccessTest {
  protected:
    http::Response send(const http::Request& asked, std::string_view pattern) {
        return gate.pass(asked, pattern, [&] {
            ++calls;
            http::Response answer(status, "application/json", fmt::format("{{\"call\":{}}}", calls));
            answer.set("Location", "/made/1");
            return answer;
        });
    }
    std::vector<db::AuditEntry> audit() { return *db::AuditLog(database).list(0, 100); }
    Gate gate{*access, database};
    int calls = 0, status = 201;
};

TEST_F(GateTest, WhoChangedWhatIsNoted) {
    std::string admin = make("boss", Role::admin), viewer = make("eye", Role::viewer);
    EXPECT_EQ(send(request(Method::post, "/api/v1/sources", admin), "/api/v1/sources").status, 201);
    EXPECT_EQ(send(request(Method::get, "/api/v1/sources", admin), "/api/v1/sources").status, 201);
    EXPECT_EQ(send(request(Method::post, "/api/v1/sources/a/stop", viewer), "/api/v1/sources/{}/stop").status,
              403);
    EXPECT_EQ(send(request(Method::post, "/api/v1/sources/a/stop"), "/api/v1/sources/{}/stop").status, 401);
    EXPECT_EQ(calls, 2);
    auto entries = audit();
    ASSERT_EQ(entries.size(), 2u);
    EXPECT_EQ(entries[1].actor, "boss");
    EXPECT_EQ(entries[1].address, "192.0.2.1");
    EXPECT_EQ(entries[1].action, "POST /api/v1/sources");
    EXPECT_EQ(entries[1].status, 201);
    EXPECT_EQ(entries[0].actor, "eye");
    EXPECT_EQ(entries[0].target, "/api/v1/sources/a/stop");
    EXPECT_EQ(entries[0].code, "API_FORBIDDEN");
}

TEST_F(GateTest, AnIdempotencyKeyIsCarriedOutOnce) {
    auto keyed = [&](std::string key, std::string body) {
        auto asked = request(Method::post, "/api/v1/sources", "", std::move(body));
        asked.headers.push_back({"Idempotency-Key", std::move(key)});
        return send(asked, "/api/v1/sources");
    };
    auto first = keyed("k", "{}"), again = keyed("k", "{}");
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(again.status, 201);
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(*http::find_header(again.headers, "Location"), "/made/1");
    EXPECT_EQ(*http::find_header(again.headers, "Idempotency-Replayed"), "true");
    auto other = keyed("k", "{\"x\":1}");
    EXPECT_EQ(other.status, 422);
    EXPECT_THAT(other.body, HasSubstr("API_IDEMPOTENCY"));
    EXPECT_EQ(keyed("", "{}").status, 400);
    EXPECT_EQ(keyed(std::string(256, 'k'), "{}").status, 400);
    EXPECT_EQ(audit().size(), 4u) << "the repetition changed nothing";
    status = 422;
    keyed("failing", "{}"), keyed("failing", "{}");
    EXPECT_EQ(calls, 3) << "what failed may be tried again";
}

TEST_F(GateTest, TheSameKeyTwiceAtATimeWaitsForTheFirst) {
    auto asked = request(Method::post, "/api/v1/sources");
    asked.headers.push_back({"Idempotency-Key", "k"});
    int inner = 0;
    gate.pass(asked, "/api/v1/sources", [&] {
        inner = send(asked, "/api/v1/sources").status;
        return http::Response(201, "application/json", "{}");
    });
    EXPECT_EQ(inner, 409);
    EXPECT_EQ(calls, 0);
    EXPECT_EQ(send(asked, "/api/v1/sources").body, "{}") << "that of the first";
    EXPECT_EQ(calls, 0);
}

TEST_F(GateTest, WhatIsShownOnceIsNotKept) {
    auto asked = request(Method::post, "/api/v1/tokens");
    asked.headers.push_back({"Idempotency-Key", "k"});
    send(asked, "/api/v1/tokens"), send(asked, "/api/v1/tokens");
    EXPECT_EQ(calls, 2);
}

TEST_F(GateTest, StrangersLearnLittle) {
    make("one", Role::viewer);
    status = 503;
    EXPECT_EQ(send(request(Method::get, "/readyz"), "/readyz").body, "{}\n");
    EXPECT_EQ(send(request(Method::get, "/nothing"), "").status, 401);
    auto refused = send(request(Method::get, "/metrics"), "/metrics");
    EXPECT_EQ(refused.status, 401);
    EXPECT_EQ(*http::find_header(refused.headers, "WWW-Authenticate"), "Bearer realm=\"leat\"");
}

TEST(Paging, LimitsAndGoesOn) {
    auto page = [&](const std::string& target) -> Result<Page> {
        auto made = request(Method::get, target);
        LEAT_ASSIGN(auto query, Parameters::read(made, page_parameters));
        return page_of(query);
    };
    EXPECT_EQ(page("/x")->limit, 100u);
    EXPECT_EQ(number_of(*page("/x?limit=7&cursor=9")), 9u);
    EXPECT_FALSE(number_of(*page("/x?cursor=x")));
    EXPECT_FALSE(page("/x?limit=0"));
    EXPECT_FALSE(page("/x?limit=1001"));
    http::Response response;
    set_next(response, request(Method::get, "/a/b%2Fc?state=a%26b&cursor=1&limit=2"), "n 1");
    EXPECT_EQ(*http::find_header(response.headers, "Link"),
              "</a/b%2Fc?cursor=n%201&state=a%26b&limit=2>; rel=\"next\"");
}

}  // namespace
}  // namespace leat::server
