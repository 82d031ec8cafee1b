// SPDX-License-Identifier: Apache-2.0
// The hourly cap over random schedules, leaps of time, reboots and changes of policy: never more in
// any sliding hour, and nearly all of it for a task that always asks.
#include <algorithm>

#include "node_fixture.hpp"
#include "support/policy_bytes.hpp"

namespace frugal::test {
namespace {

constexpr std::uint64_t kHour = 3600000;

class TokenBucket : public NodeTest {
protected:
    v1::SignedBlob capped(std::uint32_t id, std::uint32_t cap) {
        return maker().sign(policy_bytes(id, task_that_asks(cap)));
    }
    void begin(std::uint32_t cap) {
        world.site.policy = capped(1, cap);
        start();
        world.run(10000);
    }
    void ask() {
        ASSERT_EQ(world.submit(), FR_OK);
        if (world.last.escalated) {
            sent.push_back(before_boot_ms_ + world.now_ms);
        }
        world.settle();
    }
    std::uint32_t random(std::uint32_t below) {
        random_ ^= random_ << 13;
        random_ ^= random_ >> 17;
        random_ ^= random_ << 5;
        return random_ % below;
    }
    /// A gap as they come: none, short, minutes, sometimes hours.
    std::uint64_t random_gap() {
        switch (random(8)) {
            case 0:
                return 0;
            case 1:
                return random(600000);
            case 2:
                return random(40) == 0 ? random(3 * kHour) : random(120000);
            default:
                return random(20000);
        }
    }
    std::size_t most_in_an_hour() const {
        std::size_t most = 0;
        for (std::size_t first = 0, last = 0; last < sent.size(); ++last) {
            while (sent[first] + kHour <= sent[last]) {
                ++first;
            }
            most = std::max(most, last - first + 1);
        }
        return most;
    }

    /// A device's clock starts anew, the hour does not.
    void reboot() {
        world.disconnect();
        const auto until = world.now_ms;
        ASSERT_EQ(world.boot(), FR_OK);
        before_boot_ms_ += until - world.now_ms;
        world.connect();
    }

    std::vector<std::uint64_t> sent;

private:
    std::uint64_t before_boot_ms_ = 0;
    std::uint32_t random_ = 521288629;
};

class TokenBucketCap : public TokenBucket, public ::testing::WithParamInterface<std::uint32_t> {};

TEST_P(TokenBucketCap, IsNeverExceededInAnySlidingHour) {
    begin(GetParam());
    for (int i = 0; i < 1500; ++i) {
        ask();
        world.now_ms += random_gap();
        if (random(200) == 0) {
            reboot();
        }
        world.settle();
    }
    EXPECT_LE(most_in_an_hour(), GetParam());
    EXPECT_GE(sent.size(), 20U);
}

INSTANTIATE_TEST_SUITE_P(Caps, TokenBucketCap, ::testing::Values(8U, 16U, 40U, 120U, 480U, 2040U));

TEST_F(TokenBucket, ATaskThatAlwaysAsksUsesNearlyAllOfIt) {
    begin(240);
    const auto from = world.now_ms;
    while (world.now_ms < from + 8 * kHour) {
        ask();
        world.now_ms += 6000;
    }
    EXPECT_LE(most_in_an_hour(), 240U);
    EXPECT_GE(sent.size(), 8U * 240 * 95 / 100);
}

TEST_F(TokenBucket, AChangeOfPolicyOpensNoSecondBucket) {
    begin(16);
    for (std::uint32_t i = 0; i < 400; ++i) {
        ask();
        world.now_ms += random(60000);
        if (i % 5 == 0) {
            world.site.policy = capped(2 + i, i % 2 == 0 ? 16 : 8);
            tell();
        }
    }
    EXPECT_LE(most_in_an_hour(), 16U);
    EXPECT_GE(sent.size(), 20U);
}

}  // namespace
}  // namespace frugal::test
