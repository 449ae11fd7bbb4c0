#include "server/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/json_settings.h"
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

// Sources that say what they are told to.
class SaidSources : public Sources {
  public:
    std::vector<SourceView> all;

    std::vector<std::string> names() const override {
        std::vector<std::string> names;
        for (auto& view : all) names.push_back(view.name);
        return names;
    }
    Result<SourceView> view(const std::string& name) const override {
        for (auto& view : all)
            if (view.name == name) return view;
        return fail(ErrorCode::LOG_NO_SOURCE, "none");
    }
    std::vector<TableCounts::Count> table_counts(const std::string&) const override {
        return {{"public.orders", Op::create, 12}};
    }
    Result<FeedSource> feed(const FeedSpec&) const override { return fail(ErrorCode::LOG_NO_SOURCE, "none"); }
};

class NoControl : public SourceControl {
    static std::unexpected<Error> none() { return fail(ErrorCode::LOG_NO_SOURCE, "none"); }

  public:
    Result<SourceView> create(const SourceRequest& request) override {
        asked = request;
        SourceView view;
        view.name = request.settings.name;
        return view;
    }
    Result<SourceView> update(const SettingGroup&, std::optional<uint64_t>) override { return none(); }
    Result<SettingGroup> settings(const std::string&) const override { return none(); }
    Status remove(const std::string&, const RemoveRequest&) override { return none(); }
    Result<SourceView> start(const std::string&) override { return none(); }
    Result<SourceView> stop(const std::string&) override { return none(); }
    Result<SourceView> pause(const std::string&) override { return none(); }
    Result<SourceView> resume(const std::string&) override { return none(); }
    Result<std::vector<Finding>> check(const std::string&) const override { return none(); }
    Result<std::vector<SchemaVersion>> schemas(const std::string&) const override { return none(); }
    Result<SignalOutcome> signal(const std::string&, Signal) override { return none(); }
    SourceRequest asked;
};

SourceView named(std::string name) {
    SourceView view;
    view.name = std::move(name);
    return view;
}

TEST(Health, FollowsProgress) {
    SaidSources sources;
    sources.all.push_back(named("shop"));
    NoControl control;
    Api api(sources, control, nullptr, {});
    EXPECT_EQ(api.answer(get("/healthz")).status, 200);
    sources.all[0].status.state = SourceState::failed;  // restarting the process would not mend that
    EXPECT_EQ(api.answer(get("/healthz")).status, 200);
    sources.all[0].status.stalled = std::chrono::minutes(2);
    auto answer = api.answer(get("/healthz"));
    EXPECT_EQ(answer.status, 503);
    EXPECT_THAT(answer.body, ::testing::HasSubstr("shop"));
}

TEST(Metrics, OfASource) {
    SaidSources sources;
    SourceView view = named("shop");
    view.status.errors = {{ErrorCode::PG_CONNECT, 3}};
    view.status.retries = 3;
    view.status.server.retained_bytes = 1000;
    view.status.snapshot = SnapshotProgress{50, 200, 1};
    sources.all = {view};
    NoControl control;
    Api api(sources, control, nullptr, {});
    std::string text = api.answer(get("/metrics")).body;
    for (auto line :
         {"leat_source_errors_total{source=\"shop\",code=\"PG_CONNECT\"} 3\n",
          "leat_source_retries_total{source=\"shop\"} 3\n",
          "leat_source_retained_bytes{source=\"shop\"} 1000\n",
          "leat_source_snapshot_rows{source=\"shop\"} 50\n",
          "leat_source_snapshot_rows_estimate{source=\"shop\"} 200\n",
          "leat_source_table_changes_total{source=\"shop\",table=\"public.orders\",op=\"c\"} 12\n"})
        EXPECT_THAT(text, ::testing::HasSubstr(line));
    EXPECT_THAT(text, ::testing::Not(::testing::HasSubstr("leat_source_lag_bytes{"))) << "it is not known";
}

TEST(MakingASource, TakesTheWordsOfTheIssue) {
    SaidSources sources;
    NoControl control;
    Api api(sources, control, nullptr, {});
    auto post = [&](std::string body) {
        auto request = get("/api/v1/sources");
        request.method = http::Method::post;
        request.headers.push_back({"Content-Type", "application/json"});
        request.body = std::move(body);
        return api.answer(request);
    };
    auto answer = post(
        R"({"db_type": "postgresql", "connection_string": "postgresql://h/My-Shop", "tables": ["a.*"]})");
    EXPECT_EQ(answer.status, 201) << answer.body;
    EXPECT_EQ(control.asked.settings.name, "my_shop") << "named by its database";
    EXPECT_EQ(to_json(control.asked.settings), R"({"url":"postgresql://h/My-Shop","tables":["a.*"]})");
    EXPECT_FALSE(control.asked.start);
    EXPECT_TRUE(control.asked.check);
    EXPECT_EQ(post("{").status, 400);
    EXPECT_EQ(post(R"({"connection_string": "a", "url": "b"})").status, 422);
    EXPECT_EQ(post(R"({"db_type": "oracle"})").status, 422);
    EXPECT_EQ(post(R"({"start": 1})").status, 422);
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
