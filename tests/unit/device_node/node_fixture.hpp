// SPDX-License-Identifier: Apache-2.0
// A world with releases ready to offer; every test ends with the checks no test may break.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "support/device/device_world.hpp"

namespace frugal::test {

inline Shape with_room_for_two(Shape shape = {}) {
    shape.task_count = 2;
    return shape;
}

class NodeTest : public testing::Test {
protected:
    explicit NodeTest(const Shape& shape = {}) : world(maker(), shape) {}

    static const ReleaseMaker& maker() {
        static const ReleaseMaker instance;
        return instance;
    }
    static const Release& first() {
        static const Release release = maker().make("fashion-tiny-1.tflite", 1);
        return release;
    }
    static const Release& second() {
        static const Release release = maker().make("fashion-tiny-2.tflite", 2);
        return release;
    }

    /// A release of task 2, which devices of two tasks also want.
    static Release of_the_second_task(std::uint32_t counter = 1) {
        return maker().make("fashion-tiny-2.tflite", counter, 256,
                            [](auto& manifest) { manifest.set_task(2); });
    }

    void TearDown() override { expect_sound(world); }

    static void expect_sound(const DeviceWorld& device) {
        EXPECT_EQ(device.site.complaints, std::vector<std::string>{});
        EXPECT_EQ(device.flash.breaches(), std::vector<std::string>{});
        EXPECT_EQ(device.counters().internal_errors, 0U);
    }

    /// Boots with the first release running and confirmed.
    void start() { start(world, first()); }

    static void start(DeviceWorld& device, const Release& release) {
        ASSERT_EQ(device.boot(), FR_OK);
        device.install(release);
        ASSERT_EQ(device.status().phase, FR_PHASE_CONFIRMED);
        ASSERT_EQ(device.status().release, release.manifest.release());
    }

    void tell() { world.tell(); }
    void want(const Release& release) { world.want(release); }

    /// A new desired state, and time for all of it.
    void pursue(const Release& release) {
        want(release);
        world.run(60000);
    }

    void decide(int count) {
        for (int i = 0; i < count; ++i) {
            ASSERT_EQ(world.submit(), FR_OK);
            world.run(50);
        }
    }

    /// Tasks 1 and 2 in turn, with so much time behind each decision.
    static void decide_both(DeviceWorld& device, std::uint32_t rounds, std::uint64_t pause_ms) {
        for (std::uint32_t i = 0; i < rounds; ++i) {
            for (const std::uint32_t task : {1U, 2U}) {
                ASSERT_EQ(device.submit(1000, FR_PRIVACY_PUBLIC, task), FR_OK);
                device.run(pause_ms);
            }
        }
    }

    bool was_reported(fr_phase_t phase, fr_reason_t reason) const {
        return was_reported(world, phase, reason);
    }

    static bool was_reported(const DeviceWorld& device, fr_phase_t phase, fr_reason_t reason) {
        return std::ranges::any_of(device.site.reports, [=](const v1::Report& report) {
            return static_cast<int>(report.phase()) == static_cast<int>(phase) &&
                   static_cast<int>(report.reason()) == static_cast<int>(reason);
        });
    }

    /// Damages the new model at the first write of a record once it has passed its self-test and is
    /// active: the flip is stored, the model cannot be opened.
    void damage_at_the_flip() {
        world.flash.guard = [this](std::uint32_t offset, std::uint32_t) {
            const auto& layout = world.node.layout;
            const auto& state = world.node.state.tasks[0];
            const auto slot = world.node.update.slot;
            if (offset < layout.decisions && state.phase == FR_PHASE_SELF_TEST &&
                state.is_testing == 0 && state.active == static_cast<int>(slot)) {
                auto* model = &world.flash.bytes[layout.slots + slot * layout.slot_bytes];
                std::fill_n(model, 64, std::uint8_t{0xFF});
            }
            return std::string();
        };
    }

    /// From now on every self-test ends in a reset.
    static void reset_in_self_tests(DeviceWorld& device) {
        device.port.reset_watchdog = [](void* context) {
            auto& tested = *static_cast<DeviceWorld*>(context);
            const auto& state = tested.node.state.tasks[0];
            if (state.phase == FR_PHASE_SELF_TEST && state.is_testing != 0) {
                tested.flash.cut_at(tested.flash.operations(), Tear::kClean);
            }
        };
    }

    /// Boots until it stays up, without a link: no new wish can come.
    static std::uint32_t boots_to_stay_up(DeviceWorld& device) {
        std::uint32_t boots = 0;
        for (; device.flash.is_cut() && boots < 100; ++boots) {
            device.flash.power_on();
            EXPECT_EQ(device.boot(), FR_OK);
            device.run(5000);
        }
        return boots;
    }

    DeviceWorld world;
};

}  // namespace frugal::test
