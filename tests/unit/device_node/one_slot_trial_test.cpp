// SPDX-License-Identifier: Apache-2.0
// A model on trial in the only slot when another is wished for: it runs on, unconfirmed, until all
// of that is here.
#include "one_slot_fixture.hpp"

namespace frugal::test {
namespace {

/// The second release is in probation; blocks do not arrive.
class OneSlotTrial : public OneSlot {
protected:
    void SetUp() override {
        start_solo();
        pursue_solo(tuned());
        ASSERT_EQ(solo.status().phase, FR_PHASE_PROBATION);
        ASSERT_EQ(solo.status().release, 2U);
        solo.site.reports.clear();
        solo.lose_down = [](const Down& down) { return down.kind == FR_DOWN_CHUNK; };
    }

    void want(const Release& release) {
        solo.site.want(release);
        solo.downs.push_back(solo.site.desired());
        solo.run(1000);
    }

    /// More decisions than any trial needs.
    void expect_to_decide() {
        for (std::uint32_t i = 0; i < 3 * FR_PROBATION_DECISIONS; ++i) {
            EXPECT_EQ(solo.submit(), FR_OK) << i;
            solo.run(10);
        }
    }
};

TEST_F(OneSlotTrial, RunsOnUntilWhatTakesItsPlaceIsHere) {
    want(third());
    EXPECT_TRUE(solo_reported(FR_PHASE_REVERTED, FR_REASON_SUPERSEDED));
    EXPECT_EQ(solo.status().phase, FR_PHASE_TRANSFER);
    expect_to_decide();
    EXPECT_EQ(solo.status().release, 2U);
    EXPECT_EQ(solo.status().burned_counter, 1U) << "it is not confirmed any more";
    solo.lose_down = {};
    expect_to_end_with(3);
}

TEST_F(OneSlotTrial, RunsOnWhileTheNextOneFailsAndAsksForIt) {
    want(third());
    solo.run(1200000);
    EXPECT_TRUE(solo_reported(FR_PHASE_REVERTED, FR_REASON_TIMED_OUT));
    expect_to_decide();
    EXPECT_EQ(solo.status().release, 2U);
    solo.lose_down = {};
    solo.run(6000000);  // nobody tells it anything
    expect_to_end_with(3);
}

TEST_F(OneSlotTrial, IsNotPutOnTrialAgainByAnAnswerThatFails) {
    want(third());
    const auto arena_bytes = solo.config.arena_bytes;
    solo.config.arena_bytes = 0;
    EXPECT_EQ(solo.submit(), FR_ERROR_UNSUPPORTED);
    solo.config.arena_bytes = arena_bytes;
    EXPECT_EQ(solo.status().phase, FR_PHASE_TRANSFER);
    solo.lose_down = {};
    expect_to_end_with(3);
    EXPECT_EQ(solo.node.counters.internal_errors, 0U);
}

TEST_F(OneSlotTrial, IsNotConfirmedOnceItWasCalledOff) {
    want(first());
    solo.disconnect();
    ASSERT_EQ(solo.boot(), FR_OK);
    expect_to_decide();
    EXPECT_EQ(solo.status().release, 2U);
    EXPECT_EQ(solo.status().burned_counter, 1U);
    solo.lose_down = {};
    solo.connect();
    EXPECT_EQ(solo.site.hello->tasks(0).release(), 2U);
    EXPECT_EQ(solo.site.hello->tasks(0).burned_counter(), 1U);
    expect_to_end_with(1);
}

TEST_F(OneSlotTrial, GoesBackOnTrialIfItIsWantedAgain) {
    want(third());
    solo.site.chunk_bytes_sent = 0;
    want(tuned());
    EXPECT_EQ(solo.status().phase, FR_PHASE_PROBATION);
    EXPECT_EQ(solo.status().burned_counter, 1U);
    expect_to_end_with(2);
    EXPECT_EQ(solo.status().burned_counter, 2U);
    EXPECT_EQ(solo.site.chunk_bytes_sent, 0U);
}

TEST_F(OneSlotTrial, IsGivenUpIfItBootsAgainAndAgain) {
    want(third());
    for (std::uint32_t i = 0; i < FR_BOOT_ATTEMPTS_MAX; ++i) {
        ASSERT_EQ(solo.boot(), FR_OK);
        EXPECT_EQ(solo.status().release, 2U);
        EXPECT_EQ(solo.status().phase, FR_PHASE_TRANSFER);
    }
    ASSERT_EQ(solo.boot(), FR_OK);
    EXPECT_FALSE(solo.status().has_model);
    EXPECT_TRUE(solo_reported(FR_PHASE_REVERTED, FR_REASON_SUPERSEDED));
    solo.lose_down = {};
    expect_to_end_with(3);
}

TEST_F(OneSlotTrial, WaitsForItsConditionsWhileSomethingRuns) {
    solo.lose_down = {};
    solo.site.minimum_battery = 100;
    solo.battery = 60;
    want(third());
    solo.run(60000);
    EXPECT_EQ(solo.status().phase, FR_PHASE_WAITING);
    expect_to_decide();
    EXPECT_EQ(solo.status().release, 2U);
    solo.battery = 150;
    solo.run(5000);
    expect_to_end_with(3);
}

TEST_F(OneSlotTrial, StepsBackInFullAlsoIfTheLinkBreaks) {
    solo.lose_down = {};
    int blocks = 0;
    solo.lose_down = [&blocks](const Down& down) {
        return down.kind == FR_DOWN_CHUNK && ++blocks > 5;
    };
    want(first());
    solo.disconnect();
    solo.lose_down = {};
    solo.connect();
    EXPECT_EQ(solo.site.hello->tasks(0).burned_counter(), 1U);
    expect_to_end_with(1);
}

}  // namespace
}  // namespace frugal::test
