// SPDX-License-Identifier: Apache-2.0
// The policy in the shadow, the last answers in health, and a policy whose flash decayed.
#include <algorithm>

#include "node_fixture.hpp"

namespace frugal::test {
namespace {

class Shadow : public NodeTest {
protected:
    Shadow() {
        world.site.policy = maker().policy(1, 0, 255);  // never asks
        start();
        world.run(10000);
    }
    /// Damages every copy of the policy in flash.
    void let_policy_decay() {
        const auto content = base::as_bytes(world.site.policy->content());
        auto& flash = world.flash.bytes;
        for (auto at = flash.begin(); at != flash.end(); ++at) {
            at = std::search(at, flash.end(), content.begin(), content.end());
            if (at == flash.end()) {
                break;
            }
            *at = 0;
        }
    }
    void wish_shadow(const v1::SignedBlob& policy) {
        world.site.shadow = policy;
        tell();
    }
    const v1::Health& health() {
        world.site.health.reset();
        world.run(61000);
        return *world.site.health;
    }
    static std::uint8_t byte_of(const v1::Health& health, std::size_t record, std::size_t offset) {
        return static_cast<std::uint8_t>(
            health.recent()[record * FR_RECENT_VERDICT_BYTES + offset]);
    }
};

TEST_F(Shadow, IsCountedButNotObeyed) {
    wish_shadow(maker().policy(2, 255));  // would always ask
    EXPECT_EQ(world.status().shadow, 2U);
    EXPECT_EQ(world.status().policy, 1U);
    for (int i = 0; i < 5; ++i) {
        ASSERT_EQ(world.submit(), FR_OK);
        EXPECT_FALSE(world.last.escalated);
    }
    const auto& told = health();
    ASSERT_EQ(told.tasks_size(), 1);
    EXPECT_EQ(told.tasks(0).policy(), 1U);
    EXPECT_EQ(told.tasks(0).shadow(), 2U);
    ASSERT_GT(told.tasks(0).shadow_reasons_size(), FR_POLICY_ESC_GAIN);
    EXPECT_EQ(told.tasks(0).shadow_reasons(FR_POLICY_ESC_GAIN), 5U);
    EXPECT_EQ(told.tasks(0).shadow_differs(), 5U);
}

TEST_F(Shadow, NeverMakesAPrivateSampleAsk) {
    wish_shadow(maker().policy(2, 255));
    ASSERT_EQ(world.submit(1000, FR_PRIVACY_NEVER), FR_OK);
    EXPECT_FALSE(world.last.escalated);
    const auto& told = health();
    EXPECT_EQ(told.tasks(0).shadow_reasons(FR_POLICY_PRIVATE), 1U);
    EXPECT_EQ(told.tasks(0).shadow_differs(), 0U);
}

TEST_F(Shadow, EndsWhenItIsNoLongerWished) {
    wish_shadow(maker().policy(2, 255));
    world.site.shadow.reset();
    tell();
    EXPECT_EQ(world.status().shadow, 0U);
    ASSERT_EQ(world.submit(), FR_OK);
    EXPECT_EQ(health().tasks(0).shadow(), 0U);
}

TEST_F(Shadow, EndsWithATaskThatIsNoLongerNamed) {
    wish_shadow(maker().policy(2, 255));
    ASSERT_EQ(world.status().shadow, 2U);
    world.site.shadow.reset();
    world.site.policy.reset();
    world.site.wanted.reset();
    tell();
    EXPECT_EQ(world.status().shadow, 0U);
    EXPECT_EQ(world.status().policy, 1U) << "what is in force stays";
}

TEST_F(Shadow, StaysOverABootAndCountsAnew) {
    wish_shadow(maker().policy(2, 255));
    ASSERT_EQ(world.submit(), FR_OK);
    world.disconnect();
    ASSERT_EQ(world.boot(), FR_OK);
    EXPECT_EQ(world.status().shadow, 2U);
    world.connect();
    world.settle();
    ASSERT_EQ(world.submit(), FR_OK);
    EXPECT_EQ(health().tasks(0).shadow_differs(), 1U);
}

TEST_F(Shadow, MustBeSigned) {
    const ReleaseMaker stranger;
    wish_shadow(stranger.policy(2, 255));
    EXPECT_EQ(world.status().shadow, 0U);
}

TEST_F(Shadow, HealthCarriesTheLastEightAnswers) {
    for (int i = 0; i < 9; ++i) {
        ASSERT_EQ(world.submit(), FR_OK);
    }
    const auto sequence = world.last.sequence;
    const auto& told = health();
    ASSERT_EQ(told.recent().size(), FR_RECENT_VERDICTS * FR_RECENT_VERDICT_BYTES);
    for (std::size_t i = 0; i < FR_RECENT_VERDICTS; ++i) {
        const auto low = static_cast<unsigned>(byte_of(told, i, 0) | byte_of(told, i, 1) << 8);
        EXPECT_EQ(low, (sequence - 7 + i) & 0xFFFFU);
        EXPECT_EQ(byte_of(told, i, 2), FR_TIER_LOCAL * 16 + FR_POLICY_LOCAL_CONF);
        EXPECT_EQ(byte_of(told, i, 4), 0) << "gain";
        EXPECT_GT(byte_of(told, i, 6) | byte_of(told, i, 7) << 8, 0) << "price";
    }
    EXPECT_EQ(byte_of(told, 7, 3), world.last.local_confidence_q8);
    EXPECT_EQ(byte_of(told, 7, 5), world.last.local_class);
}

TEST_F(Shadow, HealthForgetsTheAnswersOfAnotherPolicy) {
    ASSERT_EQ(world.submit(), FR_OK);
    ASSERT_EQ(world.submit(), FR_OK);
    world.site.policy = maker().policy(2, 0, 255);
    tell();
    ASSERT_EQ(world.status().policy, 2U);
    ASSERT_EQ(world.submit(), FR_OK);
    const auto sequence = world.last.sequence;
    const auto& told = health();
    EXPECT_EQ(told.tasks(0).policy(), 2U);
    ASSERT_EQ(told.recent().size(), FR_RECENT_VERDICT_BYTES);
    EXPECT_EQ(static_cast<unsigned>(byte_of(told, 0, 0) | byte_of(told, 0, 1) << 8),
              sequence & 0xFFFFU);
}

TEST_F(Shadow, APolicyWhoseFlashDecayedIsGivenUpAndToldAgain) {
    let_policy_decay();
    for (std::uint32_t i = 0; i < 3; ++i) {
        EXPECT_EQ(world.node.tasks[0].policy_faults, i);
        ASSERT_EQ(world.submit(), FR_OK);
        EXPECT_FALSE(world.last.escalated);
        EXPECT_EQ(world.last.reason, FR_POLICY_BADPOLICY);
    }
    EXPECT_EQ(world.status().policy, 0U);
    world.run(1000);
    EXPECT_EQ(world.status().policy, 1U) << "the hello said that there is none";
    ASSERT_EQ(world.submit(), FR_OK);
    EXPECT_EQ(world.last.reason, FR_POLICY_LOCAL_CONF);
}

// The first loss is bad luck; a flash that loses it again is written ever more rarely.
TEST_F(Shadow, APolicyThatDecaysAgainIsAskedForMoreAndMoreRarely) {
    const auto lose = [&] {
        let_policy_decay();
        for (int i = 0; i < 3; ++i) {
            ASSERT_EQ(world.submit(), FR_OK);
        }
        ASSERT_EQ(world.status().policy, 0U);
    };
    lose();
    world.run(1000);
    ASSERT_EQ(world.status().policy, 1U);
    for (const std::uint32_t wait_s : {60U, 120U}) {
        lose();
        tell();
        EXPECT_EQ(world.status().policy, 0U) << "told of its own accord";
        world.run((wait_s - 1) * 1000);
        EXPECT_EQ(world.status().policy, 0U);
        world.run(10'000);
        EXPECT_EQ(world.status().policy, 1U);
    }
    lose();
    world.site.policy = maker().policy(2, 0, 255);
    tell();
    EXPECT_EQ(world.status().policy, 2U) << "another one is taken at once";
}

}  // namespace
}  // namespace frugal::test
