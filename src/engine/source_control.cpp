// SourceSet: sources that are started, stopped, paused and resumed.
#include <fmt/core.h>

#include "base/logging.h"
#include "engine/source_set.h"

namespace leat::engine {

using namespace std::chrono_literals;
using server::DesiredState;
using server::SourceView;

namespace {

constexpr auto control_patience = 5s;  // for another change
constexpr auto stop_patience = 10s;    // for a source's threads, which wait for a database or a disk
constexpr auto signal_patience = 10s;
constexpr auto state_patience = 3s;  // for what is answered: it is reached also without being waited for

std::unexpected<Error> not_running(const std::string& name, std::string_view what) {
    return fail(ErrorCode::API_STATE, fmt::format("the source {} is stopped and cannot be {}", name, what),
                fmt::format("Start it: POST /api/v1/sources/{}/start", name));
}

}  // namespace

Result<SourceSet::Control> SourceSet::control() {
    Control lock(control_, control_patience);
    if (!lock) return fail(ErrorCode::API_BUSY, "another change of the sources is under way", "Ask again.");
    return lock;
}

const SourceSet::Source* SourceSet::find(const std::string& name) const {
    auto found = std::ranges::find_if(sources_, [&](const Source& one) { return one.config.name == name; });
    return found == sources_.end() ? nullptr : &*found;
}

SourceSet::Source* SourceSet::find(const std::string& name) {
    return const_cast<Source*>(std::as_const(*this).find(name));
}

Result<const SourceSet::Source*> SourceSet::known(const std::string& name) const {
    if (const Source* source = find(name)) return source;
    return fail(ErrorCode::LOG_NO_SOURCE, "there is no source of this name",
                "GET /api/v1/sources lists them.");
}

Result<SourceSet::Source*> SourceSet::known(const std::string& name) {
    LEAT_ASSIGN(auto* source, std::as_const(*this).known(name));
    return const_cast<Source*>(source);
}

// From any thread, of who needs to know no more.
Status SourceSet::check_known(const std::string& name) const {
    std::lock_guard lock(mutex_);
    LEAT_TRY(known(name));
    return {};
}

Result<DesiredState> SourceSet::desired_of(const std::string& name) const {
    LEAT_ASSIGN(auto state, definitions_->desired(db::DefinitionKind::source, name));
    return state == db::DesiredState::running  ? DesiredState::running
           : state == db::DesiredState::paused ? DesiredState::paused
                                               : DesiredState::stopped;
}

// Kept before it is done: a kill in between leaves what was asked for.
Status SourceSet::set_desired(Source& source, DesiredState desired) {
    if (source.desired == desired) return {};
    auto state = desired == DesiredState::running  ? db::DesiredState::running
                 : desired == DesiredState::paused ? db::DesiredState::paused
                                                   : db::DesiredState::stopped;
    LEAT_TRY(definitions_->set_desired(db::DefinitionKind::source, source.config.name, state));
    std::lock_guard lock(mutex_);
    source.desired = desired;
    return {};
}

void SourceSet::rest(Source& source, SourceStatus last) {
    std::lock_guard lock(mutex_);
    source.resting = std::move(last);
    source.resting.state = SourceState::stopped;
    source.resting.error.reset();
    source.resting.snapshot.reset();
    source.resting.server = {};
    source.resting.queue_bytes = 0;
    source.resting.stalled = {};
    source.changes_per_second = 0;
}

// Its threads end soon after they are told, but a database that does not answer or a disk that does not write
// may hold them: then it stops later by itself.
Status SourceSet::end_runner(Source& source) {
    if (!source.runner) {
        rest(source, source.resting);
        return {};
    }
    source.runner->request_stop();
    auto has_ended = [](const SourceStatus& status) {
        return status.state == SourceState::stopped || status.state == SourceState::failed;
    };
    if (!has_ended(source.runner->wait(stop_patience, has_ended)))
        return fail(ErrorCode::API_BUSY,
                    fmt::format("the source {} is told to stop, and has not ended yet", source.config.name),
                    "It stops by itself; ask again.");
    source.runner->join();
    std::unique_ptr<SourceRunner> old;
    {
        std::lock_guard lock(mutex_);
        old = std::move(source.runner);
    }
    rest(source, old->status());
    return {};  // `old` goes without the lock: it may drop its slot (slot.drop.on.stop)
}

Status SourceSet::begin_runner(Source& source) {
    LEAT_ASSIGN(auto runner, make_runner(source.config, *config_));
    runner->pause(source.desired == DesiredState::paused);
    runner->start();
    std::lock_guard lock(mutex_);
    source.runner = std::move(runner);
    source.measured_changes = 0;
    return {};
}

// Until it is seen what becomes of it; it becomes that also if nobody waits.
void SourceSet::await_state(const Source& source) {
    source.runner->wait(state_patience, [](const SourceStatus& status) {
        return status.state != SourceState::created && (status.state != SourceState::paused || status.error);
    });
}

Result<SourceView> SourceSet::start(const std::string& name) {
    LEAT_ASSIGN(auto lock, control());
    LEAT_ASSIGN(Source * source, known(name));
    if (source->broken) LEAT_TRY(mend(*source));
    bool was_stopped = source->desired == DesiredState::stopped;
    // One that was told to stop may still be at it.
    if (source->ended() || was_stopped) LEAT_TRY(end_runner(*source));
    LEAT_TRY(set_desired(*source, DesiredState::running));
    if (source->runner)
        source->runner->pause(false);
    else
        LEAT_TRY(begin_runner(*source));
    await_state(*source);
    return view(name);
}

Result<SourceView> SourceSet::stop(const std::string& name) {
    LEAT_ASSIGN(auto lock, control());
    LEAT_ASSIGN(Source * source, known(name));
    LEAT_TRY(set_desired(*source, DesiredState::stopped));
    LEAT_TRY(end_runner(*source));
    return view(name);
}

Result<SourceView> SourceSet::pause(const std::string& name) {
    LEAT_ASSIGN(auto lock, control());
    LEAT_ASSIGN(Source * source, known(name));
    if (source->ended()) return not_running(name, "paused");
    if (source->desired == DesiredState::stopped) return not_running(name, "paused");
    LEAT_TRY(set_desired(*source, DesiredState::paused));
    source->runner->pause(true);
    // A snapshot is finished first, and one that cannot reach its database pauses when it does.
    source->runner->wait(state_patience,
                         [](const SourceStatus& status) { return status.state != SourceState::running; });
    return view(name);
}

Result<SourceView> SourceSet::resume(const std::string& name) {
    LEAT_ASSIGN(auto lock, control());
    LEAT_ASSIGN(Source * source, known(name));
    if (source->ended() || source->desired == DesiredState::stopped) return not_running(name, "resumed");
    LEAT_TRY(set_desired(*source, DesiredState::running));
    source->runner->pause(false);
    source->runner->wait(state_patience, [](const SourceStatus& status) {
        return status.state != SourceState::paused || status.error;
    });
    return view(name);
}

// It is carried out while the source runs, and not while it is paused.
Result<SignalOutcome> SourceSet::signal(const std::string& name, Signal signal) {
    LEAT_ASSIGN(auto lock, control());
    LEAT_ASSIGN(Source * source, known(name));
    if (source->ended() || source->desired == DesiredState::stopped)
        return not_running(name, "told to read tables");
    if (source->desired == DesiredState::paused)
        return fail(ErrorCode::API_STATE, fmt::format("the source {} is paused", name),
                    fmt::format("End the pause: POST /api/v1/sources/{}/resume", name));
    return source->runner->signal(std::move(signal), "REST", signal_patience);
}

}  // namespace leat::engine
