// SPDX-License-Identifier: Apache-2.0
// Hostile policies on a real node, signed or not: whatever they say, no message the node publishes
// holds a private sample, and neither do its memory and its flash.
#include <algorithm>

#include "node_fixture.hpp"
#include "support/policy_bytes.hpp"

namespace frugal::test {
namespace {

constexpr int kSamples = 6000;
constexpr int kSamplesAPolicy = 12;
constexpr std::size_t kInput = 784;

class Privacy : public NodeTest {
protected:
    std::uint32_t next() {
        random_ ^= random_ << 13;
        random_ ^= random_ >> 17;
        random_ ^= random_ << 5;
        return random_;
    }

    /// A policy that wants everything, with some of its bytes changed.
    base::Bytes hostile(std::uint32_t id) {
        auto task = task_that_asks();
        task.tier = FR_TIER_EDGE + (next() & 1U);
        task.audit = 255;
        auto bytes = policy_bytes(id, task);
        for (std::uint32_t i = next() % 4; i > 0; --i) {
            bytes[10 + next() % (bytes.size() - 10)] ^= static_cast<std::uint8_t>(1U << next() % 8);
        }
        return bytes;
    }

    void submit(fr_privacy_t privacy, std::uint8_t mark) {
        std::array<std::uint8_t, kInput> input;
        input.fill(mark);
        const fr_submission_t submission{1, input.data(), input.size(), 1000, privacy};
        ASSERT_EQ(fr_node_submit(&world.node, &submission, world.now_ms, &world.last), FR_OK);
    }

    static bool holds(base::ByteView bytes, std::uint8_t mark) {
        return std::search_n(bytes.begin(), bytes.end(), 6, mark) != bytes.end();
    }

private:
    std::uint32_t random_ = 362436069;
};

TEST_F(Privacy, NoPolicyMakesAPrivateSampleTravel) {
    constexpr std::uint8_t kPrivate = 0xA7;
    constexpr std::uint8_t kPublic = 0x5C;
    start();
    world.run(10000);
    // The worst case: the policies' key is in the wrong hands.
    world.port.verify_es256 = [](void*, const std::uint8_t*, const std::uint8_t*,
                                 const std::uint8_t*) { return true; };
    std::uint64_t leaks = 0;
    std::uint64_t public_seen = 0;
    world.lose_up = [&](const Up& up) {
        leaks += holds(up.payload, kPrivate) ? 1 : 0;
        public_seen += holds(up.payload, kPublic) ? 1 : 0;
        return false;
    };
    for (int i = 0; i < kSamples; ++i) {
        if (i % kSamplesAPolicy == 0) {
            world.site.policy = maker().sign(hostile(static_cast<std::uint32_t>(i) + 2));
            world.site.shadow = maker().sign(hostile(static_cast<std::uint32_t>(i) + 3));
            tell();
        }
        world.battery = static_cast<std::uint8_t>(next() % 201);
        world.rtt_ms = static_cast<std::uint16_t>(next() % 1200);
        const bool is_private = next() % 2 == 0;
        submit(is_private ? (next() % 2 == 0 ? FR_PRIVACY_NEVER : FR_PRIVACY_UNSET)
                          : FR_PRIVACY_PUBLIC,
               is_private ? kPrivate : kPublic);
        EXPECT_FALSE(is_private && world.last.escalated);
        world.run(20);
    }
    EXPECT_EQ(leaks, 0U);
    EXPECT_GT(public_seen, 100U) << "public samples must have travelled";
    EXPECT_FALSE(holds(world.flash.bytes, kPrivate));
    EXPECT_FALSE(holds({world.config.arena, world.config.arena_bytes}, kPrivate));
    EXPECT_FALSE(
        holds({reinterpret_cast<const std::uint8_t*>(&world.node), sizeof world.node}, kPrivate));
}

}  // namespace
}  // namespace frugal::test
