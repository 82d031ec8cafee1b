// SPDX-License-Identifier: Apache-2.0
// Two tasks of one device share staging, log and window; one update at a time.
#include "node_fixture.hpp"

namespace frugal::test {
namespace {

class TwoTasks : public NodeTest {
protected:
    void SetUp() override {
        ASSERT_EQ(pair.boot(), FR_OK);
        pair.site.want(first());
        pair.site.also_wanted[2] = of_the_second_task();
        pair.connect();
    }
    void TearDown() override { expect_sound(pair); }

    void decide_both(std::uint32_t rounds) { NodeTest::decide_both(pair, rounds, 100); }

    DeviceWorld pair{maker(), with_room_for_two()};
};

TEST_F(TwoTasks, AreInstalledOneAfterTheOther) {
    pair.run(60000);
    EXPECT_EQ(pair.status(1).phase, FR_PHASE_PROBATION);
    EXPECT_EQ(pair.status(2).phase, FR_PHASE_PROBATION)
        << "asked for again when the first was done";
    decide_both(FR_PROBATION_DECISIONS);
    pair.run(20000);
    EXPECT_EQ(pair.status(1).phase, FR_PHASE_CONFIRMED);
    EXPECT_EQ(pair.status(2).phase, FR_PHASE_CONFIRMED);
    EXPECT_EQ(pair.site.hello->tasks_size(), 2);
}

TEST_F(TwoTasks, ShareOneSequence) {
    pair.run(60000);
    decide_both(30);
    pair.run(20000);
    EXPECT_EQ(fr_node_next_sequence(&pair.node), 60U);
    EXPECT_EQ(pair.site.stored.size(), 60U);
    EXPECT_EQ(fr_node_acked_sequence(&pair.node), 60U);
}

class TwoTasksThatAsk : public TwoTasks {
protected:
    void SetUp() override {
        pair.site.policy = maker().policy(1, 255);
        pair.site.also_policies[2] = maker().policy(2, 255, 0, FR_TIER_EDGE, 2);
        TwoTasks::SetUp();
        pair.run(60000);
    }
    std::uint8_t reason_of(std::uint32_t task) {
        EXPECT_EQ(pair.submit(1000, FR_PRIVACY_PUBLIC, task), FR_OK);
        const auto reason = pair.last.reason;
        pair.settle();
        return reason;
    }
};

TEST_F(TwoTasksThatAsk, OneThatIsClosedLeavesTheOtherOpen) {
    pair.site.dearer[2] = 255;
    EXPECT_EQ(reason_of(2), FR_POLICY_ESC_GAIN) << "nobody has told it yet";
    EXPECT_EQ(reason_of(2), FR_POLICY_BUDGET) << "told by the verdict";
    EXPECT_EQ(reason_of(1), FR_POLICY_ESC_GAIN);
    pair.run(20000);
    EXPECT_EQ(reason_of(2), FR_POLICY_BUDGET) << "told by the acks";
    EXPECT_EQ(reason_of(1), FR_POLICY_ESC_GAIN);
    pair.site.dearer.clear();
    pair.run(20000);
    EXPECT_EQ(reason_of(2), FR_POLICY_ESC_GAIN) << "an ack that does not name it opens it";
}

TEST_F(TwoTasksThatAsk, APauseIsForTheTaskThatWasAsked) {
    pair.site.answer = Answer::kBusy;
    EXPECT_EQ(reason_of(1), FR_POLICY_ESC_GAIN);
    pair.site.answer = Answer::kEdge;
    EXPECT_EQ(reason_of(1), FR_POLICY_BUDGET);
    EXPECT_EQ(reason_of(2), FR_POLICY_ESC_GAIN);
    pair.run(600);
    EXPECT_EQ(reason_of(1), FR_POLICY_ESC_GAIN);
}

TEST_F(TwoTasks, KeepTheirStateOverABoot) {
    pair.run(60000);
    decide_both(FR_PROBATION_DECISIONS);
    ASSERT_EQ(pair.boot(), FR_OK);
    const auto first = pair.status(1);
    const auto second = pair.status(2);
    EXPECT_EQ(first.release, 1U);
    EXPECT_EQ(second.release, 1U);
    EXPECT_FALSE(
        std::equal(first.model_digest, first.model_digest + FR_SHA256_SIZE, second.model_digest));
}

TEST_F(TwoTasks, AFallbackOfOneLeavesTheOther) {
    pair.run(60000);
    for (std::uint32_t i = 0; i < FR_PROBATION_DECISIONS; ++i) {
        ASSERT_EQ(pair.submit(1000, FR_PRIVACY_PUBLIC, 1), FR_OK);
    }
    for (std::uint32_t i = 0; i <= FR_BOOT_ATTEMPTS_MAX; ++i) {
        ASSERT_EQ(pair.boot(), FR_OK);
    }
    EXPECT_EQ(pair.status(1).phase, FR_PHASE_CONFIRMED);
    EXPECT_TRUE(pair.status(1).has_model);
    EXPECT_EQ(pair.status(2).reason, FR_REASON_WATCHDOG);
    EXPECT_FALSE(pair.status(2).has_model);
}

}  // namespace
}  // namespace frugal::test
