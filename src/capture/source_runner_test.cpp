#include "capture/source_runner.h"

#include "capture/test_support.h"

namespace leat {
namespace {

using namespace capture_test;
using testing::ElementsAre;
using testing::IsEmpty;

// A runner with its fakes. Ends with the test, whatever state it is in.
struct Capture {
    Capture() {
        options.retry_delay_first = 1ms;
        options.full_disk_delay = 1ms;
    }
    void start() {
        runner.emplace("test", std::move(owned), [this] { return FakeLog::open(store); }, options);
        runner->start();
    }
    SourceStatus end() {
        runner->request_stop();
        runner->join();
        return runner->status();
    }
    SourceStatus join() {
        runner->join();
        return runner->status();
    }
    // The source's answer to open: a snapshot of these chunks.
    void snapshots(uint32_t chunks, std::function<void(FakeSnapshotPlan&)> adjust = {}) {
        source.on_open = [this, chunks, adjust](auto&, auto) -> Result<FakeSource::Plan> {
            auto plan = std::make_unique<FakeSnapshotPlan>(journal);
            if (chunks) plan->add_table(chunks);
            if (adjust) adjust(*plan);
            return plan;
        };
    }
    void no_room_once() {
        store.on_append = [this, calls = 0]() mutable -> Status {
            if (++calls == 1) return fail(ErrorCode::LOG_DISK_FULL, "full");
            if (calls == 2) seen_while_full = runner->status();
            return {};
        };
    }
    void no_room() {
        store.on_append = [this]() -> Status {
            journal.add("no room");
            return fail(ErrorCode::LOG_DISK_FULL, "full");
        };
    }

    Journal journal;
    LogStore store{journal};
    RunnerOptions options;
    std::unique_ptr<FakeSource> owned = std::make_unique<FakeSource>(journal);
    FakeSource& source = *owned;
    SourceStatus seen_while_full;
    std::optional<SourceRunner> runner;
};

void expect_code(const SourceStatus& status, ErrorCode code) {
    ASSERT_TRUE(status.error);
    EXPECT_EQ(name(status.error->code), name(code));
}

// ---- the way of a block ----

TEST(SourceRunner, AppendsSyncsAndThenConfirms) {
    Capture capture;
    capture.source.gives(make_block("P1"));
    capture.start();
    capture.journal.wait_for("confirm P1");
    EXPECT_LT(capture.journal.place("append begin end P1"), capture.journal.place("sync P1"));
    EXPECT_LT(capture.journal.place("sync P1"), capture.journal.place("confirm P1"));
    capture.end();
}

// Invariant 1, under a policy that syncs later.
TEST(SourceRunner, ConfirmsNothingThatIsNotDurable) {
    Capture capture;
    capture.source.gives(make_block("P1"));
    capture.start();
    capture.journal.wait_for("confirm P1");
    capture.store.makes_durable = false;
    capture.source.gives(make_block("P2"));
    capture.journal.wait_for("append begin end P2");
    size_t synced = capture.journal.count("sync P1");
    capture.journal.wait_for("sync P1", synced + 2);  // the one after P2, and all it led to
    EXPECT_FALSE(capture.journal.has("confirm P2"));
    capture.store.makes_durable = true;
    capture.journal.wait_for("confirm P2");  // also without another block
    capture.end();
}

TEST(SourceRunner, ConfirmsNothingOfAnUnfinishedUnit) {
    Capture capture;
    capture.source.gives(make_block("P1"));
    capture.source.gives(make_block("", unit_begin));
    capture.source.gives(make_block("", 0));
    capture.source.gives(make_block("P2", unit_end));
    capture.start();
    capture.journal.wait_for("confirm P2");
    for (const std::string& line : capture.journal.lines())
        EXPECT_TRUE(!line.starts_with("confirm") || line == "confirm P1" || line == "confirm P2") << line;
    EXPECT_LT(capture.journal.place("append end P2"), capture.journal.place("confirm P2"));
    capture.end();
}

TEST(SourceRunner, CountsWhatItAppended) {
    Capture capture;
    capture.source.gives(make_block("P1", whole_unit, 3));
    capture.source.gives(make_block("P2", whole_unit, 4));
    capture.start();
    capture.journal.wait_for("confirm P2");
    SourceStatus status = capture.end();
    EXPECT_EQ(status.changes, 7u);
    EXPECT_GT(status.bytes, 7 * 10u);
}

TEST(SourceRunner, TheSourceGoesOnFromWhatTheLogHolds) {
    Capture capture;
    capture.store.blocks = {make_block("P7")};
    capture.store.schemas = {make_schema(3)};
    std::atomic<size_t> schemas = 0;
    capture.source.on_open = [&](const ResumePoint& from, auto) -> Result<FakeSource::Plan> {
        schemas = from.schemas.size();
        return nullptr;
    };
    capture.start();
    capture.journal.wait_for("start streaming");
    EXPECT_TRUE(capture.journal.has("open P7"));
    EXPECT_EQ(schemas, 1u);
    capture.end();
}

TEST(SourceRunner, SaysWhenItRuns) {
    Capture capture;
    capture.start();
    capture.journal.wait_for("read");
    EXPECT_EQ(capture.runner->status().state, SourceState::running);
    EXPECT_EQ(capture.end().state, SourceState::stopped);
}

// ---- errors ----

TEST(SourceRunner, ALostConnectionIsTriedAgainFromTheLastWholeUnit) {
    Capture capture;
    std::atomic<int> opened = 0;
    SourceStatus at_second;
    capture.source.on_open = [&](auto&, auto) -> Result<FakeSource::Plan> {
        if (++opened == 2) at_second = capture.runner->status();
        return nullptr;
    };
    capture.source.gives(make_block("P1"));
    capture.source.gives(make_block("", unit_begin));
    capture.source.fails(ErrorCode::PG_CONNECTION_LOST);
    capture.source.gives(make_block("P2"));
    capture.start();
    capture.journal.wait_for("confirm P2");
    EXPECT_EQ(capture.journal.count("open P1"), 1u);
    EXPECT_EQ(capture.journal.count("log opened"), 2u);
    EXPECT_EQ(at_second.state, SourceState::retrying);
    expect_code(at_second, ErrorCode::PG_CONNECTION_LOST);
    capture.end();
    EXPECT_THAT(capture.store.units(), ElementsAre("P1", "P2"));
    EXPECT_EQ(capture.store.changes(), 2u);  // nothing of the unit that was cut
}

TEST(SourceRunner, WhatCameBeforeAnErrorIsAppended) {
    Capture capture;
    for (auto position : {"P1", "P2", "P3"}) capture.source.gives(make_block(position));
    capture.source.fails(ErrorCode::PG_SLOT_LOST);
    capture.start();
    capture.join();
    EXPECT_THAT(capture.store.units(), ElementsAre("P1", "P2", "P3"));
    EXPECT_TRUE(capture.journal.has("confirm P3"));
}

TEST(SourceRunner, TheSourceIsClosedBeforeItIsOpenedAgain) {
    Capture capture;
    capture.source.fails(ErrorCode::PG_CONNECTION_LOST);
    capture.start();
    capture.journal.wait_for("start streaming", 2);
    Lines lines;
    for (const std::string& line : capture.journal.lines())
        if (line == "open " || line == "close" || line.starts_with("log")) lines.push_back(line);
    EXPECT_THAT(lines, ElementsAre("log opened", "open ", "close", "log closed", "log opened", "open "));
    capture.end();
}

TEST(SourceRunner, AnErrorThatNeedsAnOperatorEndsIt) {
    Capture capture;
    capture.source.fails(ErrorCode::PG_SLOT_LOST);
    capture.start();
    SourceStatus status = capture.join();
    EXPECT_EQ(status.state, SourceState::failed);
    expect_code(status, ErrorCode::PG_SLOT_LOST);
    EXPECT_EQ(capture.journal.count("open "), 1u);
    EXPECT_TRUE(capture.journal.has("close"));
}

TEST(SourceRunner, WithoutRetriesAnyErrorEndsIt) {
    Capture capture;
    capture.options.retry = false;
    capture.source.fails(ErrorCode::PG_CONNECTION_LOST);
    capture.start();
    SourceStatus status = capture.join();
    EXPECT_EQ(status.state, SourceState::failed);
    expect_code(status, ErrorCode::PG_CONNECTION_LOST);
}

TEST(SourceRunner, ASourceThatCannotBeOpenedIsTriedAgainOrNot) {
    for (ErrorCode code : {ErrorCode::PG_CONNECT, ErrorCode::PG_AUTH}) {
        Capture capture;
        std::atomic<int> opened = 0;
        capture.source.on_open = [&](auto&, auto) -> Result<FakeSource::Plan> {
            if (++opened == 1) return fail(code, "told to");
            return fail(ErrorCode::PG_WAL_LEVEL, "the end");
        };
        capture.start();
        expect_code(capture.join(), code == ErrorCode::PG_CONNECT ? ErrorCode::PG_WAL_LEVEL : code);
    }
}

TEST(SourceRunner, AStreamThatCannotBeStartedIsTriedAgain) {
    Capture capture;
    std::atomic<int> started = 0;
    capture.source.on_start_streaming = [&](auto) -> Status {
        return ++started == 1 ? fail(ErrorCode::PG_STREAM_ERROR, "") : Status{};
    };
    capture.start();
    capture.journal.wait_for("read");
    EXPECT_EQ(started, 2);
    capture.end();
}

TEST(SourceRunner, ALogThatCannotBeOpenedIsTriedAgainOrNot) {
    for (ErrorCode code : {ErrorCode::IO, ErrorCode::LOG_LOCKED}) {
        Capture capture;
        capture.store.on_open = [&, first = true]() mutable {
            return fail(std::exchange(first, false) ? code : ErrorCode::LOG_NEWER_VERSION, "told to");
        };
        capture.start();
        expect_code(capture.join(), code == ErrorCode::IO ? ErrorCode::LOG_NEWER_VERSION : code);
        EXPECT_THAT(capture.journal.lines(), IsEmpty());  // the source was not asked for anything
    }
}

// What a failed sync left uncertain is gone, was never confirmed, and is asked of the source again.
TEST(SourceRunner, AFailedSyncGoesBackToWhatIsDurable) {
    Capture capture;
    std::atomic<bool> fails = false;
    capture.store.on_sync = [&]() -> Status {
        std::lock_guard lock(capture.store.mutex);
        bool something = capture.store.blocks.size() > capture.store.durable;
        if (!something || !fails.exchange(false)) return {};
        return fail(ErrorCode::IO, "told to");
    };
    capture.source.gives(make_block("P1"));
    capture.start();
    capture.journal.wait_for("confirm P1");
    fails = true;
    capture.source.gives(make_block("P2"));
    capture.journal.wait_for("open P1");
    EXPECT_FALSE(capture.journal.has("confirm P2"));
    capture.source.gives(make_block("P2"));
    capture.journal.wait_for("confirm P2");
    capture.end();
    EXPECT_THAT(capture.store.units(), ElementsAre("P1", "P2"));
}

TEST(SourceRunner, AFailedAppendReleasesAReaderThatWaitsForRoom) {
    Capture capture;
    capture.options.channel_bytes = 1;
    capture.store.on_append = []() { return fail(ErrorCode::LOG_UNWRITABLE, "told to"); };
    for (int i = 0; i < 10; ++i) capture.source.gives(make_block("P"));
    capture.start();
    expect_code(capture.join(), ErrorCode::LOG_UNWRITABLE);
}

// ---- a full disk ----

TEST(SourceRunner, AFullDiskPausesWithTheBlockInHand) {
    Capture capture;
    capture.no_room_once();
    capture.source.gives(make_block("P1", whole_unit, 5));
    capture.start();
    capture.journal.wait_for("confirm P1");
    EXPECT_EQ(capture.seen_while_full.state, SourceState::paused);
    expect_code(capture.seen_while_full, ErrorCode::LOG_DISK_FULL);
    EXPECT_FALSE(capture.seen_while_full.error->action.empty());
    SourceStatus status = capture.runner->status();
    EXPECT_EQ(status.state, SourceState::running);
    EXPECT_FALSE(status.error);
    EXPECT_EQ(status.changes, 5u);
    EXPECT_EQ(capture.journal.count("append begin end P1"), 1u);
    EXPECT_EQ(capture.journal.count("open "), 1u);  // the source stayed connected
    EXPECT_FALSE(capture.journal.has("close"));
    capture.end();
}

TEST(SourceRunner, APauseThatWasAskedForStaysConnectedAndTakesNothing) {
    Capture capture;
    capture.start();
    capture.journal.wait_for("read");
    capture.runner->pause(true);
    capture.journal.wait_for("keep alive", 2);
    SourceStatus paused = capture.runner->status();
    EXPECT_EQ(paused.state, SourceState::paused);
    EXPECT_FALSE(paused.error);
    size_t reads = capture.journal.count("read");
    capture.source.gives(make_block("P1"));
    capture.journal.wait_for("keep alive", capture.journal.count("keep alive") + 2);
    EXPECT_EQ(capture.journal.count("read"), reads);
    EXPECT_FALSE(capture.journal.has("close"));
    capture.runner->pause(false);
    capture.journal.wait_for("confirm P1");
    EXPECT_EQ(capture.runner->status().state, SourceState::running);
    EXPECT_EQ(capture.runner->checkpoint(), "P1");
    EXPECT_EQ(capture.journal.count("open "), 1u);
    capture.end();
}

TEST(SourceRunner, IsStoppedWhilePaused) {
    Capture capture;
    capture.source.on_open = [&](auto&, auto) -> Result<FakeSource::Plan> {
        capture.runner->pause(true);
        return nullptr;
    };
    capture.start();
    capture.journal.wait_for("keep alive");
    EXPECT_FALSE(capture.journal.has("read"));  // paused from the beginning
    EXPECT_FALSE(capture.runner->ended());
    EXPECT_EQ(capture.end().state, SourceState::stopped);
    EXPECT_TRUE(capture.runner->ended());
}

TEST(SourceRunner, ASnapshotThatWasPausedGoesOnAsOne) {
    Capture capture;
    capture.no_room_once();
    SourceStatus in_snapshot;
    capture.snapshots(1, [&](FakeSnapshotPlan& plan) {
        plan.on_begin = [&](auto) -> Status {
            in_snapshot = capture.runner->status();
            return {};
        };
    });
    capture.start();
    capture.journal.wait_for("start streaming");
    EXPECT_EQ(capture.seen_while_full.state, SourceState::paused);
    EXPECT_EQ(in_snapshot.state, SourceState::snapshotting);
    capture.end();
}

TEST(SourceRunner, APauseStaysVisibleWhileTheReaderGoesOn) {
    Capture capture;
    std::atomic<bool> full = false;
    capture.store.on_append = [&]() -> Status {
        if (!full) return {};
        capture.journal.add("no room");
        return fail(ErrorCode::LOG_DISK_FULL, "");
    };
    capture.snapshots(1, [&](FakeSnapshotPlan& plan) {
        plan.on_read = [&](auto&, auto&, auto) -> Status {
            full = true;
            return {};
        };
    });
    capture.source.on_start_streaming = [&](auto) -> Status {
        capture.journal.wait_for("no room");
        return {};
    };
    capture.start();
    capture.journal.wait_for("read");  // the reader streams, and the snapshot's end waits for room
    capture.journal.wait_for("no room", capture.journal.count("no room") + 1);
    EXPECT_EQ(capture.runner->status().state, SourceState::paused);
    full = false;
    capture.journal.wait_for("confirm after");
    EXPECT_EQ(capture.runner->status().state, SourceState::running);
    capture.end();
}

TEST(SourceRunner, WhileThereIsNoRoomTheConnectionIsKeptAlive) {
    Capture capture;
    capture.options.channel_bytes = 1;
    capture.no_room();
    for (int i = 0; i < 5; ++i) capture.source.gives(make_block("P"));
    capture.start();
    capture.journal.wait_for("keep alive");
    capture.end();
    EXPECT_THAT(capture.store.units(), IsEmpty());
}

// ---- stopping ----

TEST(SourceRunner, StopsWhileTheSourceIsOpened) {
    Capture capture;
    capture.source.on_open = [&](auto&, std::stop_token stop) -> Result<FakeSource::Plan> {
        LEAT_TRY(wait_for_stop(stop));
        return nullptr;
    };
    capture.start();
    capture.journal.wait_for("open ");
    EXPECT_EQ(capture.end().state, SourceState::stopped);
}

TEST(SourceRunner, StopsWhileTheStreamIsStarted) {
    Capture capture;
    capture.source.on_start_streaming = wait_for_stop;
    capture.start();
    capture.journal.wait_for("start streaming");
    EXPECT_EQ(capture.end().state, SourceState::stopped);
}

TEST(SourceRunner, StopsWhileNothingComes) {
    Capture capture;
    capture.start();
    capture.journal.wait_for("read");
    SourceStatus status = capture.end();
    EXPECT_EQ(status.state, SourceState::stopped);
    EXPECT_FALSE(status.error);
    EXPECT_TRUE(capture.journal.has("close"));
}

TEST(SourceRunner, StopsWhileTheDiskIsFull) {
    Capture capture;
    capture.options.full_disk_delay = 1h;
    capture.no_room();
    capture.source.gives(make_block("P1"));
    capture.start();
    capture.journal.wait_for("no room");
    EXPECT_EQ(capture.end().state, SourceState::stopped);
}

// The blocks before it in the group are safe, and confirmed, while it waits.
TEST(SourceRunner, AFullDiskHoldsBackOnlyTheBlockThatHasNoRoom) {
    Capture capture;
    std::atomic<bool> room = false;
    capture.store.on_append = [&, calls = 0]() mutable -> Status {
        if (++calls == 1) capture.journal.wait_for("read", 3);  // both blocks are in the group
        if (calls == 1 || room) return {};
        capture.journal.add("no room");
        return fail(ErrorCode::LOG_DISK_FULL, "full");
    };
    capture.source.gives(make_block("P1"));
    capture.source.gives(make_block("P2"));
    capture.start();
    capture.journal.wait_for("no room", 2);
    EXPECT_TRUE(capture.journal.has("confirm P1"));
    EXPECT_FALSE(capture.journal.has("append begin end P2"));
    room = true;
    capture.journal.wait_for("confirm P2");
    EXPECT_EQ(capture.end().state, SourceState::stopped);
}

TEST(SourceRunner, StopsWhileTheReaderWaitsForRoom) {
    Capture capture;
    capture.options.full_disk_delay = 1h;
    capture.options.channel_bytes = 1;
    capture.no_room();
    for (int i = 0; i < 5; ++i) capture.source.gives(make_block("P"));
    capture.start();
    capture.journal.wait_for("keep alive");
    EXPECT_EQ(capture.end().state, SourceState::stopped);
}

TEST(SourceRunner, StopsWhileItWaitsToTryAgain) {
    Capture capture;
    capture.options.retry_delay_first = 1h;
    capture.source.fails(ErrorCode::PG_CONNECTION_LOST);
    capture.start();
    capture.journal.wait_for("close");
    EXPECT_EQ(capture.end().state, SourceState::stopped);
}

TEST(SourceRunner, StopsWhileASnapshotBegins) {
    Capture capture;
    capture.snapshots(1, [](FakeSnapshotPlan& plan) { plan.on_begin = wait_for_stop; });
    capture.start();
    capture.journal.wait_for("begin");
    EXPECT_EQ(capture.end().state, SourceState::stopped);
}

TEST(SourceRunner, StopsWhileChunksAreRead) {
    Capture capture;
    capture.snapshots(2, [](FakeSnapshotPlan& plan) {
        plan.on_read = [](auto&, auto&, std::stop_token stop) { return wait_for_stop(stop); };
    });
    capture.start();
    capture.journal.wait_for("chunk 0 3-4");
    EXPECT_EQ(capture.end().state, SourceState::stopped);
    EXPECT_THAT(capture.store.units(), ElementsAre("before"));
}

TEST(SourceRunner, StopsWhileTheIntentIsNotDurable) {
    Capture capture;
    capture.store.makes_durable = false;
    capture.snapshots(1);
    capture.start();
    capture.journal.wait_for("sync ");
    EXPECT_EQ(capture.end().state, SourceState::stopped);
    EXPECT_FALSE(capture.journal.has("begin"));
}

TEST(SourceRunner, WhatWasReadBeforeAStopIsKept) {
    Capture capture;
    capture.source.gives(make_block("P1"));
    capture.start();
    capture.journal.wait_for("append begin end P1");
    capture.end();
    EXPECT_TRUE(capture.journal.has("confirm P1"));
}

TEST(SourceRunner, EndsWithItsObjectAndMayNeverHaveStarted) {
    {
        Capture capture;
        capture.start();
        capture.journal.wait_for("read");
    }
    Journal journal;
    SourceRunner never("test", std::make_unique<FakeSource>(journal), {}, {});
    EXPECT_EQ(never.status().state, SourceState::created);
}

// ---- signals ----

Signal log_signal() { return Signal{}; }

TEST(SourceRunner, ASignalIsAnsweredWhenItIsDurable) {
    Capture capture;
    capture.start();
    capture.journal.wait_for("read");
    auto outcome = capture.runner->signal(log_signal(), "s1", 60s);
    ASSERT_TRUE(outcome) << outcome.error().to_string();
    EXPECT_THAT(outcome->tables, ElementsAre("s1"));
    EXPECT_TRUE(capture.journal.has("sync signal s1"));
    capture.end();
}

TEST(SourceRunner, ASignalWaitsUntilItIsDurable) {
    Capture capture;
    capture.store.makes_durable = false;
    capture.start();
    capture.journal.wait_for("read");
    std::atomic<bool> answered = false;
    std::jthread sender([&] {
        EXPECT_TRUE(capture.runner->signal(log_signal(), "s1", 60s));
        answered = true;
    });
    capture.journal.wait_for("append begin end signal s1");
    capture.journal.wait_for("sync ", capture.journal.count("sync ") + 2);
    EXPECT_FALSE(answered);
    capture.store.makes_durable = true;
    sender.join();
    EXPECT_TRUE(answered);
    capture.end();
}

TEST(SourceRunner, ASignalThatIsNotTakenInTimeIsNotCarriedOut) {
    Capture capture;
    capture.source.answers_signals = false;
    capture.start();
    capture.journal.wait_for("read");
    auto outcome = capture.runner->signal(log_signal(), "s1", 1ms);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::SIGNAL_NOT_TAKEN);
    capture.source.answers_signals = true;
    ASSERT_TRUE(capture.runner->signal(log_signal(), "s2", 60s));
    EXPECT_FALSE(capture.journal.has("signal s1"));
    capture.end();
}

TEST(SourceRunner, ASignalToASourceThatHasEndedSaysSo) {
    Capture capture;
    capture.options.retry = false;
    capture.source.fails(ErrorCode::PG_AUTH);
    capture.start();
    capture.join();
    auto outcome = capture.runner->signal(log_signal(), "s1", 60s);
    ASSERT_FALSE(outcome);
    EXPECT_THAT(outcome.error().message, testing::HasSubstr("FAILED"));
}

TEST(SourceRunner, WhoeverWaitsIsToldThatItStops) {
    Capture capture;
    capture.source.answers_signals = false;
    capture.start();
    std::optional<Result<SignalOutcome>> outcome;
    std::jthread sender([&] { outcome = capture.runner->signal(log_signal(), "s1", 60s); });
    capture.journal.wait_for("read");
    capture.end();
    sender.join();
    ASSERT_FALSE(*outcome);
    EXPECT_EQ(outcome->error().code, ErrorCode::SIGNAL_NOT_TAKEN);
}

// ---- snapshots ----

TEST(SourceRunner, ASnapshotComesBeforeTheStream) {
    Capture capture;
    capture.snapshots(3);
    capture.source.gives(make_block("P1"));
    capture.start();
    capture.journal.wait_for("confirm P1");
    EXPECT_LT(capture.journal.place("chunk 0 5-6"), capture.journal.place("start streaming"));
    capture.end();
    EXPECT_THAT(capture.store.units(), ElementsAre("before", "step 0", "after", "P1"));
    EXPECT_EQ(capture.store.changes(), 7u);
}

TEST(SourceRunner, ASnapshotBeginsOnlyOnceItsIntentIsDurable) {
    Capture capture;
    capture.store.makes_durable = false;
    capture.snapshots(1);
    capture.start();
    capture.journal.wait_for("append begin end before");
    capture.journal.wait_for("sync ", capture.journal.count("sync ") + 2);
    EXPECT_FALSE(capture.journal.has("begin"));
    capture.store.makes_durable = true;
    capture.journal.wait_for("begin");
    EXPECT_LT(capture.journal.place("sync before"), capture.journal.place("begin"));
    capture.end();
}

TEST(SourceRunner, ASnapshotThatBreaksIsBegunAgainFromItsLastStep) {
    Capture capture;
    std::atomic<int> reads = 0;
    capture.snapshots(1, [&](FakeSnapshotPlan& plan) {
        plan.add_table(1);
        plan.on_read = [&](auto&, auto&, auto) -> Status {
            return ++reads == 2 ? fail(ErrorCode::PG_CONNECTION_LOST, "") : Status{};
        };
    });
    capture.start();
    capture.journal.wait_for("start streaming");
    EXPECT_EQ(capture.journal.count("open step 0"), 1u);
    capture.end();
}

TEST(SourceRunner, AfterTheSnapshotItMayEnd) {
    Capture capture;
    capture.options.stop_after_snapshot = true;
    capture.snapshots(2);
    capture.start();
    SourceStatus status = capture.join();
    EXPECT_EQ(status.state, SourceState::stopped);
    EXPECT_FALSE(status.error);
    EXPECT_FALSE(capture.journal.has("start streaming"));
    EXPECT_TRUE(capture.journal.has("confirm after"));
}

TEST(SourceRunner, EveryStateHasItsName) {
    EXPECT_EQ(name(SourceState::created), "CREATED");
    EXPECT_EQ(name(SourceState::paused), "PAUSED");
    EXPECT_EQ(name(SourceState::failed), "FAILED");
}

}  // namespace
}  // namespace leat
