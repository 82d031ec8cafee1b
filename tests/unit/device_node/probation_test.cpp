// SPDX-License-Identifier: Apache-2.0
// Probation, fallback, rollback, damaged storage: what runs is always a confirmed or proven model.
#include "node_fixture.hpp"

namespace frugal::test {
namespace {

class Probation : public NodeTest {};

TEST_F(Probation, ConfirmsAtTheEighthDecisionAndBurnsThenOnly) {
    start();
    pursue(second());
    ASSERT_EQ(world.status().phase, FR_PHASE_PROBATION);
    decide(FR_PROBATION_DECISIONS - 1);
    EXPECT_EQ(world.status().phase, FR_PHASE_PROBATION);
    EXPECT_EQ(world.status().burned_counter, 1U);
    EXPECT_EQ(world.status().confirmed_slot, 0);
    decide(1);
    EXPECT_EQ(world.status().phase, FR_PHASE_CONFIRMED);
    EXPECT_EQ(world.status().burned_counter, 2U);
    EXPECT_EQ(world.status().confirmed_slot, 1);
}

TEST_F(Probation, IsToldWithTheModelThatRunsInIt) {
    start();
    static std::vector<std::uint32_t> told;
    told.clear();
    world.port.phase_changed = [](void* context, std::uint32_t, fr_phase_t phase, fr_reason_t) {
        if (phase == FR_PHASE_PROBATION) {
            told.push_back(static_cast<DeviceWorld*>(context)->status().release);
        }
    };
    pursue(second());
    EXPECT_EQ(told, std::vector<std::uint32_t>{2});
}

TEST_F(Probation, ABootLoopTakesTheOldModelBack) {
    start();
    pursue(second());
    for (std::uint32_t i = 0; i < FR_BOOT_ATTEMPTS_MAX; ++i) {
        ASSERT_EQ(world.boot(), FR_OK);
        EXPECT_EQ(world.status().phase, FR_PHASE_PROBATION);
        EXPECT_EQ(world.status().release, 2U);
    }
    ASSERT_EQ(world.boot(), FR_OK);
    EXPECT_EQ(world.status().phase, FR_PHASE_REVERTED);
    EXPECT_EQ(world.status().reason, FR_REASON_WATCHDOG);
    EXPECT_EQ(world.status().release, 1U);
    EXPECT_EQ(world.status().burned_counter, 1U);
    EXPECT_EQ(world.submit(), FR_OK);
}

TEST_F(Probation, AModelThatResetsInItsSelfTestIsGivenUp) {
    start();
    reset_in_self_tests(world);
    pursue(second());
    EXPECT_EQ(boots_to_stay_up(world), FR_BOOT_ATTEMPTS_MAX + 1);
    EXPECT_EQ(world.status().phase, FR_PHASE_REVERTED);
    EXPECT_EQ(world.status().reason, FR_REASON_WATCHDOG);
    EXPECT_EQ(world.status().release, 1U);
    EXPECT_EQ(world.submit(), FR_OK);
}

TEST_F(Probation, BootsThatTestNothingAreNotCounted) {
    start();
    reset_in_self_tests(world);
    world.site.minimum_battery = 100;
    pursue(second());
    ASSERT_TRUE(world.flash.is_cut());
    world.flash.power_on();
    world.port.reset_watchdog = nullptr;
    world.battery = 60;
    for (std::uint32_t i = 0; i < 2 * FR_BOOT_ATTEMPTS_MAX; ++i) {
        ASSERT_EQ(world.boot(), FR_OK);
        world.run(5000);
        EXPECT_EQ(world.status().phase, FR_PHASE_WAITING) << i;
    }
    world.battery = 150;
    world.run(5000);
    EXPECT_EQ(world.status().release, 2U);
    EXPECT_EQ(world.status().phase, FR_PHASE_PROBATION);
}

TEST_F(Probation, AFirstModelThatFailsLeavesNone) {
    ASSERT_EQ(world.boot(), FR_OK);
    world.site.want(first());
    world.connect();
    world.run(30000);
    ASSERT_EQ(world.status().phase, FR_PHASE_PROBATION);
    for (std::uint32_t i = 0; i <= FR_BOOT_ATTEMPTS_MAX; ++i) {
        ASSERT_EQ(world.boot(), FR_OK);
    }
    EXPECT_FALSE(world.status().has_model);
    EXPECT_EQ(world.status().phase, FR_PHASE_REVERTED);
    EXPECT_EQ(world.submit(), FR_ERROR_STATE);
}

TEST_F(Probation, ANewerReleaseReplacesACandidate) {
    start();
    pursue(second());
    ASSERT_EQ(world.status().phase, FR_PHASE_PROBATION);
    const auto third = maker().make("fashion-tiny-2.tflite", 3);
    pursue(third);
    EXPECT_TRUE(was_reported(FR_PHASE_REVERTED, FR_REASON_SUPERSEDED));
    decide(FR_PROBATION_DECISIONS);
    EXPECT_EQ(world.status().release, 3U);
    EXPECT_EQ(world.status().phase, FR_PHASE_CONFIRMED);
}

TEST_F(Probation, GoingBackToTheConfirmedReleaseEndsIt) {
    start();
    pursue(second());
    ASSERT_EQ(world.status().phase, FR_PHASE_PROBATION);
    want(first());
    EXPECT_EQ(world.status().phase, FR_PHASE_CONFIRMED);
    EXPECT_EQ(world.status().release, 1U);
}

TEST_F(Probation, AnUnfitOfferLeavesTheCandidateAlone) {
    start();
    pursue(second());
    auto tampered = second();
    tampered.signed_manifest.mutable_signature()->at(5) ^= 1;
    tampered.signed_manifest.mutable_content()->at(5) ^= 1;
    want(tampered);
    EXPECT_EQ(world.status().phase, FR_PHASE_PROBATION);
    EXPECT_EQ(world.status().release, 2U);
    decide(FR_PROBATION_DECISIONS);
    EXPECT_EQ(world.status().phase, FR_PHASE_CONFIRMED);
}

TEST_F(Probation, ARollbackNeedsASignatureAndNoBytes) {
    start();
    world.install(second());
    world.site.chunk_bytes_sent = 0;
    world.site.offers_artifact = false;
    pursue(maker().again(first(), 3));
    EXPECT_EQ(world.status().phase, FR_PHASE_PROBATION);
    EXPECT_EQ(world.site.chunk_bytes_sent, 0U);
    decide(FR_PROBATION_DECISIONS);
    EXPECT_EQ(world.status().phase, FR_PHASE_CONFIRMED);
    EXPECT_EQ(world.status().release, 3U);
    EXPECT_EQ(world.status().burned_counter, 3U);
    EXPECT_TRUE(std::equal(first().model_digest.begin(), first().model_digest.end(),
                           world.status().model_digest));
}

TEST_F(Probation, TheSameModelSignedAgainIsConfirmedAtOnce) {
    start();
    want(maker().again(first(), 5));
    EXPECT_EQ(world.status().phase, FR_PHASE_CONFIRMED);
    EXPECT_EQ(world.status().release, 5U);
    EXPECT_EQ(world.status().burned_counter, 5U);
    ASSERT_EQ(world.boot(), FR_OK);
    EXPECT_EQ(world.status().release, 5U);
}

TEST_F(Probation, ADamagedModelFallsBackToTheOtherSlot) {
    start();
    world.install(second());
    const auto& layout = world.node.layout;
    world.flash.bytes[layout.slots + layout.slot_bytes + 100] ^= 4;
    ASSERT_EQ(world.boot(), FR_OK);
    EXPECT_EQ(world.status().release, 1U);
    EXPECT_EQ(world.status().phase, FR_PHASE_REVERTED);
    EXPECT_EQ(world.status().reason, FR_REASON_STORAGE_FAULT);
    EXPECT_EQ(world.status().burned_counter, 2U) << "the counter does not go back";
    EXPECT_EQ(world.submit(), FR_OK);
    world.connect();
    world.run(30000);
    decide(FR_PROBATION_DECISIONS);
    EXPECT_EQ(world.status().release, 2U) << "the burned release may come again";
    EXPECT_EQ(world.status().phase, FR_PHASE_CONFIRMED);
}

TEST_F(Probation, BothSlotsDamagedLeaveNoneAndHeal) {
    start();
    world.install(second());
    const auto& layout = world.node.layout;
    world.flash.bytes[layout.slots + 100] ^= 4;
    world.flash.bytes[layout.slots + layout.slot_bytes + 100] ^= 4;
    ASSERT_EQ(world.boot(), FR_OK);
    EXPECT_FALSE(world.status().has_model);
    world.connect();
    world.run(30000);
    decide(FR_PROBATION_DECISIONS);
    EXPECT_EQ(world.status().release, 2U);
}

TEST_F(Probation, AManifestChangedInFlashIsNotBelieved) {
    start();
    // Find the manifest's model id in the record log and change it: checksum and signature fail.
    auto& bytes = world.flash.bytes;
    const std::string id = "fashion";
    auto place = bytes.begin();
    while ((place = std::search(place, bytes.begin() + 20000, id.begin(), id.end())) !=
           bytes.begin() + 20000) {
        *place ^= 1;
        ++place;
    }
    ASSERT_EQ(world.boot(), FR_OK);
    EXPECT_FALSE(world.status().has_model);
}

}  // namespace
}  // namespace frugal::test
