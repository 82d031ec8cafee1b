// SPDX-License-Identifier: Apache-2.0
// A device whose only slot is overwritten by the next model.
#include "model/codec/codec.hpp"
#include "one_slot_fixture.hpp"

namespace frugal::test {
namespace {

TEST_F(OneSlot, SaysSo) {
    start_known();
    EXPECT_EQ(world.site.hello->capability().slots(), 1U);
    EXPECT_EQ(world.site.hello->capability().reach_bytes(), 4096U);
    DeviceWorld two(maker());
    ASSERT_EQ(two.boot(), FR_OK);
    two.site.want(first());
    two.connect();
    EXPECT_EQ(two.site.hello->capability().slots(), 2U);
    EXPECT_EQ(two.site.hello->capability().reach_bytes(), 0U);
}

TEST_F(OneSlot, TakesAModelInFullAndADeltaInPlace) {
    start_known();
    const auto update = tuned();
    world.site.chunk_bytes_sent = 0;
    world.install(update);
    EXPECT_EQ(world.status().phase, FR_PHASE_CONFIRMED);
    EXPECT_EQ(world.status().release, 2U);
    EXPECT_EQ(world.status().burned_counter, 2U);
    EXPECT_EQ(world.site.chunk_bytes_sent, update.artifact.layout.size_bytes);
    EXPECT_TRUE(holds(update));
    world.install(third());
    EXPECT_EQ(world.status().release, 3U);
}

TEST_F(OneSlot, RunsTheOldModelUntilTheNewOneMayBeInstalled) {
    start_known();
    world.site.minimum_battery = 100;
    world.battery = 60;
    pursue(tuned());
    EXPECT_EQ(world.status().phase, FR_PHASE_WAITING);
    EXPECT_EQ(world.status().reason, FR_REASON_BATTERY_LOW);
    EXPECT_EQ(world.status().release, 1U);
    EXPECT_EQ(world.submit(), FR_OK);
    world.battery = 150;
    world.run(5000);
    EXPECT_EQ(world.status().phase, FR_PHASE_PROBATION);
    EXPECT_EQ(world.status().release, 2U);
}

TEST_F(OneSlot, KeepsWhatRunsWhenTheBaseIsDamaged) {
    start_known();
    world.flash.bytes[world.node.layout.slots + 2000] ^= 1;
    pursue(tuned());
    EXPECT_EQ(world.status().reason, FR_REASON_BASE_MISSING);
    EXPECT_EQ(world.status().active_slot, 0);
    EXPECT_EQ(world.status().release, 1U);
}

TEST_F(OneSlot, HasNoModelAfterAFailedSelfTestUntilAnotherComes) {
    start_known();
    pursue(failing(maker().tune(first(), 2)));
    EXPECT_TRUE(was_reported(FR_PHASE_REVERTED, FR_REASON_SELF_TEST_FAILED));
    EXPECT_FALSE(world.status().has_model);
    EXPECT_EQ(world.submit(), FR_ERROR_STATE);
    EXPECT_EQ(world.status().burned_counter, 1U) << "only what is confirmed burns";
    // Rolled back by fetching the old one again.
    pursue(first());
    EXPECT_EQ(world.status().phase, FR_PHASE_CONFIRMED) << "it has proved itself before";
    EXPECT_EQ(world.submit(), FR_OK);
    EXPECT_EQ(world.status().release, 1U);
    for (std::uint32_t i = 0; i <= FR_BOOT_ATTEMPTS_MAX; ++i) {
        ASSERT_EQ(world.boot(), FR_OK);
    }
    EXPECT_EQ(world.status().release, 1U) << "however often it boots";
}

TEST_F(OneSlot, HasNoModelAfterAFailedProbation) {
    start_known();
    pursue(tuned());
    ASSERT_EQ(world.status().phase, FR_PHASE_PROBATION);
    world.site.wanted.reset();
    for (std::uint32_t i = 0; i <= FR_BOOT_ATTEMPTS_MAX; ++i) {
        ASSERT_EQ(world.boot(), FR_OK);
    }
    EXPECT_EQ(world.status().phase, FR_PHASE_REVERTED);
    EXPECT_EQ(world.status().reason, FR_REASON_WATCHDOG);
    EXPECT_FALSE(world.status().has_model);
    world.site.want(first());
    world.connect();
    EXPECT_TRUE(world.site.hello->tasks(0).model_digest().empty());
    world.run(60000);
    EXPECT_EQ(world.status().release, 1U);
}

TEST_F(OneSlot, RefusesADeltaThatReadsBeyondItsReach) {
    start_known();
    auto far = tuned();
    far.base_lag_bytes = 4097;
    pursue(far);
    EXPECT_EQ(world.status().phase, FR_PHASE_REFUSED);
    EXPECT_EQ(world.status().reason, FR_REASON_UNFIT_RUNTIME);
    EXPECT_EQ(world.site.reports.back().detail(), 4097U);
    EXPECT_EQ(world.status().release, 1U);
    EXPECT_EQ(world.submit(), FR_OK);
    far.base_lag_bytes = 4096;
    pursue(far);
    EXPECT_EQ(world.status().phase, FR_PHASE_PROBATION);
}

TEST_F(OneSlot, StopsWhereAnOfferThatLiedAboutItsLagReadsWhatIsOverwritten) {
    // Its base lies 4096 bytes behind, which a device without reach has overwritten by then.
    DeviceWorld strict(maker(), one_slot(0));
    start(strict, first());
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
    strict.want(liar);
    strict.run(60000);
    EXPECT_FALSE(strict.status().has_model);
    EXPECT_TRUE(was_reported(strict, FR_PHASE_REVERTED, FR_REASON_BAD_DIGEST));
    const auto* slot = fr_slot_bytes(&strict.port.flash, &strict.node.layout, 0, 0);
    EXPECT_TRUE(std::all_of(slot, slot + 4096, [](auto byte) { return byte == 0x5A; }));
    EXPECT_TRUE(std::equal(model.begin() + 4096, model.end(), slot + 4096)) << "not touched";
    strict.site.want(first());
    strict.run(6000000);
    EXPECT_EQ(strict.status().release, 1U);
    expect_sound(strict);
}

TEST_F(OneSlot, GoesOnInPlaceWhateverTheSiteOffersMeanwhile) {
    start_known();
    world.flash.power_on();
    world.flash.cut_at(1200, Tear::kHalf);  // the transfer is over, the first page rewritten
    pursue(tuned());
    ASSERT_TRUE(world.flash.is_cut());
    world.flash.power_on();
    world.site.chunk_bytes_sent = 0;
    ASSERT_EQ(world.boot(), FR_OK);
    ASSERT_FALSE(world.status().has_model);
    world.connect();
    EXPECT_TRUE(world.site.hello->tasks(0).model_digest().empty());
    world.run(60000);
    EXPECT_EQ(world.status().release, 2U);
    EXPECT_EQ(world.site.chunk_bytes_sent, 0U);
}

}  // namespace
}  // namespace frugal::test
