// SPDX-License-Identifier: Apache-2.0
// Where a device stands in a rollout, and whether a release fits it at all.
#include "core/rollout/fit.hpp"
#include "core/rollout/transitions.hpp"
#include "unit/core/site_world.hpp"

namespace frugal::core {
namespace {

// The table -----------------------------------------------------------------------------------

struct Step {
    const char* case_name;
    RolloutState from;
    RolloutEvent event;
    RolloutState to;
};

class Transition : public ::testing::TestWithParam<Step> {};

TEST_P(Transition, LeadsTo) {
    const auto& step = GetParam();
    EXPECT_EQ(next_state(step.from, step.event), step.to);
}

using S = RolloutState;
using E = RolloutEvent;
INSTANTIATE_TEST_SUITE_P(
    Table, Transition,
    ::testing::Values(
        Step{"offer", S::kPending, E::kOffer, S::kOffered},
        Step{"misfit_before_offer", S::kPending, E::kMisfit, S::kRefused},
        Step{"device_refuses", S::kOffered, E::kSaysRefused, S::kRefused},
        Step{"device_fetches", S::kOffered, E::kSaysTransfer, S::kTransferring},
        Step{"offered_again_keeps_transfer", S::kTransferring, E::kOffer, S::kTransferring},
        Step{"all_blocks", S::kTransferring, E::kSaysStaged, S::kStaged},
        Step{"staged_damaged_fetches_again", S::kStaged, E::kSaysTransfer, S::kTransferring},
        Step{"activated", S::kStaged, E::kSaysProbation, S::kProbation},
        Step{"confirmed", S::kProbation, E::kSaysConfirmed, S::kConfirmed},
        Step{"probation_failed", S::kProbation, E::kSaysReverted, S::kReverted},
        Step{"reverted_tries_again", S::kReverted, E::kSaysTransfer, S::kTransferring},
        Step{"reverted_too_often", S::kReverted, E::kSaysQuarantined, S::kQuarantined},
        Step{"confirmed_stays", S::kConfirmed, E::kCancel, S::kConfirmed},
        Step{"confirmed_ignores_late_words", S::kConfirmed, E::kSaysTransfer, S::kConfirmed},
        Step{"silence", S::kTransferring, E::kSilence, S::kUnreachable},
        Step{"heard_again", S::kUnreachable, E::kOffer, S::kOffered},
        Step{"cancelled_hears_nothing", S::kCancelled, E::kSaysConfirmed, S::kCancelled},
        Step{"given_back_by_an_abort", S::kCancelled, E::kRelease, S::kPending},
        Step{"quarantine_released", S::kQuarantined, E::kRelease, S::kPending},
        Step{"quarantine_holds", S::kQuarantined, E::kOffer, S::kQuarantined}),
    [](const auto& named) { return named.param.case_name; });

TEST(TransitionTable, EveryCancelLeavesASettledState) {
    for (std::uint32_t state = 1; state <= kRolloutStateLast; ++state) {
        EXPECT_TRUE(is_settled(next_state(static_cast<RolloutState>(state), E::kCancel)));
    }
}

// Fit -----------------------------------------------------------------------------------------

struct FitCase {
    const char* case_name;
    Reason reason;
    std::uint32_t detail;
    void (*change)(Capability&, TaskState&);
};

ArtifactRecord encoding(std::uint8_t name, std::uint32_t size_bytes, std::uint32_t block_bytes,
                        std::uint32_t profile = 1, std::optional<base::Digest> base = {}) {
    return {.digest = digest_of(name),
            .size_bytes = size_bytes,
            .block_bytes = block_bytes,
            .base_digest = base,
            .decoder_profile = profile,
            .decoder_ram_bytes = 1000 + 2000 * profile};
}

class Fits : public ::testing::TestWithParam<FitCase> {};

TEST_P(Fits, FindsTheReasonBeforeAByteTravels) {
    ReleaseRecord release{.model = model_name("net"), .release = 2, .counter = 2, .task = 1};
    release.variants.push_back(
        {signed_manifest(manifest_content("net", 2, 2)),
         {encoding(1, 5000, 128), encoding(2, 4900, 512), encoding(3, 4800, 4096)}});
    auto can = capability();
    TaskState reported{.task = 1};
    GetParam().change(can, reported);
    const auto fit = fit_release(release, {can, &reported});
    if (GetParam().reason == Reason::kNone) {
        ASSERT_TRUE(std::holds_alternative<Fit>(fit));
        EXPECT_EQ(std::get<Fit>(fit).artifact->block_bytes, GetParam().detail);
    } else {
        ASSERT_TRUE(std::holds_alternative<Misfit>(fit));
        EXPECT_EQ(std::get<Misfit>(fit), (Misfit{GetParam().reason, GetParam().detail}));
    }
}

INSTANTIATE_TEST_SUITE_P(
    Reasons, Fits,
    ::testing::Values(
        FitCase{"fits_with_largest_blocks_it_takes", Reason::kNone, 512,
                [](Capability&, TaskState&) {}},
        FitCase{"small_blocks", Reason::kNone, 128,
                [](Capability& can, TaskState&) { can.block_bytes = 128; }},
        FitCase{"other_class", Reason::kUnfitRuntime, 0,
                [](Capability& can, TaskState&) {
                    can.device_class = *base::ClassName::parse("tiny");
                }},
        FitCase{"other_abi", Reason::kUnfitRuntime, 1,
                [](Capability& can, TaskState&) { can.runtime_abi = 2; }},
        FitCase{"operator_missing", Reason::kUnfitOps, 9 * 256 + 2,
                [](Capability& can, TaskState&) { can.operators.pop_back(); }},
        FitCase{"operator_too_old", Reason::kUnfitOps, 9 * 256 + 2,
                [](Capability& can, TaskState&) { can.operators.back() = 9 * 256 + 1; }},
        FitCase{"arena", Reason::kUnfitArena, 10'000,
                [](Capability& can, TaskState&) { can.arena_bytes = 9999; }},
        FitCase{"input_size", Reason::kUnfitIo, 784,
                [](Capability&, TaskState& reported) {
                    reported.input_bytes = 783;
                    reported.output_classes = 10;
                }},
        FitCase{"class_count", Reason::kUnfitIo, 784,
                [](Capability&, TaskState& reported) {
                    reported.input_bytes = 784;
                    reported.output_classes = 9;
                }},
        FitCase{"slot", Reason::kNoSpace, 8000,
                [](Capability& can, TaskState&) { can.slot_bytes = 7999; }},
        FitCase{"staging", Reason::kNoSpace, 4900,
                [](Capability& can, TaskState&) { can.staging_bytes = 4899; }},
        FitCase{"decoder_ram", Reason::kUnfitRuntime, 3000,
                [](Capability& can, TaskState&) { can.decoder_ram_bytes = 2999; }},
        FitCase{"decoder_profile", Reason::kUnfitRuntime, 3000,
                [](Capability& can, TaskState&) { can.decoder_profiles = 1; }},
        FitCase{"downgrade", Reason::kDowngrade, 3,
                [](Capability&, TaskState& reported) { reported.burned_counter = 3; }},
        FitCase{"model_in_other_slot_needs_no_staging", Reason::kNone, 512,
                [](Capability& can, TaskState& reported) {
                    can.staging_bytes = 0;
                    reported.other_digest = digest_of(2);
                }}),
    [](const auto& named) { return named.param.case_name; });

// Which encoding -------------------------------------------------------------------------------

class Encodings : public ::testing::Test {
protected:
    Encodings() {
        release.variants.push_back(
            {signed_manifest(manifest_content("net", 2, 2)),
             {encoding(10, 5000, 512, 0), encoding(11, 4500, 512, 1), encoding(12, 4400, 512, 2),
              encoding(21, 300, 512, 1, digest_of(77)), encoding(20, 400, 512, 0, digest_of(77))}});
    }
    base::Digest chosen(bool without_deltas = false) {
        const auto fit = fit_release(release, {can, &reported, without_deltas});
        return std::holds_alternative<Fit>(fit) ? std::get<Fit>(fit).artifact->digest
                                                : base::Digest{};
    }
    ReleaseRecord release{.model = model_name("net"), .release = 2, .counter = 2, .task = 1};
    Capability can = capability();
    TaskState reported{.task = 1};
};

TEST_F(Encodings, TheSmallestOneTheDeviceCanDecode) {
    can.decoder_ram_bytes = 8000;
    can.decoder_profiles = 0b111;
    EXPECT_EQ(chosen(), digest_of(12));
    can.decoder_profiles = 0b011;
    EXPECT_EQ(chosen(), digest_of(11));
    can.decoder_profiles = 0b111;
    can.decoder_ram_bytes = 2000;
    EXPECT_EQ(chosen(), digest_of(10));
}

TEST_F(Encodings, ADeltaForWhoRunsItsBase) {
    can.decoder_profiles = 0b011;
    reported.model_digest = digest_of(77);
    EXPECT_EQ(chosen(), digest_of(21));
    can.decoder_profiles = 0b001;
    EXPECT_EQ(chosen(), digest_of(20));
    EXPECT_EQ(chosen(true), digest_of(10)) << "told to do without";
    reported.model_digest = digest_of(78);
    EXPECT_EQ(chosen(), digest_of(10));
    reported.model_digest.reset();
    reported.other_digest = digest_of(77);
    EXPECT_EQ(chosen(), digest_of(10)) << "the other slot is the one written";
    reported.model_digest = digest_of(78);
    reported.phase = UpdatePhase::kProbation;
    EXPECT_EQ(chosen(), digest_of(20)) << "but a candidate steps back for what was confirmed";
}

TEST_F(Encodings, ForOneSlotADeltaThatReadsNoFartherBackThanItKeeps) {
    can.decoder_profiles = 0b011;
    reported.model_digest = digest_of(77);
    release.variants[0].artifacts[3].base_lag_bytes = 5000;
    release.variants[0].artifacts[4].base_lag_bytes = 4096;
    EXPECT_EQ(chosen(), digest_of(21)) << "two slots: the base stays whole";
    can.slots = 0;
    EXPECT_EQ(chosen(), digest_of(21)) << "built when all had two";
    can.slots = 1;
    can.reach_bytes = 5000;
    EXPECT_EQ(chosen(), digest_of(21));
    can.reach_bytes = 4999;
    EXPECT_EQ(chosen(), digest_of(20));
    can.reach_bytes = 4095;
    EXPECT_EQ(chosen(), digest_of(11)) << "in full";
}

TEST_F(Encodings, WhoLostItsModelGetsBackTheReleaseWhoseCounterItBurned) {
    const auto counter = release.variants[0].manifest->content().counter;
    can.decoder_profiles = 0b011;
    reported.burned_counter = counter;
    reported.release = 0;
    reported.model_digest.reset();
    reported.other_digest.reset();
    EXPECT_EQ(chosen(), digest_of(11)) << "in full";
    const auto is_refused = [&] {
        const auto fit = fit_release(release, {can, &reported});
        const auto* misfit = std::get_if<Misfit>(&fit);
        return misfit != nullptr && misfit->reason == Reason::kDowngrade;
    };
    reported.burned_counter = counter + 1;
    EXPECT_TRUE(is_refused()) << "never below what it burned";
    reported.burned_counter = counter;
    reported.other_digest = digest_of(77);
    EXPECT_FALSE(is_refused()) << "a candidate that had to step back lies in the slot";
    can.slots = 1;
    reported.release = counter + 1;
    reported.model_digest = digest_of(77);
    reported.other_digest.reset();
    EXPECT_FALSE(is_refused()) << "it runs another on trial";
    reported.phase = UpdatePhase::kReverted;
    EXPECT_FALSE(is_refused()) << "or was told to give that up";
    reported.release = counter;
    EXPECT_TRUE(is_refused()) << "another variant of what it runs and burned";
}

TEST_F(Encodings, WhoFellBackToItsOtherSlotIsNotOfferedWhatItRefuses) {
    can.decoder_profiles = 0b011;
    reported.burned_counter = release.variants[0].manifest->content().counter;
    reported.release = reported.burned_counter - 1;
    reported.model_digest = digest_of(77);
    reported.phase = UpdatePhase::kReverted;
    const auto fit = fit_release(release, {can, &reported});
    ASSERT_TRUE(std::holds_alternative<Misfit>(fit));
    EXPECT_EQ(std::get<Misfit>(fit).reason, Reason::kDowngrade);
}

TEST_F(Encodings, NoDeltaBuildsOnWhatRunsUnconfirmedInAnOnlySlot) {
    can.decoder_profiles = 0b011;
    reported.model_digest = digest_of(77);
    reported.release = 1;
    reported.phase = UpdatePhase::kTransfer;
    EXPECT_EQ(chosen(), digest_of(21)) << "two slots";
    can.slots = 1;
    can.reach_bytes = 5000;
    EXPECT_EQ(chosen(), digest_of(11)) << "burned counter 0: it was given up, and runs on";
    reported.burned_counter = 1;
    EXPECT_EQ(chosen(), digest_of(21));
}

TEST_F(Encodings, OneSlotIsGivenUpOnlyIfTheWholeModelCouldFollow) {
    can.decoder_profiles = 0b011;
    reported.model_digest = digest_of(77);
    can.staging_bytes = 4000;
    EXPECT_EQ(chosen(), digest_of(21)) << "two slots: the delta is all that travels";
    can.slots = 1;
    const auto fit = fit_release(release, {can, &reported});
    ASSERT_TRUE(std::holds_alternative<Misfit>(fit));
    EXPECT_EQ(std::get<Misfit>(fit), (Misfit{Reason::kNoSpace, 4500}));
    can.staging_bytes = 4500;
    EXPECT_EQ(chosen(), digest_of(21));
}

TEST_F(Encodings, NoneThatCanBeDecodedNamesTheLeastMemory) {
    can.decoder_ram_bytes = 900;
    can.decoder_profiles = 0b111;
    const auto fit = fit_release(release, {can, &reported});
    ASSERT_TRUE(std::holds_alternative<Misfit>(fit));
    EXPECT_EQ(std::get<Misfit>(fit), (Misfit{Reason::kUnfitRuntime, 1000}));
}

}  // namespace
}  // namespace frugal::core
