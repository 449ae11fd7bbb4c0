#include "server/api.h"

#include <gtest/gtest.h>

#include "delivery/test_support.h"
#include "server/metrics.h"
#include "server/start_place.h"

namespace leat::server {
namespace {

http::Request get(const std::string& target) {
    http::Request request;
    request.target = *http::parse_target(target);
    request.headers.push_back({"Host", "localhost"});
    return request;
}

TEST(Host, OnlyNamesOfThisMachine) {
    for (auto host : {"localhost", "localhost:8083", "127.0.0.1", "127.1.2.3:80", "[::1]", "[::1]:8083"})
        EXPECT_TRUE(names_this_machine(host)) << host;
    for (auto host : {"", "evil.example", "127.evil.example", "127.0.0.1.nip.io", "localhost.evil.example",
                      "[::1].x", "[::2]", "10.0.0.1", "evil.example:127"})
        EXPECT_FALSE(names_this_machine(host)) << host;
}

class StartPlace : public ::testing::Test {
  protected:
    StartPlace() {
        for (int i = 0; i < 5; ++i) log.append(4);
    }
    Result<uint64_t> place(const std::string& query, const std::string& last_event_id = "",
                           uint64_t first = 1) {
        static constexpr std::string_view known[] = {"after", "from"};
        auto request = get("/x" + query);
        if (!last_event_id.empty()) request.headers.push_back({"last-event-id", last_event_id});
        LEAT_ASSIGN(auto parameters, Parameters::read(request, known));
        LogRange range = log.range();
        range.first_seq = Seq(first);
        LEAT_ASSIGN(Seq seq, start_place(request, parameters, log.source(), range));
        return seq.value;
    }
    ErrorCode error(const std::string& query, const std::string& id = "", uint64_t first = 1) {
        auto result = place(query, id, first);
        return result ? ErrorCode::INTERNAL : result.error().code;
    }
    test::MemoryLog log;  // sequences 1 to 20, committed at 1, 5, 9, 13 and 17 ms
};

TEST_F(StartPlace, ByCursorOrPlaceOrTime) {
    EXPECT_EQ(place(""), 20u);
    EXPECT_EQ(place("?from=now"), 20u);
    EXPECT_EQ(place("?from=earliest"), 0u);
    EXPECT_EQ(place("?from=earliest", "", 9), 8u);
    EXPECT_EQ(place("?after=7"), 7u);
    EXPECT_EQ(place("?after=7", "9"), 9u) << "what a browser sends when it connects again";
    EXPECT_EQ(place("?from=1970-01-01T00:00:00.006Z"), 8u);
    EXPECT_EQ(place("?from=1970-01-01T00:00:00.009Z"), 8u);
    EXPECT_EQ(place("?from=1971-01-01"), 20u);
}

TEST_F(StartPlace, WhatIsNotThereIsTold) {
    EXPECT_EQ(error("?after=21"), ErrorCode::API_SEQUENCE_AHEAD);
    EXPECT_EQ(error("", "21"), ErrorCode::API_SEQUENCE_AHEAD);
    EXPECT_EQ(error("?after=7", "", 9), ErrorCode::LOG_TRIMMED);
    EXPECT_EQ(place("?after=8", "", 9), 8u);
    EXPECT_EQ(error("?after=-1"), ErrorCode::API_PARAMETER);
    EXPECT_EQ(error("?after=18446744073709551616"), ErrorCode::API_PARAMETER);
    EXPECT_EQ(error("", "abc"), ErrorCode::API_PARAMETER);
    EXPECT_EQ(error("?from=then"), ErrorCode::API_PARAMETER);
    EXPECT_EQ(error("?after=1&from=now"), ErrorCode::API_PARAMETER);
    EXPECT_EQ(error("?form=now"), ErrorCode::API_PARAMETER);
}

TEST(MetricsText, LabelsAreEscaped) {
    MetricsText text;
    text.metric("leat_x", "gauge", "An x.");
    text.sample(1.5, {{"source", "a\"b\\c\nd"}});
    text.sample(3);
    EXPECT_EQ(text.take(),
              "# HELP leat_x An x.\n# TYPE leat_x gauge\nleat_x{source=\"a\\\"b\\\\c\\nd\"} 1.5\nleat_x 3\n");
}

}  // namespace
}  // namespace leat::server
