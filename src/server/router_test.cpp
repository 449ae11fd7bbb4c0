#include "server/router.h"

#include <gtest/gtest.h>

#include "server/answers.h"

namespace leat::server {
namespace {

http::Request request(http::Method method, const std::string& target) {
    http::Request made;
    made.method = method;
    made.target = *http::parse_target(target);
    return made;
}

class Routes : public ::testing::Test {
  protected:
    Routes() {
        auto tell = [](std::string text) {
            return [text](const http::Request&, const PathArguments& arguments) -> Result<http::Response> {
                std::string all = text;
                for (const std::string& one : arguments) all += ":" + one;
                return http::Response(200, "text/plain", all);
            };
        };
        router.add({http::Method::get, "/things", tell("list")});
        router.add({http::Method::post, "/things", tell("make")});
        router.add({http::Method::get, "/things/{}", tell("one"), true});
        router.add({http::Method::post, "/things/{}/parts/{}", tell("part")});
        router.add({http::Method::post, "/wrong", [](auto&, auto&) -> Result<http::Response> {
                        return fail(ErrorCode::API_STATE, "request: speed: too fast");
                    }});
    }
    std::string body(http::Method method, const std::string& target) {
        return router.answer(request(method, target)).body;
    }
    int status(http::Method method, const std::string& target) {
        return router.answer(request(method, target)).status;
    }
    Router router;
};

TEST_F(Routes, ByMethodAndPath) {
    EXPECT_EQ(body(http::Method::get, "/things"), "list");
    EXPECT_EQ(body(http::Method::head, "/things"), "list");
    EXPECT_EQ(body(http::Method::post, "/things"), "make");
    EXPECT_EQ(body(http::Method::get, "/things/a%2Fb"), "one:a/b");
    EXPECT_EQ(body(http::Method::post, "/things/a/parts/7"), "part:a:7");
    EXPECT_EQ(status(http::Method::get, "/other"), 404);
    EXPECT_EQ(status(http::Method::get, "/things/a/parts"), 404);
}

TEST_F(Routes, OtherMethodsAreTold) {
    auto answer = router.answer(request(http::Method::del, "/things"));
    EXPECT_EQ(answer.status, 405);
    EXPECT_EQ(*http::find_header(answer.headers, "Allow"), "GET, HEAD, POST");
}

TEST_F(Routes, ParametersOnlyWhereTheyAreTaken) {
    EXPECT_EQ(status(http::Method::get, "/things?x=1"), 400);
    EXPECT_EQ(status(http::Method::get, "/things/a?x=1"), 200);
}

TEST_F(Routes, AProblemNamesItsField) {
    auto answer = router.answer(request(http::Method::post, "/wrong"));
    EXPECT_EQ(answer.status, 409);
    EXPECT_NE(answer.body.find("\"field\":\"speed\""), std::string::npos) << answer.body;
    EXPECT_EQ(answer.body.find("request: "), std::string::npos) << answer.body;
}

TEST(Answers, IfMatch) {
    auto revision = [](std::string text) {
        auto made = request(http::Method::put, "/x");
        if (!text.empty()) made.headers.push_back({"If-Match", text});
        return expected_revision(made);
    };
    EXPECT_EQ(*revision(""), std::nullopt);
    EXPECT_EQ(*revision("*"), std::nullopt);
    EXPECT_EQ(**revision("\"12\""), 12u);
    EXPECT_EQ(revision("\"x\"").error().code, ErrorCode::STORE_CHANGED);
}

}  // namespace
}  // namespace leat::server
