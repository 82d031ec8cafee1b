// SPDX-License-Identifier: Apache-2.0
// The work of rewriting a slot: how often it may be cut or fail, how long it leaves the watchdog
// alone; and how a device that lost its model asks for one, and which it takes.
#include "one_slot_fixture.hpp"

namespace frugal::test {
namespace {

constexpr std::uint32_t kPages = 10;  // of the larger models

/// A device with room for those.
class OneLargeSlot : public NodeTest {
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

    static void start(DeviceWorld& device) {
        ASSERT_EQ(device.boot(), FR_OK);
        device.install(small());
        ASSERT_EQ(device.status().release, 1U);
        ASSERT_EQ((small().model.size() + 4095) / 4096, kPages);
        device.disconnect();
        device.connect();
        device.site.want(maker().tune(small(), 2));
        device.downs.push_back(device.site.desired());
    }
};

TEST_F(OneLargeSlot, GoesOnThroughAnyNumberOfBootsThatEachBringAPage) {
    DeviceWorld device(maker(), large(4096));
    start(device);
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
        start(device);
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
    start_solo();
    break_scratch(20);
    pursue_solo(tuned());
    EXPECT_TRUE(solo_reported(FR_PHASE_REVERTED, FR_REASON_STORAGE_FAULT));
    EXPECT_EQ(solo.status().release, 1U);
    EXPECT_EQ(solo.submit(), FR_OK);
}

TEST_F(OneSlot, GoesOnAfterAFaultOfTheFlash) {
    start_solo();
    break_scratch(1);
    solo.site.chunk_bytes_sent = 0;
    const auto update = tuned();
    pursue_solo(update);
    EXPECT_EQ(solo.status().release, 2U);
    EXPECT_EQ(solo.site.chunk_bytes_sent, update.artifact.layout.size_bytes);
}

TEST_F(OneSlot, RunsAgainWhatWasGivenUpButNotOverwritten) {
    start_solo();
    solo.flash.power_on();
    solo.flash.guard = [this](std::uint32_t offset, std::uint32_t) -> std::string {
        const auto& layout = solo.node.layout;
        if (state().is_rewriting != 0 && offset >= layout.scratch && offset < layout.checkpoints) {
            solo.flash.cut_at(solo.flash.operations(), Tear::kHalf);
        }
        return "";
    };
    pursue_solo(tuned());
    solo.flash.guard = {};
    ASSERT_TRUE(solo.flash.is_cut());
    solo.flash.power_on();
    solo.flash.bytes[solo.node.layout.journal + 96] ^= 0x01;  // the blocks are gone
    ASSERT_EQ(solo.boot(), FR_OK);
    EXPECT_EQ(solo.status().reason, FR_REASON_SUPERSEDED);
    EXPECT_EQ(solo.status().release, 1U);
    EXPECT_EQ(solo.status().confirmed_slot, 0);
    EXPECT_EQ(solo.submit(), FR_OK);
    expect_to_end_with(2);
}

/// Resets in every self-test.
class OneSlotResets : public OneSlot {
protected:
    void SetUp() override {
        solo.port.context = &solo;
        solo.port.reset_watchdog = [](void* context) {
            auto& device = *static_cast<DeviceWorld*>(context);
            if (device.node.state.tasks[0].phase == FR_PHASE_SELF_TEST &&
                device.node.state.tasks[0].is_testing != 0 && device.site.wanted &&
                device.site.wanted->manifest.counter() == 2) {
                device.flash.cut_at(device.flash.operations(), Tear::kClean);
            }
        };
    }

    /// Without a link. Boots until it stays up.
    std::uint32_t boots_to_stay_up() {
        std::uint32_t boots = 0;
        while (solo.flash.is_cut() && boots < 100) {
            solo.flash.power_on();
            EXPECT_EQ(solo.boot(), FR_OK);
            ++boots;
            solo.run(5000);
        }
        return boots;
    }
};

TEST_F(OneSlotResets, IsGivenUpAndCounted) {
    start_solo();
    solo.flash.power_on();
    pursue_solo(tuned());
    for (std::uint32_t round = 1; round <= FR_UPDATE_ATTEMPTS_MAX; ++round) {
        ASSERT_TRUE(solo.flash.is_cut()) << round;
        EXPECT_EQ(boots_to_stay_up(), FR_BOOT_ATTEMPTS_MAX + 1) << round;
        EXPECT_EQ(state().failures, round);
        EXPECT_EQ(state().failed_counter, 2U);
        solo.connect();
        solo.run(1000);
    }
    EXPECT_EQ(solo.status().phase, FR_PHASE_QUARANTINED);
    solo.site.want(first());
    solo.run(6000000);
    expect_to_end_with(1);
}

TEST_F(OneSlotLost, AsksOnWhenItIsToldOfSomethingElse) {
    lose_the_model();
    solo.site.wanted.reset();  // a word about policies only, or a wish that does not fit it
    solo.downs.push_back(solo.site.desired());
    solo.run(6000000);
    solo.site.want(tuned(3));  // nobody tells it
    solo.run(6000000);
    expect_to_end_with(3);
}

TEST_F(OneSlotLost, IsNotBannedFromAReleaseByWhatIsNotSigned) {
    lose_the_model();
    solo.site.want(lengthened(third()));
    solo.run(20000000);
    EXPECT_TRUE(solo_reported(FR_PHASE_REVERTED, FR_REASON_BAD_DIGEST));
    EXPECT_NE(solo.status().phase, FR_PHASE_QUARANTINED);
    EXPECT_EQ(state().failures, 1U) << "the self-test's";
    solo.site.want(third());
    solo.run(6000000);
    expect_to_end_with(3);
}

TEST_F(OneSlotLost, TakesAnyVariantOfTheReleaseItBurned) {
    lose_the_model();
    // The variant it ran does not fit any more, or is not the best one now: the gateway chooses.
    solo.site.want(maker().make("fashion-tiny-2.tflite", 1));
    solo.run(6000000);
    expect_to_end_with(1);
    // It burned this one with the same counter; the other is refused as long as it runs.
    pursue_solo(first());
    EXPECT_EQ(solo.status().phase, FR_PHASE_REFUSED);
    EXPECT_EQ(solo.status().reason, FR_REASON_DOWNGRADE);
    pursue_solo(maker().make("fashion-tiny-2.tflite", 1));
    EXPECT_EQ(solo.status().phase, FR_PHASE_CONFIRMED);
}

}  // namespace
}  // namespace frugal::test
