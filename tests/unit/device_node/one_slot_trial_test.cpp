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
        start_known();
        pursue(tuned());
        ASSERT_EQ(world.status().phase, FR_PHASE_PROBATION);
        ASSERT_EQ(world.status().release, 2U);
        world.site.reports.clear();
        world.lose_down = [](const Down& down) { return down.kind == FR_DOWN_CHUNK; };
    }

    void want_and_run(const Release& release) {
        want(release);
        world.run(1000);
    }

    /// More decisions than any trial needs.
    void expect_to_decide() {
        for (std::uint32_t i = 0; i < 3 * FR_PROBATION_DECISIONS; ++i) {
            EXPECT_EQ(world.submit(), FR_OK) << i;
            world.run(10);
        }
    }
};

TEST_F(OneSlotTrial, RunsOnUntilWhatTakesItsPlaceIsHere) {
    want_and_run(third());
    EXPECT_TRUE(was_reported(FR_PHASE_REVERTED, FR_REASON_SUPERSEDED));
    EXPECT_EQ(world.status().phase, FR_PHASE_TRANSFER);
    expect_to_decide();
    EXPECT_EQ(world.status().release, 2U);
    EXPECT_EQ(world.status().burned_counter, 1U) << "it is not confirmed any more";
    world.lose_down = {};
    expect_to_end_with(3);
}

TEST_F(OneSlotTrial, RunsOnWhileTheNextOneFailsAndAsksForIt) {
    want_and_run(third());
    world.run(1200000);
    EXPECT_TRUE(was_reported(FR_PHASE_REVERTED, FR_REASON_TIMED_OUT));
    expect_to_decide();
    EXPECT_EQ(world.status().release, 2U);
    world.lose_down = {};
    world.run(6000000);  // nobody tells it anything
    expect_to_end_with(3);
}

TEST_F(OneSlotTrial, IsNotPutOnTrialAgainByAnAnswerThatFails) {
    want_and_run(third());
    const auto arena_bytes = world.config.arena_bytes;
    world.config.arena_bytes = 0;
    EXPECT_EQ(world.submit(), FR_ERROR_UNSUPPORTED);
    world.config.arena_bytes = arena_bytes;
    EXPECT_EQ(world.status().phase, FR_PHASE_TRANSFER);
    world.lose_down = {};
    expect_to_end_with(3);
    EXPECT_EQ(world.node.counters.internal_errors, 0U);
}

TEST_F(OneSlotTrial, IsNotConfirmedOnceItWasCalledOff) {
    want_and_run(first());
    world.disconnect();
    ASSERT_EQ(world.boot(), FR_OK);
    expect_to_decide();
    EXPECT_EQ(world.status().release, 2U);
    EXPECT_EQ(world.status().burned_counter, 1U);
    world.lose_down = {};
    world.connect();
    EXPECT_EQ(world.site.hello->tasks(0).release(), 2U);
    EXPECT_EQ(world.site.hello->tasks(0).burned_counter(), 1U);
    expect_to_end_with(1);
}

TEST_F(OneSlotTrial, GoesBackOnTrialIfItIsWantedAgain) {
    want_and_run(third());
    world.site.chunk_bytes_sent = 0;
    want_and_run(tuned());
    EXPECT_EQ(world.status().phase, FR_PHASE_PROBATION);
    EXPECT_EQ(world.status().burned_counter, 1U);
    expect_to_end_with(2);
    EXPECT_EQ(world.status().burned_counter, 2U);
    EXPECT_EQ(world.site.chunk_bytes_sent, 0U);
}

TEST_F(OneSlotTrial, IsGivenUpIfItBootsAgainAndAgain) {
    want_and_run(third());
    for (std::uint32_t i = 0; i < FR_BOOT_ATTEMPTS_MAX; ++i) {
        ASSERT_EQ(world.boot(), FR_OK);
        EXPECT_EQ(world.status().release, 2U);
        EXPECT_EQ(world.status().phase, FR_PHASE_TRANSFER);
    }
    ASSERT_EQ(world.boot(), FR_OK);
    EXPECT_FALSE(world.status().has_model);
    EXPECT_TRUE(was_reported(FR_PHASE_REVERTED, FR_REASON_SUPERSEDED));
    world.lose_down = {};
    expect_to_end_with(3);
}

TEST_F(OneSlotTrial, IsKeptIfItDecidesWellBetweenBoots) {
    want(third());
    for (std::uint32_t i = 0; i < 2 * FR_BOOT_ATTEMPTS_MAX; ++i) {
        ASSERT_EQ(world.boot(), FR_OK);
        expect_to_decide();
        EXPECT_EQ(world.status().release, 2U);
        EXPECT_EQ(world.status().burned_counter, 1U) << "and unconfirmed";
    }
}

TEST_F(OneSlotTrial, WaitsForItsConditionsWhileSomethingRuns) {
    world.lose_down = {};
    world.site.minimum_battery = 100;
    world.battery = 60;
    want_and_run(third());
    world.run(60000);
    EXPECT_EQ(world.status().phase, FR_PHASE_WAITING);
    expect_to_decide();
    EXPECT_EQ(world.status().release, 2U);
    world.battery = 150;
    world.run(5000);
    expect_to_end_with(3);
}

TEST_F(OneSlotTrial, StepsBackInFullAlsoIfTheLinkBreaks) {
    int blocks = 0;
    world.lose_down = [&blocks](const Down& down) {
        return down.kind == FR_DOWN_CHUNK && ++blocks > 5;
    };
    world.site.chunk_bytes_sent = 0;
    want_and_run(first());
    EXPECT_GT(blocks, 5) << "the link broke";
    world.disconnect();
    world.lose_down = {};
    world.connect();
    EXPECT_EQ(world.site.hello->tasks(0).burned_counter(), 1U);
    expect_to_end_with(1);
    EXPECT_GE(world.site.chunk_bytes_sent, first().artifact.layout.size_bytes);
    EXPECT_TRUE(holds(first()));
}

}  // namespace
}  // namespace frugal::test
