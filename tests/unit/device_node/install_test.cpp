// SPDX-License-Identifier: Apache-2.0
// A model's way onto the device, and the ways it fails.
#include "node_fixture.hpp"
#include "support/noise.hpp"

namespace frugal::test {
namespace {

class Install : public NodeTest {};

TEST_F(Install, AFirstAndASecondModel) {
    start();
    world.install(second());
    EXPECT_EQ(world.status().phase, FR_PHASE_CONFIRMED);
    EXPECT_EQ(world.status().release, 2U);
    EXPECT_EQ(world.status().burned_counter, 2U);
    EXPECT_EQ(world.site.stored.size(), 16U);
    EXPECT_TRUE(std::equal(first().model_digest.begin(), first().model_digest.end(),
                           world.status().other_digest));
    const std::vector<fr_phase_t> way = {FR_PHASE_OFFERED,   FR_PHASE_TRANSFER,
                                         FR_PHASE_STAGED,    FR_PHASE_SELF_TEST,
                                         FR_PHASE_PROBATION, FR_PHASE_CONFIRMED};
    ASSERT_EQ(world.phases.size(), 2 * way.size());
    EXPECT_TRUE(std::equal(way.begin(), way.end(), world.phases.begin()));
    EXPECT_TRUE(std::equal(way.begin(), way.end(), world.phases.begin() + 6));
    EXPECT_TRUE(was_reported(FR_PHASE_CONFIRMED, FR_REASON_NONE));
}

TEST_F(Install, ADeltaOfWhatRuns) {
    start();
    const auto tuned = maker().tune(first(), 2);
    ASSERT_LT(tuned.artifact.layout.size_bytes, first().artifact.layout.size_bytes / 2);
    world.install(tuned);
    EXPECT_EQ(world.status().phase, FR_PHASE_CONFIRMED);
    EXPECT_EQ(world.status().release, 2U);
}

TEST_F(Install, ADeltaDuringProbationBuildsOnWhatIsConfirmed) {
    start();
    pursue(second());
    ASSERT_EQ(world.status().phase, FR_PHASE_PROBATION);
    world.install(maker().tune(first(), 3));
    EXPECT_EQ(world.status().phase, FR_PHASE_CONFIRMED);
    EXPECT_EQ(world.status().release, 3U);
}

TEST_F(Install, ADeltaOfACandidateIsRefused) {
    start();
    pursue(second());
    pursue(maker().tune(second(), 3));
    EXPECT_EQ(world.status().reason, FR_REASON_BASE_MISSING);
}

TEST_F(Install, ADamagedBaseIsNone) {
    start();
    const auto slot = world.node.state.tasks[0].active;
    world.flash.bytes[world.node.layout.slots + 2000U +
                      static_cast<std::uint32_t>(slot) * world.node.layout.slot_bytes] ^= 1;
    pursue(maker().tune(first(), 2));
    EXPECT_EQ(world.status().reason, FR_REASON_BASE_MISSING);
    EXPECT_EQ(world.status().release, 1U);
}

TEST_F(Install, ADeltaAcrossAReboot) {
    start();
    const auto tuned = maker().tune(first(), 2);
    want(tuned);
    world.run(20);
    ASSERT_EQ(world.boot(), FR_OK);
    world.connect();
    world.run(60000);
    EXPECT_EQ(world.status().phase, FR_PHASE_PROBATION);
}

TEST_F(Install, SubscribesToTheSharedTopicWhileItFetches) {
    start();
    ASSERT_EQ(world.subscribed.size(), 1U);
    EXPECT_EQ(world.subscribed[0], first().artifact.digest);
    EXPECT_EQ(world.unsubscribed, 1U);
}

TEST_F(Install, SharedChunksAloneAreEnough) {
    start();
    world.lose_down = [](const Down& down) { return down.kind == FR_DOWN_CHUNK; };
    want(second());
    for (std::uint32_t block = 0; block < second().artifact.layout.block_count; ++block) {
        auto chunk = world.site.chunk(second(), block);
        chunk.kind = FR_DOWN_SHARED_CHUNK;
        world.downs.push_back(chunk);
    }
    world.settle();
    world.run(1000);
    EXPECT_EQ(world.status().phase, FR_PHASE_PROBATION);
}

TEST_F(Install, SurvivesALossyLink) {
    start();
    std::uint32_t dice = 7;
    const auto loses = [&dice] { return next_noise(dice) >> 24 < 100; };
    world.lose_up = [&](const Up&) { return loses(); };
    world.lose_down = [&](const Down&) { return loses(); };
    world.site.want(second());
    world.disconnect();
    world.connect();
    for (int i = 0; i < 40 && world.status().phase != FR_PHASE_CONFIRMED; ++i) {
        world.run(20000);
        (void)world.submit();
    }
    for (int i = 0; i < 40 && world.status().release != 2; ++i) {
        world.run(20000);
        (void)world.submit();
    }
    for (int i = 0; i < 30; ++i) {
        (void)world.submit();
        world.run(20000);
    }
    EXPECT_EQ(world.status().release, 2U);
    EXPECT_EQ(world.status().phase, FR_PHASE_CONFIRMED);
    EXPECT_EQ(world.site.stored.size(), fr_node_next_sequence(&world.node));
}

TEST_F(Install, ResumesAfterADisconnection) {
    start();
    const auto sent = world.site.chunk_bytes_sent;
    int chunks = 0;
    world.lose_down = [&](const Down& down) { return down.kind == FR_DOWN_CHUNK && ++chunks > 10; };
    pursue(second());
    EXPECT_EQ(world.status().phase, FR_PHASE_TRANSFER);
    world.disconnect();
    world.run(1000000);
    EXPECT_EQ(world.status().phase, FR_PHASE_TRANSFER) << "patience only runs while connected";
    world.lose_down = {};
    world.site.chunk_bytes_sent = 0;
    world.connect();
    EXPECT_TRUE(world.site.hello->has_resume());
    EXPECT_EQ(world.site.hello->resume().blocks_held(), 10U);
    world.run(20000);
    EXPECT_EQ(world.status().phase, FR_PHASE_PROBATION);
    EXPECT_EQ(world.site.chunk_bytes_sent,
              second().artifact.layout.size_bytes - 10 * second().artifact.layout.block_bytes);
    (void)sent;
}

TEST_F(Install, ATransferWithoutProgressTimesOutAndMayBeTriedAgain) {
    start();
    world.lose_down = [](const Down& down) { return down.kind == FR_DOWN_CHUNK; };
    want(second());
    world.run(900000);
    EXPECT_EQ(world.status().phase, FR_PHASE_REVERTED);
    EXPECT_EQ(world.status().reason, FR_REASON_TIMED_OUT);
    world.lose_down = {};
    tell();
    world.run(20000);
    EXPECT_EQ(world.status().phase, FR_PHASE_PROBATION);
}

TEST_F(Install, ATamperedBlockCostsOneBlock) {
    start();
    int left = 3;
    world.lose_down = [&left](const Down& down) {
        if (down.kind == FR_DOWN_CHUNK && left > 0) {
            const_cast<Down&>(down).payload.back() ^= 1U;
            --left;
        }
        return false;
    };
    pursue(second());
    EXPECT_EQ(world.status().phase, FR_PHASE_PROBATION);
    EXPECT_GE(world.counters().blocks_bad, 1U);
}

TEST_F(Install, AConflictingDuplicateIsDropped) {
    start();
    world.lose_down = [](const Down& down) { return down.kind == FR_DOWN_CHUNK; };
    want(second());
    world.run(100);
    world.lose_down = {};
    const auto good = world.site.chunk(second(), 0);
    auto bad = good;
    bad.payload.back() ^= 1U;
    const auto deliver = [this](const Down& down) {
        fr_node_on_message(&world.node, down.kind, down.payload.data(), down.payload.size(),
                           world.now_ms);
    };
    deliver(good);
    deliver(bad);
    EXPECT_EQ(world.counters().blocks_duplicate, 1U);
    world.run(60000);
    EXPECT_EQ(world.status().phase, FR_PHASE_PROBATION);
    EXPECT_EQ(world.counters().blocks_bad, 0U);
}

TEST_F(Install, TooManyBadBlocksEndTheAttempt) {
    start();
    world.lose_down = [](const Down& down) {
        if (down.kind == FR_DOWN_CHUNK) {
            const_cast<Down&>(down).payload.back() ^= 1U;
        }
        return false;
    };
    pursue(second());
    world.run(400000);
    EXPECT_EQ(world.status().phase, FR_PHASE_REVERTED);
    EXPECT_EQ(world.status().reason, FR_REASON_BAD_BLOCK);
    EXPECT_EQ(world.status().release, 1U);
}

TEST_F(Install, ChunksOfAnotherArtifactDoNotMix) {
    start();
    world.lose_down = [](const Down& down) { return down.kind == FR_DOWN_CHUNK; };
    want(second());
    for (std::uint32_t block = 0; block < first().artifact.layout.block_count; ++block) {
        world.downs.push_back(world.site.chunk(first(), block));
    }
    world.lose_down = {};
    EXPECT_EQ(world.status().blocks_held, 0U);
    world.run(20000);
    EXPECT_EQ(world.status().phase, FR_PHASE_PROBATION);
}

TEST_F(Install, AnArtifactOfAnotherModelIsCaughtByItsDigest) {
    start();
    auto swapped = second();
    swapped.artifact = maker().make("fashion-tiny-1.tflite", 9).artifact;
    pursue(swapped);
    EXPECT_EQ(world.status().phase, FR_PHASE_REVERTED);
    EXPECT_EQ(world.status().reason, FR_REASON_BAD_DIGEST);
    EXPECT_EQ(world.status().release, 1U);
    EXPECT_EQ(world.submit(), FR_OK);
}

TEST_F(Install, AFailedSelfTestNeverRuns) {
    start();
    const auto broken = maker().make("fashion-tiny-2.tflite", 2, 256, [](auto& manifest) {
        manifest.mutable_self_tests(0)->set_seed(1);
    });
    pursue(broken);
    EXPECT_EQ(world.status().reason, FR_REASON_SELF_TEST_FAILED);
    EXPECT_EQ(std::count(world.phases.begin(), world.phases.end(), FR_PHASE_PROBATION), 1);
    EXPECT_EQ(world.status().release, 1U);
}

TEST_F(Install, ThreeFailuresBanTheReleaseButNotTheNext) {
    start();
    const auto broken = maker().make("fashion-tiny-2.tflite", 2, 256, [](auto& manifest) {
        manifest.mutable_self_tests(0)->set_seed(1);
    });
    for (std::uint32_t i = 0; i < FR_UPDATE_ATTEMPTS_MAX; ++i) {
        EXPECT_NE(world.status().phase, FR_PHASE_QUARANTINED);
        pursue(broken);
    }
    EXPECT_EQ(world.status().phase, FR_PHASE_QUARANTINED);
    const auto fetched = world.counters().fetches_sent;
    pursue(broken);
    EXPECT_EQ(world.counters().fetches_sent, fetched) << "not tried again";
    ASSERT_EQ(world.boot(), FR_OK);
    EXPECT_EQ(world.status().phase, FR_PHASE_QUARANTINED) << "remembered";
    world.connect();
    world.run(30000);
    EXPECT_EQ(world.status().phase, FR_PHASE_QUARANTINED);
    const auto repaired = maker().make("fashion-tiny-2.tflite", 3);
    world.install(repaired);
    EXPECT_EQ(world.status().release, 3U);
    EXPECT_EQ(world.status().phase, FR_PHASE_CONFIRMED);
}

TEST_F(Install, WaitsForBatteryAndWindow) {
    start();
    world.battery = 50;
    world.site.minimum_battery = 100;
    world.site.not_before_ticks = 300;
    pursue(second());
    EXPECT_EQ(world.status().phase, FR_PHASE_WAITING);
    EXPECT_EQ(world.status().reason, FR_REASON_BATTERY_LOW);
    EXPECT_TRUE(was_reported(FR_PHASE_WAITING, FR_REASON_WINDOW_CLOSED));
    world.battery = 100;
    world.run(2000);
    EXPECT_EQ(world.status().phase, FR_PHASE_PROBATION);
}

TEST_F(Install, ADesiredStateWithoutTheArtifactGoesOnWithTheWork) {
    start();
    world.battery = 50;
    world.site.minimum_battery = 100;
    pursue(second());
    ASSERT_EQ(world.status().phase, FR_PHASE_WAITING);
    world.site.offers_artifact = false;
    ++world.site.version;
    tell();
    EXPECT_EQ(world.status().phase, FR_PHASE_WAITING);
    EXPECT_FALSE(was_reported(FR_PHASE_REVERTED, FR_REASON_SUPERSEDED));
    world.site.minimum_battery = 40;
    tell();
    world.run(2000);
    EXPECT_EQ(world.status().phase, FR_PHASE_PROBATION);
}

TEST_F(Install, ANewerDesiredStateSupersedesTheWork) {
    start();
    world.lose_down = [](const Down& down) { return down.kind == FR_DOWN_CHUNK; };
    want(second());
    EXPECT_EQ(world.status().phase, FR_PHASE_TRANSFER);
    world.lose_down = {};
    world.install(maker().make("fashion-tiny-2.tflite", 3, 512));
    EXPECT_TRUE(was_reported(FR_PHASE_REVERTED, FR_REASON_SUPERSEDED));
    EXPECT_EQ(world.status().release, 3U);
}

TEST_F(Install, GoingBackToWhatRunsCancelsTheWork) {
    start();
    world.lose_down = [](const Down& down) { return down.kind == FR_DOWN_CHUNK; };
    want(second());
    want(first());
    EXPECT_EQ(world.status().phase, FR_PHASE_CONFIRMED);
    EXPECT_EQ(world.status().release, 1U);
    ASSERT_EQ(world.boot(), FR_OK);
    EXPECT_EQ(world.status().phase, FR_PHASE_CONFIRMED) << "not resumed";
}

}  // namespace
}  // namespace frugal::test
