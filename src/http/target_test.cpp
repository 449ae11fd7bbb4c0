#include "http/target.h"

#include <gtest/gtest.h>

#include "http/listen_address.h"
#include "http/response.h"

namespace leat::http {

namespace {

std::string path_of(std::string_view text) {
    auto target = parse_target(text);
    if (!target) return "refused";
    std::string joined;
    for (auto& segment : target->path) joined += "[" + segment + "]";
    return joined;
}

std::string query_of(std::string_view text) {
    auto target = parse_target("/?" + std::string(text));
    if (!target) return "refused";
    std::string joined;
    for (auto& [name, value] : target->parameters) joined += "[" + name + "|" + value + "]";
    return joined;
}

}  // namespace

TEST(HttpTarget, SplitsBeforeItDecodes) {
    EXPECT_EQ(path_of("/"), "");
    EXPECT_EQ(path_of("*"), "");
    EXPECT_EQ(path_of("/a/b"), "[a][b]");
    EXPECT_EQ(path_of("/a/b/"), "[a][b]");
    EXPECT_EQ(path_of("/a//b"), "[a][][b]");
    EXPECT_EQ(path_of("//a"), "[][a]");
    EXPECT_EQ(path_of("/a%2Fb/c%2fd"), "[a/b][c/d]");
    EXPECT_EQ(path_of("/a+b%20c%25"), "[a+b c%]");
    EXPECT_EQ(path_of("/%C3%A9"), "[é]");
    EXPECT_EQ(path_of("/..."), "[...]");
    EXPECT_EQ(path_of("http://host:80/a?b"), "[a]");
    EXPECT_EQ(path_of("HTTPS://host/a"), "[a]");
    EXPECT_EQ(path_of("http://host"), "");
    EXPECT_EQ(path_of("http://host?a=b"), "");
}

TEST(HttpTarget, RefusesWhatIsNoPath) {
    for (std::string_view text : {"",
                                  "a",
                                  "?a",
                                  "//..",
                                  "/.",
                                  "/a/../b",
                                  "/%2e%2E",
                                  "/%2e",
                                  "/a#b",
                                  "/%",
                                  "/%4",
                                  "/%zz",
                                  "/%4g",
                                  "/%00",
                                  "/%0A",
                                  "/%7F",
                                  "/%FF",
                                  "/%C3",
                                  "/%C3%28",
                                  "/%ED%A0%80",
                                  "/%C0%AF",
                                  "/%F4%90%80%80",
                                  "http://",
                                  "http:///a",
                                  "ftp://host/a",
                                  "http:/a"})
        EXPECT_EQ(path_of(text), "refused") << text;
    EXPECT_EQ(path_of("/" + std::string(200, '/')), "refused");
}

TEST(HttpTarget, DecodesTheQuery) {
    EXPECT_EQ(query_of(""), "");
    EXPECT_EQ(query_of("a=b&c=d"), "[a|b][c|d]");
    EXPECT_EQ(query_of("a&b=&=c&&"), "[a|][b|][|c]");
    EXPECT_EQ(query_of("a=b=c?/&a=2"), "[a|b=c?/][a|2]");
    EXPECT_EQ(query_of("where=status+%3D+'paid'%0AAND%20x%2B1"), "[where|status = 'paid'\nAND x+1]");
    EXPECT_EQ(query_of("%61%26=%3d"), "[a&|=]");
    EXPECT_EQ(query_of("a=%"), "refused");
    EXPECT_EQ(query_of("a=%C3"), "refused");
    EXPECT_EQ(query_of("a=%00"), "refused");
    EXPECT_EQ(query_of("%0A=b"), "refused");
    std::string many;
    for (int i = 0; i < 300; ++i) many += "a=b&";
    EXPECT_EQ(query_of(many), "refused");
    EXPECT_EQ(parse_target("/?a=1&b=2&a=3")->parameter("a"), "1");
    EXPECT_EQ(parse_target("/?a=1")->parameter("b"), std::nullopt);
}

TEST(HttpTarget, IsWrittenWithoutItsQuery) {
    EXPECT_EQ(parse_target("/a%2Fb/%C3%A9%20/?token=x")->path_text(), "/a%2Fb/%C3%A9%20");
    EXPECT_EQ(parse_target("/?token=x")->path_text(), "/");
    EXPECT_EQ(percent_encode("a-._~ /%\xC3\xA9"), "a-._~%20%2F%25%C3%A9");
}

TEST(HttpListenAddress, IsHostAndPort) {
    EXPECT_EQ(parse_listen_address("127.0.0.1:8083")->to_string(), "127.0.0.1:8083");
    EXPECT_EQ(parse_listen_address("[::1]:0")->to_string(), "[::1]:0");
    EXPECT_EQ(parse_listen_address("localhost:65535")->port, 65535);
    EXPECT_EQ(parse_listen_address(":80")->host, "");
    EXPECT_EQ(parse_listen_address("*:80")->host, "");
    for (std::string_view text :
         {"", "8083", "host", "host:", "host:x", "host:65536", "host:-1", "::1:80", "[::1]", "[host]:80",
          "http://host:80", "a b:80", "user@host:80", "[::1:80"})
        EXPECT_FALSE(parse_listen_address(text)) << text;
}

TEST(HttpListenAddress, KnowsWhoCanReachIt) {
    for (std::string_view text : {"127.0.0.1:1", "127.8.9.10:1", "[::1]:1", "localhost:1"})
        EXPECT_TRUE(parse_listen_address(text)->loopback()) << text;
    for (std::string_view text :
         {":1", "*:1", "0.0.0.0:1", "[::]:1", "10.0.0.1:1", "localhost.example.com:1"})
        EXPECT_FALSE(parse_listen_address(text)->loopback()) << text;
}

TEST(HttpResponse, AProblemIsJson) {
    auto response = problem(404, "CODE", "What", "\"a\"\\\n\x01 \xFF\xC3\xA9", {{"field", "[1]"}});
    EXPECT_EQ(response.status, 404);
    EXPECT_EQ(
        response.body,
        "{\"type\":\"urn:leat:error:CODE\",\"title\":\"What\",\"status\":404,"
        "\"detail\":\"\\\"a\\\"\\\\\\n\\u0001 \xEF\xBF\xBD\xC3\xA9\",\"code\":\"CODE\",\"field\":[1]}\n");
    auto of_error = problem(409, Error{ErrorCode::IO, "It failed", "Mend it"});
    EXPECT_NE(of_error.body.find("\"detail\":\"It failed\",\"code\":\"IO\",\"action\":\"Mend it\"}"),
              std::string::npos);
    EXPECT_NE(problem(409, Error{ErrorCode::IO, {}, {}}).body.find("\"detail\":\"a file could not"),
              std::string::npos);
}

TEST(HttpResponse, SetsAHeaderOnce) {
    auto response = Response(200, "text/plain", "x").set("content-type", "a/b").set("ETag", "\"1\"");
    ASSERT_EQ(response.headers.size(), 2u);
    EXPECT_EQ(response.headers[0].value, "a/b");
}

}  // namespace leat::http
