#include "server/accept.h"

#include <gtest/gtest.h>

namespace leat::server {
namespace {

TEST(Accept, TakesWhatIsWantedMost) {
    constexpr std::string_view types[] = {"application/x-ndjson", "text/event-stream"};
    EXPECT_EQ(acceptable(std::nullopt, types), types[0]);
    EXPECT_EQ(acceptable("", types), types[0]);
    EXPECT_EQ(acceptable("text/event-stream", types), types[1]);
    EXPECT_EQ(acceptable("TEXT/Event-Stream, */*;q=0.1", types), types[1]);
    EXPECT_EQ(acceptable("application/*;q=0.2, text/*;q=0.9", types), types[1]);
    EXPECT_EQ(acceptable("*/*;q=0.9, application/x-ndjson;q=0", types), types[1]);
    EXPECT_EQ(acceptable("text/html", types), std::nullopt);
    EXPECT_EQ(acceptable("text/event-stream;q=0", types), std::nullopt);
}

TEST(MediaTypes, BodiesAreJson) {
    auto check = [](std::string type, std::string body) {
        http::Request request;
        request.method = http::Method::post;
        if (!type.empty()) request.headers.push_back({"Content-Type", std::move(type)});
        request.body = std::move(body);
        auto status = check_media_types(request, "/api/v1/sources");
        return status ? ErrorCode::STOPPED : status.error().code;
    };
    EXPECT_EQ(check("Application/JSON; charset=utf-8", "{}"), ErrorCode::STOPPED);
    EXPECT_EQ(check("", ""), ErrorCode::STOPPED);
    EXPECT_EQ(check("application/x-www-form-urlencoded", ""), ErrorCode::STOPPED)
        << "what curl says of nothing";
    EXPECT_EQ(check("text/plain", "{}"), ErrorCode::API_MEDIA_TYPE) << "what a page may send unasked";
    EXPECT_EQ(check("", "{}"), ErrorCode::API_MEDIA_TYPE);
}

TEST(MediaTypes, AnswersAreWhatIsAskedFor) {
    auto check = [](std::string accept, std::string_view pattern) {
        http::Request request;
        request.headers.push_back({"Accept", std::move(accept)});
        return check_media_types(request, pattern).has_value();
    };
    EXPECT_TRUE(check("*/*", "/api/v1/sources"));
    EXPECT_TRUE(check("application/problem+json", "/api/v1/sources"));
    EXPECT_FALSE(check("image/png", "/api/v1/sources"));
    EXPECT_TRUE(check("text/event-stream", "/api/v1/sources/{}/changes"));
    EXPECT_TRUE(check("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                      "/metrics"))
        << "what Prometheus sends";
    EXPECT_TRUE(check("text/html,application/xhtml+xml,*/*;q=0.8", "/api/v1/docs"));
}

}  // namespace
}  // namespace leat::server
