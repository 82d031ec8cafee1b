// SPDX-License-Identifier: Apache-2.0
// Deltas that come after the import: which are missing, that they are added whole or not at all,
// and that a transfer under way goes on with what it has.
#include <map>

#include "unit/core/rollout_site.hpp"

namespace frugal::core {
namespace {

ArtifactRecord delta(std::uint8_t name, std::uint8_t base, std::uint32_t size_bytes = 300) {
    return {.digest = digest_of(name),
            .size_bytes = size_bytes,
            .block_bytes = 512,
            .list_digest = digest_of(1),
            .base_digest = digest_of(base),
            .decoder_profile = 1,
            .decoder_ram_bytes = 3000};
}

AddEncodings adding(std::uint32_t release, std::vector<ArtifactRecord> artifacts) {
    AddEncodings command{.model = model_name("net"), .release = release};
    for (const auto& artifact : artifacts) {
        command.blobs.push_back(
            {.digest = artifact.digest, .bytes = std::make_shared<const base::Bytes>(300)});
    }
    const auto model = static_cast<std::uint8_t>(50 + release);
    command.variants.push_back({0, digest_of(model), std::move(artifacts)});
    return command;
}

/// Releases 1 and 2 (models 51, 52) are there before any device runs anything; "a" runs 51.
class LateEncodings : public RolloutSite {
protected:
    LateEncodings() {
        world.import(2, 2, 52);
        run("a", 1, 51);
    }
    void run(const char* device, std::uint32_t counter, std::uint8_t model,
             std::optional<ResumePoint> resume = {}) {
        auto said = hello(device);
        said.tasks[0].release = counter;
        said.tasks[0].burned_counter = counter;
        said.tasks[0].model_digest = digest_of(model);
        said.tasks[0].phase = UpdatePhase::kConfirmed;
        said.resume = resume;
        world.say(device, said);
    }
    std::vector<MissingDelta> missing(std::optional<std::vector<base::DeviceId>> devices = {}) {
        return world.get<EncodingPlan>(PlanEncodings{model_name("net"), 2, std::move(devices)})
            .missing;
    }
    std::vector<ArtifactRecord> artifacts(std::uint32_t release) {
        return world.get<ModelList>(ListModels{}).releases[release - 1]->variants[0].artifacts;
    }
    std::optional<base::Digest> offered(const char* device) {
        const auto desired = world.sent<Desired>(device);
        return desired.empty() ? std::nullopt
                               : std::optional(desired.back().tasks.at(0).artifact->digest);
    }
    bool is_sent_blocks_of(std::uint8_t artifact) {
        world.take();
        world.say("a", Fetch{digest_of(artifact), 0, 1, 64});
        world.advance(std::chrono::milliseconds(100));
        const auto blocks = world.performed<SendBlocks>();
        return blocks.size() == 1 && blocks[0]->artifact == digest_of(artifact);
    }
};

TEST_F(LateEncodings, WhatDevicesRunByNowIsMissingUntilItIsAdded) {
    const auto wanted = missing();
    ASSERT_EQ(wanted.size(), 1U);
    EXPECT_EQ(wanted[0].variant, 0U);
    EXPECT_EQ(wanted[0].base, digest_of(51));
    EXPECT_EQ(wanted[0].devices, 1U);
    EXPECT_TRUE(missing({{device_id("b")}}).empty()) << "b runs nothing";
    EXPECT_EQ(missing({{device_id("a"), device_id("b")}}).size(), 1U);
    world.get<Done>(adding(2, {delta(60, 51)}));
    EXPECT_TRUE(missing().empty());
    const auto fit = world.get<FitReport>(GetFit{model_name("net"), 2, {}, 100});
    EXPECT_EQ(fit.devices.at(0).verdicts[0].bytes_on_air, 300U);
    EXPECT_EQ(fit.devices.at(1).verdicts[0].bytes_on_air, 5000U);
    EXPECT_FALSE(world.ask(PlanEncodings{model_name("net"), 9}));
}

TEST_F(LateEncodings, NoBaseButWhatWasReleasedHereAndAFittingDeviceRuns) {
    run("a", 1, 99);
    EXPECT_TRUE(missing().empty()) << "never released";
    run("a", 2, 52);
    EXPECT_TRUE(missing().empty()) << "runs it already";
    run("a", 1, 51);
    auto small = hello("a");
    small.tasks[0].model_digest = digest_of(51);
    small.capability.arena_bytes = 9999;
    world.say("a", small);
    EXPECT_TRUE(missing().empty()) << "it does not fit";
    small.capability.arena_bytes = 65'536;
    small.capability.staging_bytes = 4999;
    world.say("a", small);
    EXPECT_EQ(missing().size(), 1U) << "only a delta makes it fit";
}

TEST_F(LateEncodings, AreWrittenWithTheirBytesInOneTransactionAndOnce) {
    world.committed.clear();
    world.get<Done>(adding(2, {delta(60, 51), delta(61, 51)}));
    ASSERT_EQ(world.committed.size(), 1U);
    const auto added = world.written<ArtifactAdded>();
    ASSERT_EQ(added.size(), 2U);
    EXPECT_EQ(added[1].position, 2U);
    EXPECT_EQ(added[1].artifact, delta(61, 51));
    EXPECT_EQ(world.written<BlobRecord>().size(), 2U);
    ASSERT_EQ(world.written<AuditRecord>().size(), 1U);
    EXPECT_EQ(world.written<AuditRecord>()[0].action, "release.encode");
    world.committed.clear();
    world.get<Done>(adding(2, {delta(61, 51)}));
    EXPECT_TRUE(world.written<ArtifactAdded>().empty()) << "somebody else was faster";
    EXPECT_EQ(artifacts(2).size(), 3U);
}

TEST_F(LateEncodings, AllOrNone) {
    auto without_bytes = adding(2, {delta(60, 51), delta(61, 51)});
    without_bytes.blobs.pop_back();
    auto no_variant = adding(2, {delta(60, 51)});
    no_variant.variants.push_back({1, digest_of(52), {}});
    auto other_model = adding(2, {delta(60, 51)});
    other_model.variants[0].model_digest = digest_of(53);
    auto no_size = adding(2, {delta(60, 51, 0)});
    auto unknown = adding(9, {delta(60, 51)});
    for (auto* command : {&without_bytes, &no_variant, &other_model, &no_size, &unknown}) {
        EXPECT_FALSE(world.ask(*command));
    }
    EXPECT_EQ(artifacts(2).size(), 1U);
}

TEST_F(LateEncodings, AVariantHasDeltasAgainstSoManyModels) {
    std::vector<ArtifactRecord> many;
    for (std::uint8_t i = 0; i < kDeltaBasesMax; ++i) {
        many.push_back(
            delta(static_cast<std::uint8_t>(150 + i), static_cast<std::uint8_t>(200 + i)));
    }
    world.get<Done>(adding(2, many));
    EXPECT_TRUE(missing().empty()) << "no place for another";
    const auto refused = world.ask(adding(2, {delta(60, 51)}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::kLimit);
}

TEST_F(LateEncodings, TheLimitHoldsForAVariantThatIsNamedTwice) {
    std::vector<ArtifactRecord> many;
    for (std::uint8_t i = 0; i < kDeltaBasesMax; ++i) {
        many.push_back(
            delta(static_cast<std::uint8_t>(150 + i), static_cast<std::uint8_t>(200 + i)));
    }
    auto command = adding(2, many);
    auto more = adding(2, {delta(60, 51)});
    command.variants.push_back(more.variants[0]);
    command.blobs.push_back(more.blobs[0]);
    EXPECT_FALSE(world.ask(command));
    command.variants[1].artifacts = {many[0]};
    world.get<Done>(command);
    EXPECT_EQ(artifacts(2).size(), 1 + kDeltaBasesMax) << "the same once more is left out";
}

TEST_F(LateEncodings, EveryClassHasPlacesOfItsOwnAmongTheBasesOfAnImport) {
    for (std::uint32_t release = 3; release <= 5; ++release) {
        world.import(release, release, static_cast<std::uint8_t>(50 + release));
    }
    for (const auto* name : {"m7", "tiny"}) {
        for (std::uint8_t model = 51; model <= 55; ++model) {
            for (int copy = 0; copy <= model - 51; ++copy) {
                const auto device =
                    std::string(name) + "-" + std::to_string(model) + "-" + std::to_string(copy);
                world.enrol(device);
                auto said = hello(device);
                said.capability = capability(name);
                said.tasks[0].model_digest = digest_of(model);
                world.say(device, said);
            }
        }
    }
    const auto bases = world.get<ReleasePlan>(PlanRelease{model_name("net"), 1}).bases;
    std::map<std::string, std::vector<base::Digest>> of_class;
    for (const auto& base : bases) {
        of_class[base.device_class.text()].push_back(base.model_digest);
    }
    const std::vector<base::Digest> commonest = {digest_of(55), digest_of(54), digest_of(53),
                                                 digest_of(52)};
    EXPECT_EQ(of_class["tiny"], commonest);
    EXPECT_EQ(of_class["m7"], commonest);
}

TEST_F(LateEncodings, ATransferUnderWayGoesOnAndANewRolloutOffersTheDelta) {
    start(2);
    EXPECT_EQ(offered("a"), digest_of(102)) << "in full: there is nothing else";
    report("a", UpdatePhase::kTransfer, Reason::kNone, 2);
    world.get<Done>(adding(2, {delta(60, 51)}));
    EXPECT_TRUE(is_sent_blocks_of(102)) << "asked for before it could know better";
    world.advance(std::chrono::minutes(10));
    EXPECT_EQ(offered("a"), digest_of(102)) << "reminded of the same";
    run("a", 1, 51, ResumePoint{digest_of(102), 3});
    EXPECT_EQ(offered("a"), digest_of(102)) << "after a restart with half of it";
    world.take();
    start(2);
    EXPECT_EQ(offered("a"), digest_of(60));
    EXPECT_TRUE(is_sent_blocks_of(60));
}

TEST_F(LateEncodings, AWishForAnotherTaskLeavesATransferAsItIs) {
    auto said = hello("a");
    said.tasks[0] = {.task = 1,
                     .release = 1,
                     .model_digest = digest_of(51),
                     .phase = UpdatePhase::kConfirmed,
                     .burned_counter = 1};
    said.tasks.push_back({.task = 2, .phase = UpdatePhase::kIdle});
    world.say("a", said);
    start(2);
    report("a", UpdatePhase::kTransfer, Reason::kNone, 2);
    ASSERT_TRUE(is_sent_blocks_of(102));
    world.get<Done>(adding(2, {delta(60, 51)}));
    world.import(3, 3, 53, 2);
    world.get<RolloutStarted>(StartRollout{model_name("net"), 3, {}});
    world.advance(std::chrono::seconds(1));
    ASSERT_EQ(world.sent<Desired>("a").back().tasks.size(), 2U);
    EXPECT_EQ(offered("a"), digest_of(102));
}

}  // namespace
}  // namespace frugal::core
