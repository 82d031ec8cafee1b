// SPDX-License-Identifier: Apache-2.0
// A device whose only slot is overwritten by the next model, and a tuned release for it. Test code
// only.
#pragma once

#include <functional>
#include <utility>

#include "node_fixture.hpp"

namespace frugal::test {
inline Shape one_slot(std::uint32_t reach_bytes = 4096) {
    Shape shape;
    shape.in_place = &fr_in_place;
    shape.reach_bytes = reach_bytes;
    return shape;
}

class OneSlot : public NodeTest {
protected:
    explicit OneSlot(const Shape& shape = one_slot()) : NodeTest(shape) {}

    /// A delta of the first release, and the whole of it for a device that lost the first.
    static Release tuned(std::uint32_t counter = 2) {
        return maker().with_full(maker().tune(first(), counter));
    }

    static const Release& third() {
        static const Release release = maker().make("fashion-tiny-2.tflite", 3);
        return release;
    }

    /// Signed with a self-test it cannot pass.
    static Release failing(Release release) {
        return maker().changed(std::move(release), [](v1::Manifest& manifest) {
            manifest.mutable_self_tests(0)->mutable_output_digest()->at(0) ^= 1;
        });
    }

    /// Signed as longer than it is.
    static Release lengthened(Release release) {
        return maker().changed(std::move(release), [](v1::Manifest& manifest) {
            manifest.set_model_bytes(manifest.model_bytes() + 4);
        });
    }

    /// Starts, and says hello again: now the site knows what it runs.
    void start_known() { start_known(world, first()); }

    static void start_known(DeviceWorld& device, const Release& release) {
        start(device, release);
        device.disconnect();
        device.connect();
    }

    /// Calls `strike` before each operation from `begin` to `end` of the flash.
    void before_operations(std::uint32_t begin, std::uint32_t end, std::function<void()> strike) {
        world.flash.guard = [begin, end, strike = std::move(strike)](std::uint32_t offset,
                                                                     std::uint32_t) {
            if (offset >= begin && offset < end) {
                strike();
            }
            return std::string();
        };
    }

    void cut_while_rewriting(std::uint32_t begin, std::uint32_t end, Tear tear) {
        before_operations(begin, end, [this, tear] {
            if (state().is_rewriting != 0) {
                world.flash.cut_at(world.flash.operations(), tear);
            }
        });
    }

    void end_cut() {
        world.flash.guard = {};
        ASSERT_TRUE(world.flash.is_cut());
        world.flash.power_on();
    }

    /// Offers the release and cuts the power once a page of the slot has been overwritten.
    void cut_in_the_rewrite(const Release& release) {
        const auto& layout = world.node.layout;
        cut_while_rewriting(layout.slots + 1, layout.scratch, Tear::kHalf);
        pursue(release);
        ASSERT_NO_FATAL_FAILURE(end_cut());
        world.site.reports.clear();
        world.site.chunk_bytes_sent = 0;
    }

    /// Connected, with time to do all there is to do, and decisions to prove it.
    void expect_to_end_with(std::uint32_t release) {
        if (!world.is_connected) {
            world.connect();
        }
        world.run(60000);
        EXPECT_EQ(world.status().release, release);
        for (std::uint32_t i = 0; i < FR_PROBATION_DECISIONS; ++i) {
            EXPECT_EQ(world.submit(), FR_OK);
            world.run(10);
        }
        EXPECT_EQ(world.status().phase, FR_PHASE_CONFIRMED);
    }

    /// So many operations on the scratch pages fail from now on.
    void break_scratch(int faults) {
        const auto& layout = world.node.layout;
        before_operations(layout.scratch, layout.checkpoints, [this, faults]() mutable {
            if (faults-- > 0) {
                world.flash.fail_at(world.flash.operations(), Tear::kHalf);
            }
        });
    }

    /// The only slot begins with its model.
    bool holds(const Release& release) const {
        const auto* slot = fr_slot_bytes(&world.port.flash, &world.node.layout, 0, 0);
        return std::equal(release.model.begin(), release.model.end(), slot);
    }

    fr_task_state_t& state() { return world.node.state.tasks[0]; }
};

/// The only slot was given up for a release that failed.
class OneSlotLost : public OneSlot {
protected:
    void lose_the_model() {
        start_known();
        want(failing(maker().tune(first(), 2)));
        world.run(5000);
        ASSERT_TRUE(was_reported(FR_PHASE_REVERTED, FR_REASON_SELF_TEST_FAILED));
        ASSERT_FALSE(world.status().has_model);
    }
};

}  // namespace frugal::test
