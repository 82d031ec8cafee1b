// SPDX-License-Identifier: Apache-2.0
// Cuts the power at every flash operation of updates that overwrite the only slot there is.
#include "campaign_test.hpp"
#include "support/model_files.hpp"

namespace frugal::test {
namespace {

const ReleaseMaker& maker() {
    static const ReleaseMaker instance;
    return instance;
}

/// From the first release to the second, on a device with one slot.
Scenario one_slot_update(const char* name, const Release& before, const Release& after) {
    Scenario scenario;
    scenario.name = name;
    scenario.shape.in_place = &fr_in_place;
    scenario.prepare = [&before](DeviceWorld& world) {
        ASSERT_EQ(world.boot(), FR_OK);
        world.install(before);
        ASSERT_EQ(world.status().release, 1U);
    };
    scenario.change = [&after](SiteModel& site) { site.want(after); };
    scenario.is_over = [&after](const DeviceWorld& world) {
        const auto status = world.status();
        const auto* slot = fr_slot_bytes(&world.port.flash, &world.node.layout, 0, 0);
        return status.phase == FR_PHASE_CONFIRMED && status.release == 2 &&
               status.burned_counter == 2 &&
               std::equal(after.model.begin(), after.model.end(), slot);
    };
    scenario.allowed_releases = {0, 1, 2};  // 0: no model, until the new one is whole
    return scenario;
}

class OneSlotPowerCut : public CampaignTest {
protected:
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
    Campaign campaign(maker(), one_slot_update("one slot, delta", first(), tuned()));
    cut_everywhere(campaign);
    report("delta in the only slot", campaign);
    expect_clean(campaign);
}

TEST_F(OneSlotPowerCut, InADeltaInPlaceThatKeepsAPageOfItsBase) {
    auto scenario = one_slot_update("one slot, delta, reach", first(), tuned());
    scenario.shape.reach_bytes = 4096;
    Campaign campaign(maker(), scenario);
    cut_everywhere(campaign, is_full() ? 1 : 7);
    report("delta in the only slot, a page behind", campaign);
    expect_clean(campaign);
}

TEST_F(OneSlotPowerCut, TwiceInADeltaInPlace) {
    Campaign campaign(maker(), one_slot_update("one slot, delta", first(), tuned()));
    cut_pairs(campaign, is_full() ? 10000 : 400);
    report("delta in the only slot, pairs", campaign);
    expect_clean(campaign);
}

TEST_F(OneSlotPowerCut, AFailingOperationCostsAtMostTheWhole) {
    auto scenario = one_slot_update("one slot, fault", first(), tuned());
    scenario.refetch_bytes = tuned().in_full->artifact.layout.size_bytes;
    Campaign campaign(maker(), scenario);
    for (std::uint64_t operation = 0; operation < campaign.operations();
         operation += is_full() ? 1 : 5) {
        campaign.run_with_fault(operation, kTears[operation / 5 % 4]);
    }
    report("delta in the only slot, failing flash", campaign);
    expect_clean(campaign);
}

TEST_F(OneSlotPowerCut, AtEveryOperationOfAWholeModel) {
    static const Release other = maker().make("fashion-tiny-1.tflite", 2);
    Campaign campaign(maker(), one_slot_update("one slot, whole", first(), other));
    cut_everywhere(campaign, is_full() ? 1 : 3);
    report("whole model into the only slot", campaign);
    expect_clean(campaign);
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
    Campaign campaign(maker(), scenario);
    cut_everywhere(campaign, is_full() ? 1 : 13);
    report("re-export into the only slot", campaign);
    expect_clean(campaign);
}

}  // namespace
}  // namespace frugal::test
