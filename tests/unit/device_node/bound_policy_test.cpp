// SPDX-License-Identifier: Apache-2.0
// A policy is bound to the model that its gain table was made for: another one obeys none of it.
#include "node_fixture.hpp"

namespace frugal::test {
namespace {

class BoundPolicy : public NodeTest {
protected:
    static v1::SignedBlob always_asks(std::uint32_t id, const Release& release) {
        return maker().policy_for(id, 255, release.model_digest);
    }
    static v1::SignedBlob never_asks(std::uint32_t id, const Release& release) {
        return maker().policy_for(id, 0, release.model_digest);
    }
    bool asks() {
        EXPECT_EQ(world.submit(), FR_OK);
        world.run(50);
        return world.last.escalated;
    }
    fr_policy_reason_t reason() const { return static_cast<fr_policy_reason_t>(world.last.reason); }
    /// The first release runs, confirmed, and obeys a policy of its own.
    void start_bound() {
        world.site.policy = always_asks(1, first());
        start();
        tell();
        ASSERT_EQ(world.status().policy, 1U);
    }
    std::uint32_t hellos() const { return world.site.hellos; }
};

TEST_F(BoundPolicy, IsObeyedByItsOwnModel) {
    start_bound();
    EXPECT_TRUE(asks());
    EXPECT_EQ(reason(), FR_POLICY_ESC_GAIN);
}

TEST_F(BoundPolicy, OfAnotherModelIsNotTakenAndTheGatewayHearsWhatRuns) {
    world.site.policy = always_asks(1, second());
    start();
    tell();
    EXPECT_EQ(world.status().policy, 0U);
    EXPECT_FALSE(asks());
    EXPECT_EQ(reason(), FR_POLICY_BADPOLICY);
    EXPECT_EQ(world.counters().messages_rejected, 0U) << "it is signed and whole";
    const auto before = hellos();
    world.run(130'000);
    EXPECT_EQ(hellos(), before + 1) << "now and then";
}

TEST_F(BoundPolicy, AfterTheFlipTheOldTableIsNotObeyed) {
    start_bound();
    pursue(second());
    ASSERT_EQ(world.status().phase, FR_PHASE_PROBATION);
    EXPECT_EQ(world.status().policy, 0U);
    EXPECT_FALSE(asks());
    EXPECT_EQ(reason(), FR_POLICY_BADPOLICY);
}

TEST_F(BoundPolicy, AfterTheFlipADeviceAsksForOneAtOnce) {
    start_bound();
    want(second());
    const auto before = hellos();
    world.run(60000);
    ASSERT_EQ(world.status().phase, FR_PHASE_PROBATION);
    EXPECT_GT(hellos(), before) << "its hello says what runs";
    world.site.policy = never_asks(1, second());  // the same version for the other model
    tell();
    EXPECT_EQ(world.status().policy, 1U);
    EXPECT_FALSE(asks());
    EXPECT_EQ(reason(), FR_POLICY_LOCAL_CONF);
}

TEST_F(BoundPolicy, ForTheModelOnItsWayIsObeyedWithTheFlip) {
    start_bound();
    world.site.policy = never_asks(2, second());
    pursue(second());
    ASSERT_EQ(world.status().phase, FR_PHASE_PROBATION);
    EXPECT_EQ(world.status().policy, 2U);
    EXPECT_FALSE(asks());
    EXPECT_EQ(reason(), FR_POLICY_LOCAL_CONF);
}

TEST_F(BoundPolicy, AfterGoingBackTheFirstTableIsObeyedAgain) {
    start_bound();
    pursue(second());
    ASSERT_EQ(world.status().phase, FR_PHASE_PROBATION);
    want(first());
    ASSERT_EQ(world.status().release, 1U);
    EXPECT_EQ(world.status().policy, 1U);
    EXPECT_TRUE(asks());
}

// A model that is in the other slot already brings the policy of its time.
TEST_F(BoundPolicy, OfAnOlderVersionInTheSlotIsRenewedAfterTheFlip) {
    start_bound();
    world.site.policy = never_asks(2, second());
    world.install(second());
    ASSERT_EQ(world.status().release, 2U);
    ASSERT_EQ(world.status().policy, 2U);
    const auto again = maker().make("fashion-tiny-1.tflite", 3);
    want(again);
    const auto before = hellos();
    world.run(60000);
    ASSERT_EQ(world.status().release, 3U);
    EXPECT_GT(hellos(), before) << "it has obeyed version 2";
    world.site.policy = always_asks(2, first());
    tell();
    EXPECT_EQ(world.status().policy, 2U);
    EXPECT_TRUE(asks());
}

TEST_F(BoundPolicy, ForWhatRunsIsTakenAlsoWithANewWish) {
    start_bound();
    world.site.policy = never_asks(2, first());
    want(second());
    EXPECT_NE(world.status().phase, FR_PHASE_CONFIRMED) << "on its way";
    EXPECT_EQ(world.status().release, 1U);
    EXPECT_EQ(world.status().policy, 2U);
    EXPECT_FALSE(asks());
    EXPECT_EQ(reason(), FR_POLICY_LOCAL_CONF);
}

TEST_F(BoundPolicy, HoldsOverAReboot) {
    start_bound();
    pursue(second());
    ASSERT_EQ(world.boot(), FR_OK);
    EXPECT_FALSE(asks());
    EXPECT_EQ(reason(), FR_POLICY_BADPOLICY);
}

TEST_F(BoundPolicy, OfNoModelIsObeyedByAll) {
    world.site.policy = maker().policy(1, 255);
    start();
    tell();
    EXPECT_TRUE(asks());
    pursue(second());
    ASSERT_EQ(world.status().phase, FR_PHASE_PROBATION);
    EXPECT_EQ(world.status().policy, 1U);
    EXPECT_TRUE(asks());
}

TEST_F(BoundPolicy, APrivateSampleStaysPrivateWithoutOne) {
    start_bound();
    pursue(second());
    ASSERT_EQ(world.submit(1000, FR_PRIVACY_NEVER), FR_OK);
    EXPECT_EQ(reason(), FR_POLICY_PRIVATE);
}

TEST_F(BoundPolicy, InTheShadowIsNotBelievedAfterTheFlip) {
    start_bound();
    world.site.shadow = always_asks(2, first());
    tell();
    ASSERT_EQ(world.status().shadow, 2U);
    pursue(second());
    EXPECT_EQ(world.status().shadow, 0U);
    EXPECT_FALSE(asks());
    EXPECT_EQ(world.node.tasks[0].shadow.reasons[FR_POLICY_ESC_GAIN], 0U);
    EXPECT_EQ(world.node.tasks[0].shadow.reasons[FR_POLICY_BADPOLICY], 1U);
}

}  // namespace
}  // namespace frugal::test
