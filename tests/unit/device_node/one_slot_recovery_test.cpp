// SPDX-License-Identifier: Apache-2.0
// The only slot half written, its model lost, its staging damaged: what a device makes of that.
#include <array>
#include <cstring>

#include "one_slot_fixture.hpp"

namespace frugal::test {
namespace {

TEST_F(OneSlotLost, AsksForAModelWhenItHasNone) {
    lose_the_model();
    solo.site.want(tuned(3));  // nobody tells it: it asks
    expect_to_end_with(3);
}

TEST_F(OneSlot, AsksLessAndLessOften) {
    start_solo();
    std::vector<std::uint64_t> asked;
    solo.lose_up = [&](const Up& up) {
        if (up.kind == FR_UP_HELLO) {
            asked.push_back(solo.now_ms);
        }
        return false;
    };
    pursue_solo(maker().with_full(failing(maker().tune(first(), 2))));
    solo.run(600000);
    EXPECT_EQ(solo.status().phase, FR_PHASE_QUARANTINED);
    ASSERT_EQ(asked.size(), 3U);
    EXPECT_GE(asked[0], 1000U + 20000U);
    EXPECT_GE(asked[1] - asked[0], 40000U);
    solo.run(9000000);
    ASSERT_GE(asked.size(), 5U) << "banned as it is: the site may have another by then";
    EXPECT_LE(asked.size(), 7U);
    EXPECT_GE(asked[4] - asked[3], 2560000U);
    solo.lose_up = {};
    pursue_solo(third());
    EXPECT_EQ(solo.status().release, 3U);
}

TEST_F(OneSlot, DropsARewriteWhoseBlocksAreGone) {
    start_solo();
    const auto update = tuned();
    cut_in_the_rewrite(update);
    solo.flash.bytes[solo.node.layout.journal + 96] ^= 0x01;  // the first unit is not marked
    ASSERT_EQ(solo.boot(), FR_OK);
    EXPECT_EQ(solo.status().phase, FR_PHASE_REVERTED);
    EXPECT_EQ(solo.status().reason, FR_REASON_SUPERSEDED);
    EXPECT_EQ(state().failures, 0U) << "the release is not to blame";
    expect_to_end_with(2);
    EXPECT_EQ(solo.site.chunk_bytes_sent, update.in_full->artifact.layout.size_bytes);
}

TEST_F(OneSlot, TakesAnotherEncodingOfAWholeModelWhoseBlocksAreMissing) {
    start_solo();
    cut_in_the_rewrite(second());
    solo.flash.bytes[solo.node.layout.journal + 96] ^= 0x01;
    auto other = maker().make("fashion-tiny-2.tflite", 2, 512);
    other.signed_manifest = second().signed_manifest;
    solo.site.want(other);
    ASSERT_EQ(solo.boot(), FR_OK);
    expect_to_end_with(2);
    EXPECT_TRUE(solo_reported(FR_PHASE_REVERTED, FR_REASON_SUPERSEDED));
}

TEST_F(OneSlot, MakesStagingSafeBeforeItGivesUpTheSlot) {
    start_solo();
    solo.site.minimum_battery = 100;
    solo.battery = 60;
    pursue_solo(tuned());
    ASSERT_EQ(solo.status().phase, FR_PHASE_WAITING);
    solo.flash.bytes[solo.node.layout.journal + 96] ^= 0x01;  // no boot would find the blocks
    solo.flash.power_on();
    solo.flash.guard = [this](std::uint32_t offset, std::uint32_t) -> std::string {
        const auto& layout = solo.node.layout;
        if (state().is_rewriting != 0 && offset > layout.slots && offset < layout.scratch) {
            solo.flash.cut_at(solo.flash.operations(), Tear::kNoise);
        }
        return "";
    };
    solo.battery = 150;
    solo.run(5000);
    solo.flash.guard = {};
    ASSERT_TRUE(solo.flash.is_cut());
    solo.flash.power_on();
    solo.site.chunk_bytes_sent = 0;
    ASSERT_EQ(solo.boot(), FR_OK);
    expect_to_end_with(2);
    EXPECT_EQ(solo.site.chunk_bytes_sent, 0U);
}

TEST_F(OneSlot, KeepsWhatRunsWhenStagingIsDamaged) {
    for (const std::uint32_t where : {8U, 30U, 200U}) {  // the list, the header, the payload
        DeviceWorld one(maker(), one_slot());
        ASSERT_EQ(one.boot(), FR_OK);
        one.install(first());
        one.disconnect();
        one.connect();
        one.site.minimum_battery = 100;
        one.battery = 60;
        one.site.want(tuned());
        one.downs.push_back(one.site.desired());
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
    start_solo();
    auto liar = tuned();
    liar.decoder_profile = liar.decoder_profile == 1 ? 2 : 1;
    pursue_solo(liar);
    EXPECT_EQ(solo.status().reason, FR_REASON_BAD_DIGEST);
    EXPECT_EQ(solo.status().release, 1U);
    pursue_solo(lengthened(third()));
    EXPECT_EQ(solo.status().reason, FR_REASON_BAD_DIGEST);
    EXPECT_EQ(solo.status().release, 1U);
}

TEST_F(OneSlot, TakesUpNoCheckpointOfAnotherFirmware) {
    start_solo();
    const auto update = tuned();
    cut_in_the_rewrite(update);
    const auto& layout = solo.node.layout;
    for (const auto place : {layout.checkpoints, layout.checkpoints + layout.checkpoint_bytes}) {
        auto* header = solo.flash.bytes.data() + place;
        header[28] ^= 1;  // the form, and the check of it all
        const auto state_bytes = header[20] | header[21] << 8;
        const auto crc = fr_crc32(0, header + 8, 24U + static_cast<std::uint32_t>(state_bytes));
        std::memcpy(header + 4, &crc, sizeof crc);
    }
    ASSERT_EQ(solo.boot(), FR_OK);
    expect_to_end_with(2);
    EXPECT_TRUE(solo_reported(FR_PHASE_REVERTED, FR_REASON_BASE_MISSING));
}

TEST_F(OneSlot, SurvivesAnyCheckpointThatChecks) {
    start_solo();
    cut_in_the_rewrite(tuned());
    const auto image = solo.flash.bytes;
    const auto& layout = solo.node.layout;
    std::uint32_t random = 12345;
    int resumed = 0;
    for (int round = 0; round < 300; ++round) {
        solo.flash.bytes = image;
        for (const auto place :
             {layout.checkpoints, layout.checkpoints + layout.checkpoint_bytes}) {
            auto* header = solo.flash.bytes.data() + place;
            const auto size = static_cast<std::uint32_t>(header[20] | header[21] << 8);
            for (int i = 0; i < 3 && size <= layout.checkpoint_bytes - 32; ++i) {
                random = random * 1664525U + 1013904223U;
                header[32 + (random >> 8) % size] = static_cast<std::uint8_t>(random >> 24);
            }
            const auto crc = fr_crc32(0, header + 8, 24U + size % 4096U);
            std::memcpy(header + 4, &crc, sizeof crc);
        }
        ASSERT_EQ(solo.boot(), FR_OK);
        solo.run(5000);
        const auto& task = state();
        EXPECT_TRUE(task.active == 0 || solo.status().phase == FR_PHASE_REVERTED) << round;
        resumed += task.active == 0 ? 1 : 0;
    }
    EXPECT_GT(resumed, 0) << "some changes are of no weight";
}

TEST_F(OneSlot, GivesUpARewriteThatNeverGetsAnywhere) {
    start_solo();
    const auto update = tuned();
    cut_in_the_rewrite(update);
    for (std::uint32_t i = 0; i < 8; ++i) {
        ASSERT_EQ(solo.boot(), FR_OK);
        ASSERT_EQ(solo.status().phase, FR_PHASE_TRANSFER) << i;
    }
    ASSERT_EQ(solo.boot(), FR_OK);
    EXPECT_EQ(solo.status().phase, FR_PHASE_REVERTED);
    EXPECT_EQ(solo.status().reason, FR_REASON_WATCHDOG);
    EXPECT_EQ(state().failures, 1U) << "it may be what resets the device";
    expect_to_end_with(2);
    EXPECT_EQ(solo.site.chunk_bytes_sent, update.in_full->artifact.layout.size_bytes);
}

TEST_F(OneSlot, ForgetsARewriteTogetherWithItsOffer) {
    start_solo();
    cut_in_the_rewrite(tuned());
    const auto* key = solo.config.release_public_key;
    const std::array<std::uint8_t, 65> other_key{};  // of a firmware that may not run it any more
    solo.config.release_public_key = other_key.data();
    ASSERT_EQ(solo.boot(), FR_OK);
    EXPECT_EQ(state().is_rewriting, 0);
    EXPECT_EQ(solo.status().phase, FR_PHASE_IDLE);
    solo.config.release_public_key = key;
    ASSERT_EQ(solo.boot(), FR_OK);
    EXPECT_EQ(state().is_rewriting, 0);
    auto delta = tuned();
    delta.in_full.reset();
    solo.site.want(delta);
    solo.connect();
    solo.run(1000);
    EXPECT_EQ(solo.status().reason, FR_REASON_BASE_MISSING) << "half a base is none";
    pursue_solo(tuned());
    expect_to_end_with(2);
}

TEST_F(OneSlot, HasNoSecondSlotThatAnEarlierFirmwareFilled) {
    solo.config.in_place = nullptr;
    ASSERT_EQ(solo.boot(), FR_OK);
    solo.install(first());
    solo.install(second());
    ASSERT_EQ(solo.status().confirmed_slot, 1);
    solo.config.in_place = &fr_in_place;
    solo.site.want(tuned(3));
    ASSERT_EQ(solo.boot(), FR_OK);
    EXPECT_EQ(solo.status().active_slot, -1);
    EXPECT_EQ(solo.status().confirmed_slot, -1);
    EXPECT_EQ(solo.status().burned_counter, 2U);
    EXPECT_LE(state().verified, 1U);
    expect_to_end_with(3);
}

TEST_F(OneSlotLost, WaitsForNothingToGetOneAgain) {
    lose_the_model();
    solo.site.minimum_battery = 100;
    solo.site.not_before_ticks = 1000000;
    solo.battery = 20;
    solo.site.want(*tuned(3).in_full);
    expect_to_end_with(3);
}

TEST_F(OneSlotLost, IsNotBannedFromAReleaseByItsLink) {
    lose_the_model();
    solo.site.want(third());
    solo.lose_down = [](const Down& down) { return down.kind == FR_DOWN_CHUNK; };
    for (int i = 0; i < 8; ++i) {
        solo.run(1200000);
        EXPECT_NE(solo.status().phase, FR_PHASE_QUARANTINED) << i;
    }
    EXPECT_TRUE(solo_reported(FR_PHASE_REVERTED, FR_REASON_TIMED_OUT));
    EXPECT_EQ(state().failures, 1U) << "the self-test's";
    solo.lose_down = {};
    solo.run(6000000);
    expect_to_end_with(3);
}

TEST_F(OneSlotLost, IsNeverBannedFromTheReleaseItBurned) {
    lose_the_model();
    solo.site.want(failing(first()));
    solo.run(3000000);
    EXPECT_EQ(solo.status().phase, FR_PHASE_REVERTED);
    EXPECT_EQ(solo.status().reason, FR_REASON_SELF_TEST_FAILED);
    solo.site.want(first());
    solo.run(6000000);
    expect_to_end_with(1);
}

TEST_F(OneSlotLost, AsksAgainAfterARefusal) {
    lose_the_model();
    pursue_solo(maker().changed(
        *tuned(3).in_full, [](v1::Manifest& manifest) { manifest.set_arena_bytes(1U << 20); }));
    EXPECT_EQ(solo.status().phase, FR_PHASE_REFUSED);
    solo.site.want(tuned(4));  // nobody tells it
    solo.run(6000000);
    expect_to_end_with(4);
}

TEST_F(OneSlot, AfterACutInstallsWhatItHasWhateverTheBattery) {
    // Of all operations of the update those after the slot was given up: the last ones, each.
    start_solo();
    const auto image = solo.flash.bytes;
    const auto site = solo.site;
    solo.flash.power_on();
    solo.site.want(tuned());
    solo.downs.push_back(solo.site.desired());
    solo.run(10000);
    ASSERT_EQ(solo.status().release, 2U);
    const auto end = solo.flash.operations();
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
    start_solo();
    cut_in_the_rewrite(tuned());
    auto forged = *tuned(9).in_full;
    forged.signed_manifest.mutable_signature()->at(3) ^= 1;
    ASSERT_EQ(solo.boot(), FR_OK);
    solo.site.want(forged);
    solo.downs.push_back(solo.site.desired());
    solo.is_connected = true;
    fr_node_on_connected(&solo.node, solo.now_ms);
    solo.settle();
    solo.site.want(tuned());
    expect_to_end_with(2);
    EXPECT_EQ(solo.site.chunk_bytes_sent, 0U);
}

}  // namespace
}  // namespace frugal::test
