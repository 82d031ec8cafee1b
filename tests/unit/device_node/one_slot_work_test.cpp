// SPDX-License-Identifier: Apache-2.0
// The work of rewriting a slot: how often it may be cut or fail, how long it leaves the watchdog
// alone; and how a device that lost its model asks for one, and which it takes.
#include "one_slot_fixture.hpp"

namespace frugal::test {
namespace {

constexpr std::uint32_t kPages = 10;  // of the larger models

/// A device with room for those.
class OneLargeSlot : public OneSlot {
protected:
    static Shape large(std::uint32_t reach_bytes) {
        auto shape = one_slot(reach_bytes);
        shape.slot_bytes = 48 * 1024;
        shape.staging_bytes = 48 * 1024;
        shape.arena_bytes = 48 * 1024;
        return shape;
    }
    static const Release& small() {
        static const Release release = maker().make("fashion-small-1.tflite", 1);
        return release;
    }

    static void begin_update(DeviceWorld& device) {
        start_known(device, small());
        ASSERT_EQ((small().model.size() + 4095) / 4096, kPages);
        device.want(maker().tune(small(), 2));
    }
};

TEST_F(OneLargeSlot, GoesOnThroughAnyNumberOfBootsThatEachBringAPage) {
    DeviceWorld device(maker(), large(4096));
    begin_update(device);
    const auto layout = device.node.layout;
    std::uint32_t cuts = 0;
    for (; cuts < 2 * kPages; ++cuts) {
        std::uint32_t commits = 0;
        auto place = UINT32_MAX;
        device.flash.guard = [&](std::uint32_t offset, std::uint32_t) -> std::string {
            const auto behind = offset - layout.checkpoints;
            if (device.node.state.tasks[0].is_rewriting == 0 || offset < layout.checkpoints ||
                behind >= 2 * layout.checkpoint_bytes ||
                behind / layout.checkpoint_bytes == place) {
                return "";
            }
            place = behind / layout.checkpoint_bytes;
            if (++commits == 2) {
                device.flash.cut_at(device.flash.operations(), Tear::kHalf);
            }
            return "";
        };
        device.run(60000);
        if (!device.flash.is_cut()) {
            break;
        }
        device.flash.power_on();
        ASSERT_EQ(device.boot(), FR_OK);
    }
    EXPECT_EQ(cuts, kPages - 1);
    EXPECT_EQ(device.status().release, 2U);
    EXPECT_EQ(device.status().phase, FR_PHASE_PROBATION);
    device.flash.guard = {};
    expect_sound(device);
}

TEST_F(OneLargeSlot, FeedsTheWatchdogEveryPageWhateverTheReach) {
    struct Watch {
        const FlashModel& flash;
        std::uint64_t fed = 0;
        std::uint64_t longest = 0;
    };
    static Watch* watch = nullptr;
    for (const std::uint32_t reach : {0U, 4096U, 32768U}) {
        DeviceWorld device(maker(), large(reach));
        begin_update(device);
        Watch seen{device.flash};
        watch = &seen;
        device.port.reset_watchdog = [](void*) {
            const auto now = watch->flash.operations();
            watch->longest = std::max(watch->longest, now - watch->fed);
            watch->fed = now;
        };
        device.flash.guard = [&](std::uint32_t, std::uint32_t) -> std::string {
            if (device.node.state.tasks[0].is_rewriting == 0) {
                seen.fed = device.flash.operations();
            }
            return "";
        };
        device.run(60000);
        EXPECT_EQ(device.status().release, 2U);
        // The last of a page's words, its checkpoint, and a page on its way to the slot.
        EXPECT_GT(seen.longest, 512U);
        EXPECT_LT(seen.longest, 3U * 512U) << reach;
        device.flash.guard = {};
        expect_sound(device);
    }
}

TEST_F(OneSlot, KeepsItsModelWhenNothingOfItWasOverwritten) {
    start_known();
    break_scratch(20);
    pursue(tuned());
    EXPECT_TRUE(was_reported(FR_PHASE_REVERTED, FR_REASON_STORAGE_FAULT));
    EXPECT_EQ(world.status().release, 1U);
    EXPECT_EQ(world.submit(), FR_OK);
}

TEST_F(OneSlot, GoesOnAfterAFaultOfTheFlash) {
    start_known();
    break_scratch(1);
    world.site.chunk_bytes_sent = 0;
    const auto update = tuned();
    pursue(update);
    EXPECT_EQ(world.status().release, 2U);
    EXPECT_EQ(world.site.chunk_bytes_sent, update.artifact.layout.size_bytes);
}

TEST_F(OneSlot, RunsAgainWhatWasGivenUpButNotOverwritten) {
    start_known();
    const auto& layout = world.node.layout;
    cut_while_rewriting(layout.scratch, layout.checkpoints, Tear::kHalf);
    pursue(tuned());
    ASSERT_NO_FATAL_FAILURE(end_cut());
    world.flash.bytes[layout.journal + 96] ^= 0x01;  // the blocks are gone
    ASSERT_EQ(world.boot(), FR_OK);
    EXPECT_EQ(world.status().reason, FR_REASON_SUPERSEDED);
    EXPECT_EQ(world.status().release, 1U);
    EXPECT_EQ(world.status().confirmed_slot, 0);
    EXPECT_EQ(world.submit(), FR_OK);
    expect_to_end_with(2);
}

TEST_F(OneSlot, ThatCannotBeLoadedAfterItsFlipIsFetchedAgain) {
    start_known();
    const auto faults = world.counters().storage_faults;
    damage_at_the_flip();
    pursue(tuned());
    world.flash.guard = {};
    EXPECT_TRUE(was_reported(FR_PHASE_REVERTED, FR_REASON_STORAGE_FAULT));
    EXPECT_FALSE(world.status().has_model) << "there is no other slot";
    EXPECT_GT(world.counters().storage_faults, faults);
    EXPECT_EQ(state().failures, 0U) << "not the release's fault";
    world.run(6000000);
    expect_to_end_with(2);
}

// It need not prove itself again, so it is confirmed by the very flip that cannot be loaded.
TEST_F(OneSlotLost, DoesNotConfirmAFormerModelThatCannotBeLoaded) {
    lose_the_model();
    damage_at_the_flip();
    world.site.want(first());
    world.run(6000000);
    world.flash.guard = {};
    EXPECT_TRUE(was_reported(FR_PHASE_REVERTED, FR_REASON_STORAGE_FAULT));
    EXPECT_FALSE(world.status().has_model);
    EXPECT_EQ(world.status().confirmed_slot, -1);
    world.run(60000000);
    expect_to_end_with(1);
}

/// Every self-test of its update resets it.
using OneSlotResets = OneSlotLost;

TEST_F(OneSlotResets, IsGivenUpAndCounted) {
    start_known();
    reset_in_self_tests(world);
    pursue(tuned());
    for (std::uint32_t round = 1; round <= FR_UPDATE_ATTEMPTS_MAX; ++round) {
        ASSERT_TRUE(world.flash.is_cut()) << round;
        EXPECT_EQ(boots_to_stay_up(world), FR_BOOT_ATTEMPTS_MAX + 1) << round;
        EXPECT_EQ(state().failures, round);
        EXPECT_EQ(state().failed_counter, 2U);
        world.connect();
        world.run(1000);
    }
    EXPECT_EQ(world.status().phase, FR_PHASE_QUARANTINED);
    world.port.reset_watchdog = nullptr;  // the old one passes
    world.site.want(first());
    world.run(6000000);
    expect_to_end_with(1);
}

TEST_F(OneSlotResets, AsksRarelyForTheOnlyReleaseItMayTake) {
    lose_the_model();
    reset_in_self_tests(world);
    world.site.want(first());  // confirmed here once, never given up
    world.run(6000000);
    ASSERT_TRUE(world.flash.is_cut());
    boots_to_stay_up(world);
    EXPECT_EQ(world.status().reason, FR_REASON_WATCHDOG);
    world.connect();
    ASSERT_NE(world.node.update.ask_ms, FR_NEVER);
    EXPECT_GE(world.node.update.ask_ms - world.now_ms, 2560000U) << "43 minutes";
}

TEST_F(OneSlotLost, AsksOnWhenItIsToldOfSomethingElse) {
    lose_the_model();
    world.site.wanted.reset();  // a word about policies only, or a wish that does not fit it
    tell();
    world.run(6000000);
    world.site.want(tuned(3));  // nobody tells it
    world.run(6000000);
    expect_to_end_with(3);
}

TEST_F(OneSlotLost, IsNotBannedFromAReleaseByWhatIsNotSigned) {
    lose_the_model();
    world.site.want(lengthened(third()));
    world.run(20000000);
    EXPECT_TRUE(was_reported(FR_PHASE_REVERTED, FR_REASON_BAD_DIGEST));
    EXPECT_NE(world.status().phase, FR_PHASE_QUARANTINED);
    EXPECT_EQ(state().failures, 1U) << "the self-test's";
    world.site.want(third());
    world.run(6000000);
    expect_to_end_with(3);
}

TEST_F(OneSlotLost, TakesAnyVariantOfTheReleaseItBurned) {
    lose_the_model();
    // The variant it ran does not fit any more, or is not the best one now: the gateway chooses.
    world.site.want(maker().make("fashion-tiny-2.tflite", 1));
    world.run(6000000);
    expect_to_end_with(1);
    // It burned this one with the same counter; the other is refused as long as it runs.
    pursue(first());
    EXPECT_EQ(world.status().phase, FR_PHASE_REFUSED);
    EXPECT_EQ(world.status().reason, FR_REASON_DOWNGRADE);
    pursue(maker().make("fashion-tiny-2.tflite", 1));
    EXPECT_EQ(world.status().phase, FR_PHASE_CONFIRMED);
}

}  // namespace
}  // namespace frugal::test
