// SPDX-License-Identifier: Apache-2.0
// Cuts the power at every flash operation of updates that overwrite the only slot there is.
#include "campaign_test.hpp"
#include "support/model_files.hpp"

namespace frugal::test {
namespace {

class OneSlotPowerCut : public CampaignTest {
protected:
    static Scenario one_slot_update(const char* name, const Release& before, const Release& after) {
        auto scenario = update(name, before, after);
        scenario.shape.in_place = &fr_in_place;
        scenario.is_over = [&after, is_over = scenario.is_over](const DeviceWorld& world) {
            const auto* slot = fr_slot_bytes(&world.port.flash, &world.node.layout, 0, 0);
            return is_over(world) && std::equal(after.model.begin(), after.model.end(), slot);
        };
        scenario.allowed_releases = {0, 1, 2};  // 0: no model, until the new one is whole
        return scenario;
    }

    /// Three pages, so that both checkpoints and both scratch pages come round again.
    static const Release& first() {
        static const Release release = maker().make("fashion-tiny-2.tflite", 1);
        return release;
    }
    static const Release& tuned() {
        static const Release release = maker().with_full(maker().tune(first(), 2));
        return release;
    }
};

TEST_F(OneSlotPowerCut, AtEveryOperationOfADeltaInPlace) {
    expect_no_cut_hurts("delta in the only slot",
                        one_slot_update("one slot, delta", first(), tuned()));
}

TEST_F(OneSlotPowerCut, InADeltaInPlaceThatKeepsAPageOfItsBase) {
    auto scenario = one_slot_update("one slot, delta, reach", first(), tuned());
    scenario.shape.reach_bytes = 4096;
    expect_no_cut_hurts("delta in the only slot, a page behind", scenario, 7);
}

TEST_F(OneSlotPowerCut, TwiceInADeltaInPlace) {
    expect_no_pair_of_cuts_hurts("delta in the only slot, pairs",
                                 one_slot_update("one slot, delta", first(), tuned()),
                                 is_full() ? 10000 : 400);
}

TEST_F(OneSlotPowerCut, AFailingOperationCostsAtMostTheWhole) {
    auto scenario = one_slot_update("one slot, fault", first(), tuned());
    scenario.refetch_bytes = tuned().in_full->artifact.layout.size_bytes;
    expect_no_fault_hurts("delta in the only slot, failing flash", scenario, 5);
}

TEST_F(OneSlotPowerCut, AtEveryOperationOfAWholeModel) {
    static const Release other = maker().make("fashion-tiny-1.tflite", 2);
    expect_no_cut_hurts("whole model into the only slot",
                        one_slot_update("one slot, whole", first(), other), 3);
}

TEST_F(OneSlotPowerCut, AtEveryOperationOfAReExportOfTheField) {
    const auto old_model = shared_model("micro_speech_int8_2021.tflite");
    const auto new_model = shared_model("micro_speech_int8.tflite");
    if (old_model.empty() || new_model.empty()) {
        GTEST_SKIP() << "micro_speech_int8*.tflite are absent: set FRUGAL_SHARED_DIR";
    }
    const auto before = maker().make_of(old_model, 1);
    const auto after = maker().with_full(maker().make_of(new_model, 2, 256, {}, old_model));
    ASSERT_GT(after.base_lag_bytes, 0U) << "the weights moved";
    auto scenario = one_slot_update("one slot, re-export", before, after);
    scenario.shape.slot_bytes = 20 * 1024;
    scenario.shape.staging_bytes = 20 * 1024;
    scenario.shape.arena_bytes = 12 * 1024;
    scenario.shape.features_bytes_max = 2048;
    scenario.shape.reach_bytes = 4096;
    scenario.shape.input_bytes = before.manifest.input_bytes();
    scenario.shape.classes = before.manifest.output_classes();
    scenario.shape.operators = &fr_operators_all;
    expect_no_cut_hurts("re-export into the only slot", scenario, 13);
}

}  // namespace
}  // namespace frugal::test
