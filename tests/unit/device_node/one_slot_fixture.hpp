// SPDX-License-Identifier: Apache-2.0
// A device whose only slot is overwritten by the next model, and a tuned release for it. Test code
// only.
#pragma once

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
    void TearDown() override { expect_sound(solo); }

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

    void start_solo() {
        ASSERT_EQ(solo.boot(), FR_OK);
        solo.install(first());
        ASSERT_EQ(solo.status().phase, FR_PHASE_CONFIRMED);
        ASSERT_EQ(solo.status().release, 1U);
        solo.disconnect();
        solo.connect();  // now the site knows what it runs
    }

    void pursue_solo(const Release& release) {
        solo.site.want(release);
        solo.downs.push_back(solo.site.desired());
        solo.settle();
        solo.run(60000);
    }

    bool solo_reported(fr_phase_t phase, fr_reason_t reason) const {
        return std::ranges::any_of(solo.site.reports, [=](const v1::Report& report) {
            return static_cast<int>(report.phase()) == static_cast<int>(phase) &&
                   static_cast<int>(report.reason()) == static_cast<int>(reason);
        });
    }

    /// Offers the release and cuts the power once a page of the slot has been overwritten.
    void cut_in_the_rewrite(const Release& release) {
        solo.flash.power_on();
        solo.flash.guard = [this](std::uint32_t offset, std::uint32_t) -> std::string {
            const auto& layout = solo.node.layout;
            if (solo.node.state.tasks[0].is_rewriting != 0 && offset > layout.slots &&
                offset < layout.scratch) {
                solo.flash.cut_at(solo.flash.operations(), Tear::kHalf);
            }
            return "";
        };
        solo.site.want(release);
        solo.downs.push_back(solo.site.desired());
        solo.settle();
        solo.run(60000);
        solo.flash.guard = {};
        ASSERT_TRUE(solo.flash.is_cut());
        solo.flash.power_on();
        solo.site.reports.clear();
        solo.site.chunk_bytes_sent = 0;
    }

    /// Connected, with time to do all there is to do, and decisions to prove it.
    void expect_to_end_with(std::uint32_t release) {
        if (!solo.is_connected) {
            solo.connect();
        }
        solo.run(60000);
        EXPECT_EQ(solo.status().release, release);
        for (std::uint32_t i = 0; i < FR_PROBATION_DECISIONS; ++i) {
            EXPECT_EQ(solo.submit(), FR_OK);
            solo.run(10);
        }
        EXPECT_EQ(solo.status().phase, FR_PHASE_CONFIRMED);
    }

    /// So many operations on the scratch pages fail from now on.
    void break_scratch(int faults) {
        solo.flash.power_on();
        solo.flash.guard = [this, faults](std::uint32_t offset, std::uint32_t) mutable {
            const auto& layout = solo.node.layout;
            if (offset >= layout.scratch && offset < layout.checkpoints && faults-- > 0) {
                solo.flash.fail_at(solo.flash.operations(), Tear::kHalf);
            }
            return std::string();
        };
    }

    fr_task_state_t& state() { return solo.node.state.tasks[0]; }

    DeviceWorld solo{maker(), one_slot()};
};

/// The only slot was given up for a release that failed.
class OneSlotLost : public OneSlot {
protected:
    void lose_the_model() {
        start_solo();
        solo.site.want(failing(maker().tune(first(), 2)));
        solo.downs.push_back(solo.site.desired());
        solo.run(5000);
        ASSERT_TRUE(solo_reported(FR_PHASE_REVERTED, FR_REASON_SELF_TEST_FAILED));
        ASSERT_FALSE(solo.status().has_model);
    }
};

}  // namespace frugal::test
