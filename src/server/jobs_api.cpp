#include "server/jobs_api.h"

#include <fmt/core.h>

#include "base/text.h"
#include "server/answers.h"
#include "server/parameters.h"
#include "server/request_body.h"

namespace leat::server {

using http::json_string;

std::string_view name(JobState state) {
    constexpr std::string_view names[] = {"RUNNING", "DONE", "FAILED", "CANCELLED"};
    return names[static_cast<size_t>(state)];
}

namespace {

constexpr uint64_t jobs_shown = 100, jobs_shown_max = 1000;

std::string job_json(const JobView& job) {
    return fmt::format(
        "{{\"job_id\":\"{}\",\"{}_id\":\"{}\",\"kind\":\"{}\",\"source_id\":{},\"consumer_id\":{},\"state\":"
        "\"{}\","
        "\"error\":{},\"created\":{},\"changed\":{},\"progress\":{{\"first_seq\":{},\"last_seq\":{},\"seq\":{"
        "},"
        "\"changes\":{}}}}}",
        job.id, job.kind, job.id, job.kind, json_string(job.source), json_string(job.consumer),
        name(job.state), error_json(job.error), json_time(job.created_us), json_time(job.changed_us),
        job.first, job.last, job.done, job.changes);
}

Result<std::optional<int64_t>> moment(RequestBody& body, std::string_view name) {
    LEAT_ASSIGN(auto text, body.text(name));
    if (!text) return std::nullopt;
    auto time = parse_time_us(*text);
    if (time) return time;
    return fail(ErrorCode::CONFIG_INVALID,
                fmt::format("request: {}: it is a time like 2026-11-21T10:15:30Z", name));
}

Result<uint64_t> job_id(const std::string& text) {
    uint64_t id = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error == std::errc() && end == text.data() + text.size() && id <= INT64_MAX) return id;
    return fail(ErrorCode::API_NOT_FOUND, "there is no job of this id", "GET /api/v1/jobs lists them.");
}

}  // namespace

JobsApi::Answer JobsApi::replay(const http::Request& request, const std::string& source) {
    LEAT_TRY(sources_.view(source));
    LEAT_ASSIGN(auto body, RequestBody::read(request));
    ReplaySpec spec;
    LEAT_ASSIGN(auto consumer, body.text("consumer_id"));
    LEAT_ASSIGN(spec.from_us, moment(body, "start_timestamp"));
    LEAT_ASSIGN(spec.until_us, moment(body, "end_timestamp"));
    LEAT_ASSIGN(auto first, body.number("start_seq"));
    LEAT_ASSIGN(auto last, body.number("end_seq"));
    LEAT_ASSIGN(spec.tables, body.list("table_filter"));
    LEAT_ASSIGN(auto rate, body.number("rate"));
    LEAT_TRY(body.end());
    auto wrong = [](std::string_view field, std::string what) {
        return fail(ErrorCode::CONFIG_INVALID, fmt::format("request: {}: {}", field, what));
    };
    if (first && spec.from_us) return wrong("start_seq", "start_timestamp is there too");
    if (last && spec.until_us) return wrong("end_seq", "end_timestamp is there too");
    if (spec.from_us && spec.until_us && *spec.until_us < *spec.from_us)
        return wrong("end_timestamp", "it is before start_timestamp");
    if (first && last && *last < *first) return wrong("end_seq", "it is before start_seq");
    if (first) spec.first = Seq(*first);
    if (last) spec.last = Seq(*last);
    spec.changes_per_second = rate.value_or(0);

    // To whom, if only one could be meant.
    std::vector<std::string> of_source;
    for (const std::string& one : consumers_.names())
        if (auto view = consumers_.view(one); view && view->source == source && view->type != "subscription")
            of_source.push_back(one);
    if (!consumer && of_source.size() == 1) consumer = of_source.front();
    if (!consumer)
        return wrong("consumer_id",
                     of_source.empty()
                         ? fmt::format("no consumer of {} has a destination; make one first", source)
                         : "say to which of its consumers");
    auto view = consumers_.view(*consumer);
    if (!view || view->source != source)
        return wrong("consumer_id", fmt::format("{} has no consumer {}", source, json_string(*consumer)));
    spec.consumer = *consumer;
    LEAT_ASSIGN(auto job, jobs_.start_replay(source, std::move(spec)));
    return json_answer(202, job_json(job)).set("Location", fmt::format("/api/v1/jobs/{}", job.id));
}

JobsApi::Answer JobsApi::list(const http::Request& request) {
    static constexpr std::string_view known[] = {"before", "limit"};
    LEAT_ASSIGN(auto parameters, Parameters::read(request, known));
    LEAT_ASSIGN(auto before, parameters.number("before"));
    LEAT_ASSIGN(auto limit, parameters.number("limit"));
    size_t wanted = std::clamp<uint64_t>(limit.value_or(jobs_shown), 1, jobs_shown_max);
    LEAT_ASSIGN(auto jobs, jobs_.list(std::min<uint64_t>(before.value_or(0), INT64_MAX), wanted + 1));
    bool more = jobs.size() > wanted;
    if (more) jobs.resize(wanted);
    std::string text;
    for (const JobView& job : jobs) text += (text.empty() ? "" : ",") + job_json(job);
    return json_answer(200, fmt::format("{{\"jobs\":[{}],\"next_before\":{}}}", text,
                                        more ? std::to_string(jobs.back().id) : "null"));
}

JobsApi::Answer JobsApi::get(const std::string& id) {
    LEAT_ASSIGN(uint64_t number, job_id(id));
    LEAT_ASSIGN(auto job, jobs_.view(number));
    return json_answer(200, job_json(job));
}

JobsApi::Answer JobsApi::cancel(const http::Request& request, const std::string& id) {
    LEAT_ASSIGN(auto body, RequestBody::read(request));
    LEAT_TRY(body.end());
    LEAT_ASSIGN(uint64_t number, job_id(id));
    LEAT_ASSIGN(auto job, jobs_.cancel(number));
    return json_answer(200, job_json(job));
}

}  // namespace leat::server
