// SPDX-License-Identifier: Apache-2.0
// Which of several variants a device gets, why not the others, and that it keeps what it runs.
#include "core/rollout/fit.hpp"
#include "unit/core/site_world.hpp"

namespace frugal::core {
namespace {

struct Built {
    std::uint8_t model = 0;  ///< digest of the model
    std::uint32_t accuracy_permyriad = 0;
    std::uint32_t arena_bytes = 10'000;
    std::uint32_t size_bytes = 5000;  ///< of its encoding
    const char* device_class = "m4";
    std::uint32_t state_bytes = 0;
    std::uint32_t work = 0;
};

VariantRecord variant(const Built& built, std::uint32_t counter = 2) {
    auto content = manifest_content("net", counter, counter, built.device_class);
    content.model_digest = digest_of(built.model);
    content.accuracy_permyriad = built.accuracy_permyriad;
    content.arena_bytes = built.arena_bytes;
    content.state_bytes = built.state_bytes;
    content.multiply_accumulates = built.work;
    return {signed_manifest(content),
            {{.digest = digest_of(static_cast<std::uint8_t>(built.model + 100)),
              .size_bytes = built.size_bytes,
              .block_bytes = 512,
              .decoder_profile = 1,
              .decoder_ram_bytes = 3000}}};
}

class Variants : public ::testing::Test {
protected:
    void build(std::initializer_list<Built> variants) {
        for (const auto& one : variants) {
            release.variants.push_back(variant(one));
        }
    }
    FitSubject subject() const {
        return {.capability = can, .reported = &reported, .energy = energy};
    }
    /// The model chosen; 0 if none fits.
    std::uint32_t chosen() {
        const auto fit = fit_release(release, subject());
        const auto* fits = std::get_if<Fit>(&fit);
        return fits == nullptr ? 0 : fits->variant->manifest->content().model_digest[0];
    }
    Misfit misfit() { return std::get<Misfit>(fit_release(release, subject())); }
    std::string why(std::size_t place) {
        const auto judged = judge_variant(release.variants[place], subject());
        const auto* lack = std::get_if<Shortfall>(&judged);
        return lack == nullptr ? "fits" : describe(*lack);
    }
    ReleaseRecord release{.model = model_name("net"), .release = 2, .counter = 2, .task = 1};
    Capability can = capability();
    TaskState reported{.task = 1};
    EnergyBound energy;
};

TEST_F(Variants, TheMostAccurateThatFitsInAnyOrder) {
    build({{.model = 1, .accuracy_permyriad = 8800, .arena_bytes = 4000},
           {.model = 3, .accuracy_permyriad = 9400, .arena_bytes = 70'000},
           {.model = 2, .accuracy_permyriad = 9100, .arena_bytes = 20'000}});
    EXPECT_EQ(chosen(), 2U);
    can.arena_bytes = 70'000;
    EXPECT_EQ(chosen(), 3U);
    can.arena_bytes = 19'999;
    EXPECT_EQ(chosen(), 1U);
    EXPECT_EQ(why(0), "fits");
    EXPECT_EQ(why(1), "needs 70000 bytes of arena, the device has 19999");
    EXPECT_EQ(why(2), "needs 20000 bytes of arena, the device has 19999");
    can.arena_bytes = 3999;
    EXPECT_EQ(chosen(), 0U);
    EXPECT_EQ(misfit(), (Misfit{Reason::kUnfitArena, 4000})) << "what came nearest";
}

TEST_F(Variants, EquallyAccurateOnesByClassThenBytesOnTheAirThenArena) {
    build({{.model = 1, .accuracy_permyriad = 9000, .size_bytes = 100, .device_class = "any"},
           {.model = 2, .accuracy_permyriad = 9000, .size_bytes = 5000},
           {.model = 3, .accuracy_permyriad = 9000, .arena_bytes = 9000, .size_bytes = 4000},
           {.model = 4, .accuracy_permyriad = 9000, .arena_bytes = 8000, .size_bytes = 4000}});
    EXPECT_EQ(chosen(), 4U);
    can.slot_bytes = 7999;
    EXPECT_EQ(misfit(), (Misfit{Reason::kNoSpace, 8000}));
    can.slot_bytes = 8000;
    reported.other_digest = digest_of(2);
    EXPECT_EQ(chosen(), 2U) << "nothing travels for what a slot holds";
    can.device_class = *base::ClassName::parse("tiny");
    EXPECT_EQ(chosen(), 1U);
}

TEST_F(Variants, AStreamingModelNeedsTheTasksStateMemory) {
    build({{.model = 1, .accuracy_permyriad = 9000},
           {.model = 2, .accuracy_permyriad = 9500, .state_bytes = 2880}});
    EXPECT_EQ(chosen(), 1U);
    EXPECT_EQ(why(1), "keeps 2880 bytes of state, the task has 0");
    reported.state_bytes = 2880;
    EXPECT_EQ(chosen(), 2U);
}

TEST_F(Variants, AnEnergyBoundIsHeldAgainstAnEstimate) {
    build({{.model = 1, .accuracy_permyriad = 9000, .work = 500'000},
           {.model = 2, .accuracy_permyriad = 9500, .work = 2'660'000}});
    const std::vector<EnergyBudget> budgets = {
        {.task = 1, .device_class = *base::ClassName::parse("m4"), .budget_uj = 1000}};
    energy = energy_bound(budgets, 1, can.device_class);
    EXPECT_EQ(chosen(), 1U);
    EXPECT_EQ(why(1), "is estimated at 1550 uJ an inference, the bound is 1000 uJ");
    energy = energy_bound(budgets, 2, can.device_class);
    EXPECT_EQ(chosen(), 2U) << "another task's bound";
    energy = {{0, 684}, 100};
    EXPECT_EQ(misfit(), (Misfit{Reason::kUnfitEnergy, 342}));
    reported.release = 2;
    reported.model_digest = digest_of(2);
    EXPECT_EQ(chosen(), 2U) << "no bound takes away what runs";
}

TEST(EnergyBudgets, TheClosestLineHolds) {
    const auto m4 = *base::ClassName::parse("m4");
    const auto any = *base::ClassName::parse("any");
    const std::vector<EnergyBudget> budgets = {
        {.device_class = any, .budget_uj = 1},
        {.task = 1, .device_class = any, .budget_uj = 2},
        {.device_class = m4, .budget_uj = 3, .picojoules_per_operation = 500},
        {.task = 1, .device_class = m4, .budget_uj = 4}};
    EXPECT_EQ(energy_bound(budgets, 1, m4).budget_uj, 4U);
    EXPECT_EQ(energy_bound(budgets, 1, m4).cost.picojoules_per_operation, 560U);
    EXPECT_EQ(energy_bound(budgets, 2, m4).budget_uj, 3U);
    EXPECT_EQ(energy_bound(budgets, 2, m4).cost.picojoules_per_operation, 500U);
    EXPECT_EQ(energy_bound(budgets, 2, m4).cost.base_nj, 0U) << "the owner's constant says it all";
    const auto unknown = *base::ClassName::parse("z80");
    EXPECT_EQ(energy_bound(budgets, 1, unknown).budget_uj, 2U);
    EXPECT_EQ(energy_bound(budgets, 7, unknown).budget_uj, 1U);
    EXPECT_EQ(energy_bound({}, 1, unknown).cost.picojoules_per_operation, 0U);
    EXPECT_FALSE(energy_bound({}, 1, unknown).budget_uj);
    EXPECT_EQ(estimated_energy_uj(2'660'000, {60'000, 560}), 1550U);
    EXPECT_EQ(estimated_energy_uj(1, {0, 1}), 1U) << "rounded up";
    EXPECT_EQ(estimated_energy_uj(0, {60'000, 560}), 0U) << "work nobody stated";
}

TEST_F(Variants, ADeviceKeepsTheVariantItRuns) {
    build({{.model = 1, .accuracy_permyriad = 9000},
           {.model = 2, .accuracy_permyriad = 9500, .arena_bytes = 70'000}});
    EXPECT_EQ(chosen(), 1U);
    reported.release = 2;
    reported.model_digest = digest_of(1);
    can.arena_bytes = 80'000;
    EXPECT_EQ(chosen(), 1U) << "in probation, with new firmware";
    reported.burned_counter = 2;
    EXPECT_EQ(chosen(), 1U) << "confirmed: the device would refuse another with this counter";
    EXPECT_EQ(why(1), "has counter 2, the device has burned 2");
    reported = {.task = 1, .release = 1, .model_digest = digest_of(9), .burned_counter = 1};
    EXPECT_EQ(chosen(), 2U) << "before it runs any";
}

TEST_F(Variants, APermitPrefersWhatASlotStillHolds) {
    build({{.model = 1, .accuracy_permyriad = 9000}, {.model = 2, .accuracy_permyriad = 9500}});
    reported.other_digest = digest_of(1);
    EXPECT_EQ(chosen(), 2U);
    release.restores = ReleaseNumber{};
    EXPECT_EQ(chosen(), 1U);
}

TEST_F(Variants, WhoStepsBackFromATrialGetsTheVariantItHasConfirmed) {
    build({{.model = 1, .accuracy_permyriad = 9000}, {.model = 2, .accuracy_permyriad = 9500}});
    reported = {.task = 1,
                .release = 3,
                .model_digest = digest_of(9),
                .phase = UpdatePhase::kProbation,
                .burned_counter = 2,
                .other_digest = digest_of(1)};
    EXPECT_EQ(chosen(), 1U) << "it would refuse the other";
}

// The desk ------------------------------------------------------------------------------------

class VariantsAtASite : public ::testing::Test {
protected:
    VariantsAtASite() {
        for (const auto* device : {"large", "small"}) {
            world.enrol(device);
        }
        world.say("large", hello("large"));
        auto small = hello("small");
        small.capability.arena_bytes = 9999;
        world.say("small", small);
    }
    base::Result<AdminReply> import(std::initializer_list<Built> variants) {
        ImportRelease command{
            .model = model_name("net"), .release = 1, .counter = 1, .task = 1, .variants = {}};
        for (const auto& one : variants) {
            command.variants.push_back(variant(one, 1));
            command.blobs.push_back({command.variants.back().artifacts[0].digest,
                                     BlobKind::kArtifact,
                                     std::make_shared<const base::Bytes>(5000)});
        }
        return world.ask(std::move(command));
    }
    base::Digest offered(const char* device) {
        const auto desired = world.sent<Desired>(device);
        return desired.empty() || desired.back().tasks.empty()
                   ? base::Digest{}
                   : desired.back().tasks[0].manifest->content().model_digest;
    }
    SiteWorld world;
};

TEST_F(VariantsAtASite, EachDeviceIsOfferedTheMostAccurateThatFitsIt) {
    ASSERT_TRUE(import({{.model = 1, .accuracy_permyriad = 9000, .arena_bytes = 5000},
                        {.model = 2, .accuracy_permyriad = 9500}}));
    world.get<RolloutStarted>(StartRollout{model_name("net"), 1, {}});
    world.advance(std::chrono::seconds(1));
    EXPECT_EQ(offered("large"), digest_of(2));
    EXPECT_EQ(offered("small"), digest_of(1));
    const auto view = world.get<DeviceView>(GetDevice{device_id("small")});
    world.say("small", Report{.task = 1,
                              .desired_version = view.desired_version,
                              .release = 1,
                              .phase = UpdatePhase::kConfirmed,
                              .attempt = 1});
    const auto reported = world.get<DeviceView>(GetDevice{device_id("small")}).reported;
    EXPECT_EQ(reported.at(0).model_digest, digest_of(1)) << "the next delta builds on it";
}

TEST_F(VariantsAtASite, SeveralForAClassMustStateTheirAccuracyAndDiffer) {
    EXPECT_FALSE(import({{.model = 1}, {.model = 2, .accuracy_permyriad = 9500}}));
    EXPECT_FALSE(import(
        {{.model = 1, .accuracy_permyriad = 9000}, {.model = 1, .accuracy_permyriad = 9000}}));
    EXPECT_TRUE(import({{.model = 1}, {.model = 2, .device_class = "tiny"}}));
}

TEST_F(VariantsAtASite, ARolloutThatFitsNobodyIsTurnedAwayWithTheReasons) {
    ASSERT_TRUE(import({{.model = 1, .accuracy_permyriad = 9000, .arena_bytes = 90'000},
                        {.model = 2, .accuracy_permyriad = 9500, .arena_bytes = 99'000}}));
    const auto refused = world.ask(StartRollout{model_name("net"), 1, {}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::kConflict);
    EXPECT_EQ(refused.error().cause,
              "m4 (2): variant 0 of 8000 bytes needs 90000 bytes of arena, the device has 65536, "
              "variant 1 of 8000 bytes needs 99000 bytes of arena, the device has 65536");
    EXPECT_NE(refused.error().remedy.find("model fit net@1"), std::string::npos);
}

TEST_F(VariantsAtASite, AReportSaysWhatEachDeviceWouldGet) {
    ASSERT_TRUE(import({{.model = 1, .accuracy_permyriad = 9000, .arena_bytes = 5000},
                        {.model = 2, .accuracy_permyriad = 9500, .size_bytes = 4000}}));
    world.enrol("unheard");
    const auto report = world.get<FitReport>(GetFit{model_name("net"), 1, {}, 100});
    EXPECT_EQ(report.known, 2U);
    EXPECT_EQ(report.unknown, 1U);
    EXPECT_EQ(report.fitting, 2U);
    ASSERT_EQ(report.devices.size(), 2U);
    EXPECT_EQ(report.devices[0].device.text(), "large");
    EXPECT_EQ(report.devices[0].chosen, 1U);
    EXPECT_EQ(report.devices[0].verdicts[1].bytes_on_air, 4000U);
    EXPECT_EQ(report.devices[1].chosen, 0U);
    EXPECT_EQ(report.devices[1].verdicts[1].lacks, "arena");
    EXPECT_EQ(report.devices[1].verdicts[1].needed, 10'000U);
    EXPECT_EQ(report.devices[1].verdicts[1].available, 9999U);
    ASSERT_EQ(report.classes.size(), 2U) << "one class, two answers";
    EXPECT_EQ(report.classes[0].devices, 1U);
    const auto page = world.get<FitReport>(GetFit{model_name("net"), 1, device_id("large"), 1});
    EXPECT_EQ(page.devices.at(0).device.text(), "small");
    EXPECT_FALSE(page.has_more);
    EXPECT_FALSE(world.ask(GetFit{model_name("net"), 9, {}, 100}));
}

}  // namespace
}  // namespace frugal::core
