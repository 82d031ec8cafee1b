// SPDX-License-Identifier: Apache-2.0
// Blocks to those who ask for them: gathered, shared when many want the same, paced.
#include "core/transfer/token_bucket.hpp"
#include "unit/core/site_world.hpp"

namespace frugal::core {
namespace {

using std::chrono::milliseconds;

TEST(TokenBucket, AllowsABurstThenTheRate) {
    TokenBucket bucket(1000, 500);
    base::Instant now{std::chrono::seconds(10)};
    std::uint64_t taken = 0;
    while (bucket.is_open(now)) {
        bucket.take(100, now);
        taken += 100;
    }
    EXPECT_EQ(taken, 600U) << "burst and one overdraft";
    for (int i = 0; i < 1000; ++i) {
        now = now + milliseconds(10);
        while (bucket.is_open(now)) {
            bucket.take(100, now);
            taken += 100;
        }
    }
    EXPECT_EQ(taken, 10'600U) << "ten seconds at the rate";
    now = now + std::chrono::hours(1);
    for (taken = 0; bucket.is_open(now); taken += 100) {
        bucket.take(100, now);
    }
    EXPECT_EQ(taken, 600U) << "an idle hour saves up one burst, not more";
}

class Transfer : public ::testing::Test {
protected:
    explicit Transfer(const CoreConfig& config = {}) : world(config) {
        world.import(1, 1, 51);
        for (const auto* device : {"a", "b", "c", "d"}) {
            world.enrol(device);
            world.say(device, hello(device));
        }
        world.get<RolloutStarted>(StartRollout{model_name("net"), 1, {}});
        world.advance(std::chrono::seconds(1));
        world.take();
    }
    void fetch(const char* device, std::uint64_t missing, std::uint32_t credit = 64,
               std::uint32_t base_block = 0) {
        world.say(device, Fetch{digest_of(101), base_block, missing, credit});
    }
    SiteWorld world;
};

TEST_F(Transfer, SendsTheMissingBlocksAfterAShortGathering) {
    fetch("a", 0b1011);
    EXPECT_TRUE(world.performed<SendBlocks>().empty());
    world.advance(milliseconds(25));
    const auto sent = world.performed<SendBlocks>();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0]->blocks, (std::vector<std::uint32_t>{0, 1, 3}));
    EXPECT_EQ(sent[0]->device, device_id("a"));
    EXPECT_GT(sent[0]->block_bytes, 0U);
}

TEST_F(Transfer, StopsAtTheCreditAndAtTheEndOfTheArtifact) {
    fetch("a", ~std::uint64_t{0}, 2);
    fetch("b", ~std::uint64_t{0}, 64, 8);
    world.advance(milliseconds(25));
    const auto sent = world.performed<SendBlocks>();
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_EQ(sent[0]->blocks.size(), 2U);
    EXPECT_EQ(sent[1]->blocks, (std::vector<std::uint32_t>{8, 9}));
}

TEST_F(Transfer, SendsABlockThatManyWantOnceForAll) {
    fetch("a", 0b111);
    fetch("b", 0b110);
    fetch("c", 0b100);
    world.advance(milliseconds(25));
    std::size_t shared = 0;
    std::size_t unicast = 0;
    for (const auto* send : world.performed<SendBlocks>()) {
        (send->device ? unicast : shared) += send->blocks.size();
        if (!send->device) {
            EXPECT_EQ(send->blocks, (std::vector<std::uint32_t>{2}));
        }
    }
    EXPECT_EQ(shared, 1U);
    EXPECT_EQ(unicast, 3U);
}

TEST_F(Transfer, DoesNotRepeatASharedBlockToWhoAskedBeforeItCouldArrive) {
    fetch("a", 0b1);
    fetch("b", 0b1);
    fetch("c", 0b1);
    world.advance(milliseconds(25));
    ASSERT_EQ(world.performed<SendBlocks>().size(), 1U);
    fetch("d", 0b1);
    world.advance(milliseconds(25));
    EXPECT_EQ(world.performed<SendBlocks>().size(), 1U);
    world.advance(milliseconds(500));
    fetch("d", 0b1);
    world.advance(milliseconds(25));
    EXPECT_EQ(world.performed<SendBlocks>().size(), 2U);
}

TEST_F(Transfer, GivesNobodyAnArtifactThatIsNotOfferedToIt) {
    world.say("a", Fetch{digest_of(77), 0, 1, 1});
    world.advance(milliseconds(25));
    EXPECT_TRUE(world.performed<SendBlocks>().empty());
    EXPECT_EQ(world.get<Overview>(GetOverview{}).transfers.refused_fetches, 1U);
}

TEST_F(Transfer, AnswersWhoAsksTwiceOnce) {
    fetch("a", 0b11);
    fetch("a", 0b11);
    world.advance(milliseconds(25));
    ASSERT_EQ(world.performed<SendBlocks>().size(), 1U);
}

TEST_F(Transfer, ForgetsADeviceThatLeft) {
    fetch("a", 0b11);
    world.say("a", Bye{.stream = {7}});
    world.advance(milliseconds(25));
    EXPECT_TRUE(world.performed<SendBlocks>().empty());
}

class SlowTransfer : public Transfer {
protected:
    SlowTransfer() : Transfer(slow()) {}
    static CoreConfig slow() {
        CoreConfig config;
        config.transfer.bytes_per_second = 5760;  // ten blocks with their overhead
        config.transfer.burst_bytes = 0;
        return config;
    }
};

TEST_F(SlowTransfer, KeepsTheRateAndDropsWhatIsAskedForTwiceMeanwhile) {
    fetch("a", 0x3FF);
    fetch("b", 0x3FF);
    world.advance(milliseconds(100));
    fetch("b", 0x3FF);  // impatient: its first request still waits for its turn
    world.advance(std::chrono::seconds(10));
    const auto transfers = world.get<Overview>(GetOverview{}).transfers;
    EXPECT_EQ(transfers.unicast_blocks, 20U);
    EXPECT_EQ(world.performed<SendBlocks>().size(), 4U) << "eight blocks, then two, for each";
}

}  // namespace
}  // namespace frugal::core
