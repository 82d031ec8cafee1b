// SPDX-License-Identifier: Apache-2.0
// A device whose only slot is overwritten by the next model.
#include "model/codec/codec.hpp"
#include "one_slot_fixture.hpp"

namespace frugal::test {
namespace {

TEST_F(OneSlot, SaysSo) {
    start_solo();
    EXPECT_EQ(solo.site.hello->capability().slots(), 1U);
    EXPECT_EQ(solo.site.hello->capability().reach_bytes(), 4096U);
    ASSERT_EQ(world.boot(), FR_OK);
    world.site.want(first());
    world.connect();
    EXPECT_EQ(world.site.hello->capability().slots(), 2U);
    EXPECT_EQ(world.site.hello->capability().reach_bytes(), 0U);
}

TEST_F(OneSlot, TakesAModelInFullAndADeltaInPlace) {
    start_solo();
    const auto update = tuned();
    solo.site.chunk_bytes_sent = 0;
    solo.install(update);
    EXPECT_EQ(solo.status().phase, FR_PHASE_CONFIRMED);
    EXPECT_EQ(solo.status().release, 2U);
    EXPECT_EQ(solo.status().burned_counter, 2U);
    EXPECT_EQ(solo.site.chunk_bytes_sent, update.artifact.layout.size_bytes);
    const auto* slot = fr_slot_bytes(&solo.port.flash, &solo.node.layout, 0, 0);
    EXPECT_TRUE(std::equal(update.model.begin(), update.model.end(), slot));
    solo.install(third());
    EXPECT_EQ(solo.status().release, 3U);
}

TEST_F(OneSlot, RunsTheOldModelUntilTheNewOneMayBeInstalled) {
    start_solo();
    solo.site.minimum_battery = 100;
    solo.battery = 60;
    pursue_solo(tuned());
    EXPECT_EQ(solo.status().phase, FR_PHASE_WAITING);
    EXPECT_EQ(solo.status().reason, FR_REASON_BATTERY_LOW);
    EXPECT_EQ(solo.status().release, 1U);
    EXPECT_EQ(solo.submit(), FR_OK);
    solo.battery = 150;
    solo.run(5000);
    EXPECT_EQ(solo.status().phase, FR_PHASE_PROBATION);
    EXPECT_EQ(solo.status().release, 2U);
}

TEST_F(OneSlot, KeepsWhatRunsWhenTheBaseIsDamaged) {
    start_solo();
    solo.flash.bytes[solo.node.layout.slots + 2000] ^= 1;
    pursue_solo(tuned());
    EXPECT_EQ(solo.status().reason, FR_REASON_BASE_MISSING);
    EXPECT_EQ(solo.status().active_slot, 0);
    EXPECT_EQ(solo.status().release, 1U);
}

TEST_F(OneSlot, HasNoModelAfterAFailedSelfTestUntilAnotherComes) {
    start_solo();
    pursue_solo(failing(maker().tune(first(), 2)));
    EXPECT_TRUE(solo_reported(FR_PHASE_REVERTED, FR_REASON_SELF_TEST_FAILED));
    EXPECT_FALSE(solo.status().has_model);
    EXPECT_EQ(solo.submit(), FR_ERROR_STATE);
    EXPECT_EQ(solo.status().burned_counter, 1U) << "only what is confirmed burns";
    // Rolled back by fetching the old one again.
    pursue_solo(first());
    EXPECT_EQ(solo.status().phase, FR_PHASE_CONFIRMED) << "it has proved itself before";
    EXPECT_EQ(solo.submit(), FR_OK);
    EXPECT_EQ(solo.status().release, 1U);
    for (std::uint32_t i = 0; i <= FR_BOOT_ATTEMPTS_MAX; ++i) {
        ASSERT_EQ(solo.boot(), FR_OK);
    }
    EXPECT_EQ(solo.status().release, 1U) << "however often it boots";
}

TEST_F(OneSlot, HasNoModelAfterAFailedProbation) {
    start_solo();
    pursue_solo(tuned());
    ASSERT_EQ(solo.status().phase, FR_PHASE_PROBATION);
    solo.site.wanted.reset();
    for (std::uint32_t i = 0; i <= FR_BOOT_ATTEMPTS_MAX; ++i) {
        ASSERT_EQ(solo.boot(), FR_OK);
    }
    EXPECT_EQ(solo.status().phase, FR_PHASE_REVERTED);
    EXPECT_EQ(solo.status().reason, FR_REASON_WATCHDOG);
    EXPECT_FALSE(solo.status().has_model);
    solo.site.want(first());
    solo.connect();
    EXPECT_TRUE(solo.site.hello->tasks(0).model_digest().empty());
    solo.run(60000);
    EXPECT_EQ(solo.status().release, 1U);
}

TEST_F(OneSlot, RefusesADeltaThatReadsBeyondItsReach) {
    start_solo();
    auto far = tuned();
    far.base_lag_bytes = 4097;
    pursue_solo(far);
    EXPECT_EQ(solo.status().phase, FR_PHASE_REFUSED);
    EXPECT_EQ(solo.status().reason, FR_REASON_UNFIT_RUNTIME);
    EXPECT_EQ(solo.site.reports.back().detail(), 4097U);
    EXPECT_EQ(solo.status().release, 1U);
    EXPECT_EQ(solo.submit(), FR_OK);
    far.base_lag_bytes = 4096;
    pursue_solo(far);
    EXPECT_EQ(solo.status().phase, FR_PHASE_PROBATION);
}

TEST_F(OneSlot, StopsWhereAnOfferThatLiedAboutItsLagReadsWhatIsOverwritten) {
    // Its base lies 4096 bytes behind, which a device without reach has overwritten by then.
    DeviceWorld strict(maker(), one_slot(0));
    ASSERT_EQ(strict.boot(), FR_OK);
    strict.install(first());
    const auto& model = first().model;
    base::Bytes moved(4096 + model.size(), 0x5A);
    std::ranges::copy(model, moved.begin() + 4096);
    const auto delta = model::encode_with_statistics(moved, {}, {1, model, {}});
    ASSERT_TRUE(delta && delta->is_delta && delta->base_lag_bytes == 4096);
    auto artifact = model::build_artifact(delta->stream, 256);
    ASSERT_TRUE(artifact);
    auto liar = maker().changed(maker().tune(first(), 2), [&](v1::Manifest& manifest) {
        manifest.set_model_bytes(static_cast<std::uint32_t>(moved.size()));
    });
    liar.artifact = std::move(*artifact);
    strict.site.want(liar);
    strict.downs.push_back(strict.site.desired());
    strict.settle();
    strict.run(60000);
    EXPECT_FALSE(strict.status().has_model);
    EXPECT_TRUE(std::ranges::any_of(strict.site.reports, [](const v1::Report& report) {
        return report.reason() == v1::REASON_BAD_DIGEST;
    }));
    const auto* slot = fr_slot_bytes(&strict.port.flash, &strict.node.layout, 0, 0);
    EXPECT_TRUE(std::all_of(slot, slot + 4096, [](auto byte) { return byte == 0x5A; }));
    EXPECT_TRUE(std::equal(model.begin() + 4096, model.end(), slot + 4096)) << "not touched";
    strict.site.want(first());
    strict.run(6000000);
    EXPECT_EQ(strict.status().release, 1U);
    expect_sound(strict);
}

TEST_F(OneSlot, GoesOnInPlaceWhateverTheSiteOffersMeanwhile) {
    start_solo();
    solo.flash.power_on();
    solo.flash.cut_at(1200, Tear::kHalf);  // the transfer is over, the first page rewritten
    solo.site.want(tuned());
    solo.downs.push_back(solo.site.desired());
    solo.settle();
    solo.run(60000);
    ASSERT_TRUE(solo.flash.is_cut());
    solo.flash.power_on();
    solo.site.chunk_bytes_sent = 0;
    ASSERT_EQ(solo.boot(), FR_OK);
    ASSERT_FALSE(solo.status().has_model);
    solo.is_connected = true;
    fr_node_on_connected(&solo.node, solo.now_ms);
    solo.settle();
    EXPECT_TRUE(solo.site.hello->tasks(0).model_digest().empty());
    solo.run(60000);
    EXPECT_EQ(solo.status().release, 2U);
    EXPECT_EQ(solo.site.chunk_bytes_sent, 0U);
}

}  // namespace
}  // namespace frugal::test
