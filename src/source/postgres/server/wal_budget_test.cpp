#include "source/postgres/server/wal_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace leat::pg {
namespace {

using Verdict = WalBudget::Verdict;
using testing::ElementsAre;

std::vector<Verdict> looks(WalPolicy policy, const std::vector<uint64_t>& held) {
    WalBudget budget(1000, policy);
    std::vector<Verdict> verdicts;
    for (uint64_t bytes : held) verdicts.push_back(budget.look(bytes));
    return verdicts;
}

constexpr auto quiet = Verdict::quiet, tell = Verdict::tell, back = Verdict::back, act = Verdict::act;

TEST(WalBudget, TellsWhenItIsExceededAndAgainWhenItHasGrownByHalf) {
    EXPECT_THAT(looks(WalPolicy::warn, {0, 1000, 1001, 1400, 1500, 1501, 2250, 2251}),
                ElementsAre(quiet, quiet, tell, quiet, quiet, tell, quiet, tell));
    EXPECT_THAT(looks(WalPolicy::warn, {1200, 1800, 2700}), ElementsAre(tell, tell, tell));
}

TEST(WalBudget, TellsOfItsEndOnceItIsWellWithin) {
    EXPECT_THAT(looks(WalPolicy::warn, {1200, 990, 1100, 900, 10, 1200}),
                ElementsAre(tell, quiet, quiet, back, quiet, tell));
}

TEST(WalBudget, ActsAfterThreeLooksWithoutShrinking) {
    for (auto policy : {WalPolicy::fail, WalPolicy::drop, WalPolicy::drop_and_snapshot})
        EXPECT_THAT(looks(policy, {1200, 1200, 1300}), ElementsAre(tell, quiet, act));
}

TEST(WalBudget, LeavesASourceThatCatchesUpAlone) {
    EXPECT_THAT(looks(WalPolicy::drop, {9000, 8000, 7000, 6000, 5000, 900}),
                ElementsAre(tell, quiet, quiet, quiet, quiet, back));
    EXPECT_THAT(looks(WalPolicy::drop, {1200, 1300, 1250, 1300, 1300}),
                ElementsAre(tell, quiet, quiet, quiet, act));
    EXPECT_THAT(looks(WalPolicy::drop, {1200, 1300, 900, 1300, 1300}),
                ElementsAre(tell, quiet, back, tell, quiet));
}

TEST(SlotAtRisk, BelowAFifthOfWhatItMayHold) {
    EXPECT_FALSE(slot_at_risk(false, std::nullopt, 1 << 30));
    EXPECT_FALSE(slot_at_risk(false, 200, 800));
    EXPECT_TRUE(slot_at_risk(false, 199, 801));
    EXPECT_TRUE(slot_at_risk(false, 0, 800));
    EXPECT_TRUE(slot_at_risk(true, std::nullopt, 0));
}

TEST(SlotStuck, WhereWalIsWrittenAndThePositionStaysBehind) {
    constexpr uint64_t much = 64 << 20;
    EXPECT_TRUE(slot_is_stuck(5000, 5000, 5000 + much));
    EXPECT_FALSE(slot_is_stuck(4999, 5000, 5000 + much));
    EXPECT_FALSE(slot_is_stuck(5000, 5000, 6000));
    EXPECT_FALSE(slot_is_stuck(5000, 5000, 4000));
}

}  // namespace
}  // namespace leat::pg
