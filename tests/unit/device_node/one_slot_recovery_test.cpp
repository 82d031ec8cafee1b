// SPDX-License-Identifier: Apache-2.0
// The only slot half written, its model lost, its staging damaged: what a device makes of that.
#include <array>
#include <cstring>

#include "one_slot_fixture.hpp"
#include "support/noise.hpp"

namespace frugal::test {
namespace {

TEST_F(OneSlotLost, AsksForAModelWhenItHasNone) {
    lose_the_model();
    world.site.want(tuned(3));  // nobody tells it: it asks
    expect_to_end_with(3);
}

TEST_F(OneSlot, AsksLessAndLessOften) {
    start_known();
    std::vector<std::uint64_t> asked;
    world.lose_up = [&](const Up& up) {
        if (up.kind == FR_UP_HELLO) {
            asked.push_back(world.now_ms);
        }
        return false;
    };
    pursue(maker().with_full(failing(maker().tune(first(), 2))));
    world.run(600000);
    EXPECT_EQ(world.status().phase, FR_PHASE_QUARANTINED);
    ASSERT_EQ(asked.size(), 3U);
    EXPECT_GE(asked[0], 1000U + 20000U);
    EXPECT_GE(asked[1] - asked[0], 40000U);
    world.run(9000000);
    ASSERT_GE(asked.size(), 5U) << "banned as it is: the site may have another by then";
    EXPECT_LE(asked.size(), 7U);
    EXPECT_GE(asked[4] - asked[3], 2560000U);
    world.lose_up = {};
    pursue(third());
    EXPECT_EQ(world.status().release, 3U);
}

TEST_F(OneSlot, DropsARewriteWhoseBlocksAreGone) {
    start_known();
    const auto update = tuned();
    cut_in_the_rewrite(update);
    world.flash.bytes[world.node.layout.journal + 96] ^= 0x01;  // the first unit is not marked
    ASSERT_EQ(world.boot(), FR_OK);
    EXPECT_EQ(world.status().phase, FR_PHASE_REVERTED);
    EXPECT_EQ(world.status().reason, FR_REASON_SUPERSEDED);
    EXPECT_EQ(state().failures, 0U) << "the release is not to blame";
    expect_to_end_with(2);
    EXPECT_EQ(world.site.chunk_bytes_sent, update.in_full->artifact.layout.size_bytes);
}

TEST_F(OneSlot, TakesAnotherEncodingOfAWholeModelWhoseBlocksAreMissing) {
    start_known();
    cut_in_the_rewrite(second());
    world.flash.bytes[world.node.layout.journal + 96] ^= 0x01;
    auto other = maker().make("fashion-tiny-2.tflite", 2, 512);
    other.signed_manifest = second().signed_manifest;
    world.site.want(other);
    ASSERT_EQ(world.boot(), FR_OK);
    expect_to_end_with(2);
    EXPECT_TRUE(was_reported(FR_PHASE_REVERTED, FR_REASON_SUPERSEDED));
}

TEST_F(OneSlot, MakesStagingSafeBeforeItGivesUpTheSlot) {
    start_known();
    world.site.minimum_battery = 100;
    world.battery = 60;
    pursue(tuned());
    ASSERT_EQ(world.status().phase, FR_PHASE_WAITING);
    world.flash.bytes[world.node.layout.journal + 96] ^= 0x01;  // no boot would find the blocks
    const auto& layout = world.node.layout;
    cut_while_rewriting(layout.slots + 1, layout.scratch, Tear::kNoise);
    world.battery = 150;
    world.run(5000);
    ASSERT_NO_FATAL_FAILURE(end_cut());
    world.site.chunk_bytes_sent = 0;
    ASSERT_EQ(world.boot(), FR_OK);
    expect_to_end_with(2);
    EXPECT_EQ(world.site.chunk_bytes_sent, 0U);
}

TEST_F(OneSlot, KeepsWhatRunsWhenStagingIsDamaged) {
    for (const std::uint32_t where : {8U, 30U, 200U}) {  // the list, the header, the payload
        DeviceWorld one(maker(), one_slot());
        start_known(one, first());
        one.site.minimum_battery = 100;
        one.battery = 60;
        one.want(tuned());
        one.run(60000);
        ASSERT_EQ(one.status().phase, FR_PHASE_WAITING);
        one.flash.bytes[one.node.layout.staging + where] ^= 0x20;
        one.battery = 150;
        one.run(2000);
        EXPECT_EQ(one.status().reason, FR_REASON_BAD_DIGEST) << where;
        EXPECT_EQ(one.status().release, 1U) << where;
        EXPECT_EQ(one.submit(), FR_OK);
        expect_sound(one);
    }
}

TEST_F(OneSlot, KeepsWhatRunsWhenTheOfferLiesAboutTheEncoding) {
    start_known();
    auto liar = tuned();
    liar.decoder_profile = liar.decoder_profile == 1 ? 2 : 1;
    pursue(liar);
    EXPECT_EQ(world.status().reason, FR_REASON_BAD_DIGEST);
    EXPECT_EQ(world.status().release, 1U);
    pursue(lengthened(third()));
    EXPECT_EQ(world.status().reason, FR_REASON_BAD_DIGEST);
    EXPECT_EQ(world.status().release, 1U);
}

TEST_F(OneSlot, TakesUpNoCheckpointOfAnotherFirmware) {
    start_known();
    const auto update = tuned();
    cut_in_the_rewrite(update);
    const auto& layout = world.node.layout;
    for (const auto place : {layout.checkpoints, layout.checkpoints + layout.checkpoint_bytes}) {
        auto* header = world.flash.bytes.data() + place;
        header[28] ^= 1;  // the form, and the check of it all
        const auto state_bytes = header[20] | header[21] << 8;
        const auto crc = fr_crc32(0, header + 8, 24U + static_cast<std::uint32_t>(state_bytes));
        std::memcpy(header + 4, &crc, sizeof crc);
    }
    ASSERT_EQ(world.boot(), FR_OK);
    expect_to_end_with(2);
    EXPECT_TRUE(was_reported(FR_PHASE_REVERTED, FR_REASON_BASE_MISSING));
}

TEST_F(OneSlot, SurvivesAnyCheckpointThatChecks) {
    start_known();
    cut_in_the_rewrite(tuned());
    const auto image = world.flash.bytes;
    const auto& layout = world.node.layout;
    std::uint32_t random = 12345;
    int resumed = 0;
    for (int round = 0; round < 300; ++round) {
        world.flash.bytes = image;
        for (const auto place :
             {layout.checkpoints, layout.checkpoints + layout.checkpoint_bytes}) {
            auto* header = world.flash.bytes.data() + place;
            const auto size = static_cast<std::uint32_t>(header[20] | header[21] << 8);
            for (int i = 0; i < 3 && size <= layout.checkpoint_bytes - 32; ++i) {
                next_noise(random);
                header[32 + (random >> 8) % size] = static_cast<std::uint8_t>(random >> 24);
            }
            const auto crc = fr_crc32(0, header + 8, 24U + size % 4096U);
            std::memcpy(header + 4, &crc, sizeof crc);
        }
        ASSERT_EQ(world.boot(), FR_OK);
        world.run(5000);
        const auto& task = state();
        EXPECT_TRUE(task.active == 0 || world.status().phase == FR_PHASE_REVERTED) << round;
        resumed += task.active == 0 ? 1 : 0;
    }
    EXPECT_GT(resumed, 0) << "some changes are of no weight";
}

TEST_F(OneSlot, GivesUpARewriteThatNeverGetsAnywhere) {
    start_known();
    const auto update = tuned();
    cut_in_the_rewrite(update);
    for (std::uint32_t i = 0; i < 8; ++i) {
        ASSERT_EQ(world.boot(), FR_OK);
        ASSERT_EQ(world.status().phase, FR_PHASE_TRANSFER) << i;
    }
    ASSERT_EQ(world.boot(), FR_OK);
    EXPECT_EQ(world.status().phase, FR_PHASE_REVERTED);
    EXPECT_EQ(world.status().reason, FR_REASON_WATCHDOG);
    EXPECT_EQ(state().failures, 1U) << "it may be what resets the device";
    expect_to_end_with(2);
    EXPECT_EQ(world.site.chunk_bytes_sent, update.in_full->artifact.layout.size_bytes);
}

TEST_F(OneSlot, ForgetsARewriteTogetherWithItsOffer) {
    start_known();
    cut_in_the_rewrite(tuned());
    const auto* key = world.config.release_public_key;
    const std::array<std::uint8_t, 65> other_key{};  // of a firmware that may not run it any more
    world.config.release_public_key = other_key.data();
    ASSERT_EQ(world.boot(), FR_OK);
    EXPECT_EQ(state().is_rewriting, 0);
    EXPECT_EQ(world.status().phase, FR_PHASE_IDLE);
    world.config.release_public_key = key;
    ASSERT_EQ(world.boot(), FR_OK);
    EXPECT_EQ(state().is_rewriting, 0);
    auto delta = tuned();
    delta.in_full.reset();
    world.site.want(delta);
    world.connect();
    world.run(1000);
    EXPECT_EQ(world.status().reason, FR_REASON_BASE_MISSING) << "half a base is none";
    pursue(tuned());
    expect_to_end_with(2);
}

TEST_F(OneSlot, HasNoSecondSlotThatAnEarlierFirmwareFilled) {
    world.config.in_place = nullptr;
    ASSERT_EQ(world.boot(), FR_OK);
    world.install(first());
    world.install(second());
    ASSERT_EQ(world.status().confirmed_slot, 1);
    world.config.in_place = &fr_in_place;
    world.site.want(tuned(3));
    ASSERT_EQ(world.boot(), FR_OK);
    EXPECT_EQ(world.status().active_slot, -1);
    EXPECT_EQ(world.status().confirmed_slot, -1);
    EXPECT_EQ(world.status().burned_counter, 2U);
    EXPECT_LE(state().verified, 1U);
    expect_to_end_with(3);
}

TEST_F(OneSlotLost, WaitsForNothingToGetOneAgain) {
    lose_the_model();
    world.site.minimum_battery = 100;
    world.site.not_before_ticks = 1000000;
    world.battery = 20;
    world.site.want(*tuned(3).in_full);
    expect_to_end_with(3);
}

TEST_F(OneSlotLost, IsNotBannedFromAReleaseByItsLink) {
    lose_the_model();
    world.site.want(third());
    world.lose_down = [](const Down& down) { return down.kind == FR_DOWN_CHUNK; };
    for (int i = 0; i < 8; ++i) {
        world.run(1200000);
        EXPECT_NE(world.status().phase, FR_PHASE_QUARANTINED) << i;
    }
    EXPECT_TRUE(was_reported(FR_PHASE_REVERTED, FR_REASON_TIMED_OUT));
    EXPECT_EQ(state().failures, 1U) << "the self-test's";
    world.lose_down = {};
    world.run(6000000);
    expect_to_end_with(3);
}

TEST_F(OneSlotLost, IsNeverBannedFromTheReleaseItBurned) {
    lose_the_model();
    world.site.want(failing(first()));
    world.run(3000000);
    EXPECT_EQ(world.status().phase, FR_PHASE_REVERTED);
    EXPECT_EQ(world.status().reason, FR_REASON_SELF_TEST_FAILED);
    world.site.want(first());
    world.run(6000000);
    expect_to_end_with(1);
}

TEST_F(OneSlotLost, AsksAgainAfterARefusal) {
    lose_the_model();
    pursue(maker().changed(*tuned(3).in_full,
                           [](v1::Manifest& manifest) { manifest.set_arena_bytes(1U << 20); }));
    EXPECT_EQ(world.status().phase, FR_PHASE_REFUSED);
    world.site.want(tuned(4));  // nobody tells it
    world.run(6000000);
    expect_to_end_with(4);
}

TEST_F(OneSlot, AfterACutInstallsWhatItHasWhateverTheBattery) {
    // Of all operations of the update those after the slot was given up: the last ones, each.
    start_known();
    const auto image = world.flash.bytes;
    const auto site = world.site;
    world.flash.power_on();
    want(tuned());
    world.run(10000);
    ASSERT_EQ(world.status().release, 2U);
    const auto end = world.flash.operations();
    int without = 0;
    for (std::uint64_t back = 1; back < 1500; back += back < 120 ? 1 : 23) {
        DeviceWorld one(maker(), one_slot());
        one.flash.bytes = image;
        one.site = site;
        one.site.minimum_battery = 100;
        one.site.want(tuned());
        ASSERT_EQ(one.boot(), FR_OK);
        one.connect();
        one.flash.cut_at(end - back, Tear::kHalf);
        one.run(10000);
        one.flash.power_on();
        one.battery = 20;
        ASSERT_EQ(one.boot(), FR_OK);
        const auto& task = one.node.state.tasks[0];
        without += task.active < 0 ? 1 : 0;
        one.run(2000);  // without a link: all it needs is here
        EXPECT_GE(task.active, 0) << back;
    }
    EXPECT_GT(without, 50);
}

TEST_F(OneSlot, GivesUpNoHalfModelForAWishNobodyCanMeet) {
    start_known();
    cut_in_the_rewrite(tuned());
    auto forged = *tuned(9).in_full;
    forged.signed_manifest.mutable_signature()->at(3) ^= 1;
    ASSERT_EQ(world.boot(), FR_OK);
    world.site.want(forged);
    world.downs.push_back(world.site.desired());
    world.connect();
    world.site.want(tuned());
    expect_to_end_with(2);
    EXPECT_EQ(world.site.chunk_bytes_sent, 0U);
}

}  // namespace
}  // namespace frugal::test
