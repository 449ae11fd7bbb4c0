#include "engine/job_set.h"

#include <fmt/core.h>

#include "base/logging.h"
#include "json/json_text.h"
#include "json/json_value.h"

namespace leat::engine {

using namespace std::chrono_literals;
using server::JobState;
using server::JobView;
using server::ReplaySpec;

namespace {

uint64_t number(const json::Value& object, std::string_view name) {
    const json::Value* value = object.member(name);
    return value && value->is(json::Value::Kind::number) ? std::strtoull(value->text.c_str(), nullptr, 10)
                                                         : 0;
}

bool has(const json::Value& object, std::string_view name) {
    const json::Value* value = object.member(name);
    return value && !value->is(json::Value::Kind::null);
}

std::string spec_json(const ReplaySpec& spec) {
    std::string text = fmt::format("{{\"consumer\":{},\"rate\":{}",
                                   json::quoted(std::string_view(spec.consumer)), spec.changes_per_second);
    if (spec.from_us) text += fmt::format(",\"from_us\":{}", *spec.from_us);
    if (spec.until_us) text += fmt::format(",\"until_us\":{}", *spec.until_us);
    if (spec.first) text += fmt::format(",\"first\":{}", spec.first->value);
    if (spec.last) text += fmt::format(",\"last\":{}", spec.last->value);
    text += ",\"tables\":[";
    for (const std::string& table : spec.tables)
        text += (text.back() == '[' ? "" : ",") + json::quoted(std::string_view(table));
    return text + "]}";
}

Result<ReplaySpec> spec_of(const db::Job& job) {
    LEAT_ASSIGN(auto object, json::read(job.spec));
    LEAT_ASSIGN(auto progress, json::read(job.progress));
    ReplaySpec spec;
    spec.id = std::to_string(job.id);
    spec.consumer = object.text_of("consumer");
    spec.changes_per_second = number(object, "rate");
    if (const json::Value* tables = object.member("tables"))
        for (const json::Value& table : tables->items) spec.tables.push_back(table.text);
    // The range as it was found at the beginning: by time, changes may have been added to it since.
    if (has(progress, "last")) {
        spec.first = Seq(number(progress, "first"));
        spec.last = Seq(number(progress, "last"));
        spec.done = Seq(number(progress, "done"));
        return spec;
    }
    if (has(object, "from_us")) spec.from_us = static_cast<int64_t>(number(object, "from_us"));
    if (has(object, "until_us")) spec.until_us = static_cast<int64_t>(number(object, "until_us"));
    if (has(object, "first")) spec.first = Seq(number(object, "first"));
    if (has(object, "last")) spec.last = Seq(number(object, "last"));
    return spec;
}

std::unexpected<Error> no_job() {
    return fail(ErrorCode::API_NOT_FOUND, "there is no job of this id", "GET /api/v1/jobs lists them.");
}

}  // namespace

JobSet::~JobSet() { stop_all(); }

// How far it is, and what became of it.
void JobSet::keep(db::Job& job, const server::Replay& replay, bool cancelled) {
    ConsumerStatus status = replay.status();
    job.progress =
        fmt::format("{{\"first\":{},\"last\":{},\"done\":{},\"changes\":{}}}", replay.first().value,
                    replay.last().value, std::min(status.durable, replay.last()).value,
                    status.changes);  // it may have looked at more than it was to send
    if (cancelled) {
        job.state = "cancelled";
    } else if (replay.ended()) {
        job.state = status.state == ConsumerState::failed ? "failed" : "done";
        if (status.error && job.state == "failed") {
            job.code = leat::name(status.error->code);
            job.message = status.error->message;
        }
    }
}

JobView JobSet::view_of(const db::Job& job) const {
    JobView view;
    view.id = job.id;
    view.kind = job.kind;
    view.source = job.subject;
    view.created_us = job.created_us;
    view.changed_us = job.changed_us;
    view.state = job.state == "running"  ? JobState::running
                 : job.state == "done"   ? JobState::done
                 : job.state == "failed" ? JobState::failed
                                         : JobState::cancelled;
    if (view.state == JobState::failed)
        view.error = Error{error_code(job.code).value_or(ErrorCode::INTERNAL), job.message, {}};
    if (auto spec = json::read(job.spec)) view.consumer = spec->text_of("consumer");
    if (auto progress = json::read(job.progress)) {
        view.first = number(*progress, "first");
        view.last = number(*progress, "last");
        view.done = number(*progress, "done");
        view.changes = number(*progress, "changes");
    }
    return view;
}

Status JobSet::open() {
    LEAT_ASSIGN(auto jobs, store_.running());
    std::lock_guard lock(mutex_);
    for (db::Job& job : jobs) {
        auto begin = [&]() -> Status {
            LEAT_ASSIGN(auto spec, spec_of(job));
            LEAT_ASSIGN(running_[job.id], replays_.replay(spec));
            return {};
        };
        auto begun = begin();
        if (begun) continue;
        running_.erase(job.id);
        log_error(LogLevel::warning, job.subject, fmt::format("job {} cannot go on", job.id), begun.error());
        job.state = "failed";
        job.code = leat::name(begun.error().code);
        job.message = begun.error().message;
        LEAT_TRY(store_.update(job));
    }
    return {};
}

void JobSet::measure() {
    auto now = SteadyClock::now();
    if (now - measured_ < 1s) return;
    measured_ = now;
    std::vector<std::unique_ptr<server::Replay>> ended;  // gone without the lock
    std::lock_guard lock(mutex_);
    for (auto at = running_.begin(); at != running_.end();) {
        auto job = store_.find(at->first);
        bool over = at->second->ended();
        if (job && *job) {
            keep(**job, *at->second, false);
            if (!store_.update(**job)) over = false;  // the next time
        }
        if (!over) {
            ++at;
            continue;
        }
        ended.push_back(std::move(at->second));
        at = running_.erase(at);
    }
}

void JobSet::stop_all() {
    std::map<uint64_t, std::unique_ptr<server::Replay>> running;
    {
        std::lock_guard lock(mutex_);
        running.swap(running_);
    }
    for (auto& [id, replay] : running) {
        bool ended = replay->ended();
        if (!ended) replay->cancel();
        auto job = store_.find(id);
        if (!job || !*job) continue;
        keep(**job, *replay, false);
        if (!ended) (*job)->state = "running";
        static_cast<void>(store_.update(**job));
    }
}

Result<JobView> JobSet::start_replay(const std::string& source, ReplaySpec spec) {
    LEAT_ASSIGN(auto job, store_.insert("replay", source, spec_json(spec)));
    spec.id = std::to_string(job.id);
    auto replay = replays_.replay(spec);
    if (!replay) {
        job.state = "failed";
        job.code = leat::name(replay.error().code);
        job.message = replay.error().message;
        static_cast<void>(store_.update(job));
        return fail(std::move(replay.error()));
    }
    keep(job, **replay, false);
    LEAT_TRY(store_.update(job));
    std::lock_guard lock(mutex_);
    running_[job.id] = std::move(*replay);
    return view_of(job);
}

Result<std::vector<JobView>> JobSet::list(uint64_t before, size_t limit) const {
    LEAT_ASSIGN(auto jobs, store_.list(before, limit));
    std::vector<JobView> views;
    for (const db::Job& job : jobs) views.push_back(view_of(job));
    return views;
}

Result<JobView> JobSet::view(uint64_t id) const {
    LEAT_ASSIGN(auto job, store_.find(id));
    if (!job) return no_job();
    return view_of(*job);
}

Result<JobView> JobSet::cancel(uint64_t id) {
    std::unique_ptr<server::Replay> replay;
    {
        std::lock_guard lock(mutex_);
        if (auto found = running_.find(id); found != running_.end()) {
            replay = std::move(found->second);
            running_.erase(found);
        }
    }
    LEAT_ASSIGN(auto job, store_.find(id));
    if (!job) return no_job();
    if (!replay) return fail(ErrorCode::API_STATE, fmt::format("the job {} has ended already", id));
    bool ended = replay->ended();
    replay->cancel();
    keep(*job, *replay, !ended);
    LEAT_TRY(store_.update(*job));
    return view_of(*job);
}

}  // namespace leat::engine
